"""The node `delay` lets the run rest, for so long or until a moment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.workflow.nodes.base import Done, Failed, Left, Waiting
from engine.workflow.nodes.delay import Delay
from tests.engine.workflow.nodes.conftest import NOW

IN_A_MINUTE = {"until": "2026-05-03T10:01:00.000Z"}


# In UTC there is no such date.
BEYOND = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"seconds": 60}, None),
        ({"seconds": 60.0}, None),
        ({"seconds": "{{$jobs.find}}"}, 60),
        ({"until": "2026-05-03T10:01:00Z"}, None),
        ({"until": "2026-05-03T12:01:00+02:00"}, None),
        ({"until": "2026-05-03T10:01:00"}, None),
        ({"until": "{{$jobs.find}}"}, "2026-05-03T10:01:00.000Z"),
    ],
)
async def test_the_run_rests(bench, config, found):
    """A moment without a zone is in UTC."""
    outcome = await replace(bench, found=found).run(Delay, config)

    assert Waiting(NOW + timedelta(minutes=1), IN_A_MINUTE) == outcome


@pytest.mark.parametrize("config", [{"seconds": 0}, {"until": "2020-01-01T00:00:00Z"}, {"until": "2026-05-03"}])
async def test_what_is_past_is_not_waited_for(bench, config):
    assert isinstance(await bench.run(Delay, config), Done)


async def test_the_run_goes_on_at_the_moment_that_was_named_first(bench):
    """Whoever takes it up again: the time that went by meanwhile counts."""
    assert Done(IN_A_MINUTE) == await replace(bench, now=NOW + timedelta(minutes=1)).resume(
        Delay, {"seconds": 60}, Left(IN_A_MINUTE)
    )


async def test_too_early_it_rests_again(bench):
    assert Waiting(NOW + timedelta(minutes=1), IN_A_MINUTE) == await bench.resume(
        Delay, {"seconds": 60}, Left(IN_A_MINUTE)
    )


@pytest.mark.parametrize("name", ["seconds", "until"])
@pytest.mark.parametrize(
    "found",
    [None, True, "soon", -1, 10**9, "3026-05-03T10:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)
async def test_what_is_no_time_is_a_failure(bench, name, found):
    assert isinstance(await replace(bench, found=found).run(Delay, {name: "{{$jobs.find}}"}), Failed)


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({}, ""),
        ({"seconds": 1, "until": "2026-05-03T10:01:00Z"}, ""),
        ({"seconds": "60"}, "seconds"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": True}, "seconds"),
        ({"seconds": 10**9}, "seconds"),
        ({"until": "tomorrow"}, "until"),
        ({"until": 5}, "until"),
        ({"until": "0001-01-01T00:00:00+14:00"}, "until"),
        ({"until": "{{$jobs.fnd}}"}, "until"),
        ({"seconds": 1, "unit": "h"}, "unit"),
    ],
)
def test_a_config_is_checked_when_it_is_saved(bench, config, place):
    assert {place} == bench.told(Delay, config).keys()


@pytest.mark.parametrize("config", [{"seconds": 60}, {"until": "2026-05-03T10:01:00Z"}])
def test_the_history_shows_how_long(bench, config):
    assert config == bench.input(Delay, config)
