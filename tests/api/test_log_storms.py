"""Storms of lines that are alike are kept out of the log, and counted (attack J12)."""

import logging

import pytest

from api.log_storms import Calm


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def written(clock):
    """Logs through a filter that lets 3 alike and 5 of all pass; answers what is written."""
    calm = Calm(3, 5, clock)

    def written(message, *args, name="bangpath.api", **extra):
        record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, None)
        record.__dict__.update(extra)
        return record.getMessage() if calm.filter(record) else None

    return written


def test_lines_of_one_place_are_alike_whatever_they_name(written):
    told = [written("request %s failed", number) for number in range(5)]

    assert ["request 0 failed", "request 1 failed", "request 2 failed", None, None] == told


def test_other_lines_are_written_all_the_same(written):
    for _ in range(4):
        written("alike")

    assert "other (1 lines like others were left out)" == written("other")


def test_all_of_a_minute_are_bounded_too(written):
    told = [written("line", storm=f"192.0.2.{number}") for number in range(7)]

    assert 5 == len([line for line in told if line])


def test_after_a_minute_it_begins_anew_and_tells_what_was_left_out(written, clock):
    for _ in range(5):
        written("alike")
    clock.now += 60

    assert "alike (2 lines like others were left out)" == written("alike")
    assert "alike" == written("alike")


def test_what_must_not_be_left_out_is_not(written):
    assert ["done"] * 10 == [written("done", storm=None) for _ in range(10)]


def test_one_line_a_request_is_what_an_access_log_is(written):
    assert ["GET"] * 10 == [written("GET", name="uvicorn.access") for _ in range(10)]
