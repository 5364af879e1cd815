"""What is remembered of tokens: for a moment, so many of them, and not over a change."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.identity.recent import Holder, Recent

NOW = datetime(2026, 5, 3, tzinfo=UTC)
HOLDER = Holder((), "member", None, NOW + timedelta(hours=1))


class Seconds:
    time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def recent(seconds) -> Recent:
    return Recent(seconds=1, most=2, clock=seconds)


def test_a_holder_is_remembered_for_a_moment(recent, seconds):
    recent.keep("token", HOLDER, recent.state)

    seconds.time = 0.4
    assert HOLDER is recent.find("token", NOW)
    seconds.time = 1.0
    assert recent.find("token", NOW) is None


def test_one_asks_anew_before_the_moment_is_over(recent, seconds):
    recent.keep("token", HOLDER, recent.state)

    seconds.time = 0.6
    assert [None, HOLDER, HOLDER] == [recent.find("token", NOW) for _ in range(3)]
    seconds.time = 1.0
    assert recent.find("token", NOW) is None


def test_the_moment_begins_before_the_database_was_asked(recent, seconds):
    state = recent.state
    seconds.time = 0.9
    recent.keep("token", HOLDER, state)

    seconds.time = 1.0
    assert recent.find("token", NOW) is None


def test_what_is_not_so_any_more_is_dropped(recent, seconds):
    recent.keep("token", HOLDER, recent.state)
    seconds.time = 0.6
    assert recent.find("token", NOW) is None

    recent.drop("token")
    assert recent.find("token", NOW) is None


def test_a_token_that_has_ended_is_not_remembered(recent):
    recent.keep("token", HOLDER, recent.state)

    assert recent.find("token", NOW + timedelta(hours=1)) is None


def test_what_was_asked_before_a_change_is_not_kept_after_it(recent):
    state = recent.state
    recent.forget()
    recent.keep("token", HOLDER, state)

    assert recent.find("token", NOW) is None


def test_only_so_many_are_remembered_and_no_token_itself(recent):
    for token in ("first", "second", "third"):
        recent.keep(token, HOLDER, recent.state)

    assert [None, HOLDER, HOLDER] == [recent.find(token, NOW) for token in ("first", "second", "third")]
    assert "third" not in repr(vars(recent))
