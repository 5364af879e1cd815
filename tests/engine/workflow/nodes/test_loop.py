"""The node `loop` goes through its branch for each item of a list, so many times, or while something holds."""

from dataclasses import replace

import pytest

from engine.workflow.nodes.base import Done, Enter, Failed, Left
from engine.workflow.nodes.loop import Loop

DO = ("do",)
LIST = {"list": ["{{$context.data.title}}", 2]}
FOUND = {"list": "{{$jobs.find}}"}


def entered(number, item=None):
    return Enter("do", {"index": number, "item": item}, round=number)


@pytest.mark.parametrize(
    ("config", "outcome"),
    [
        (LIST, entered(0, "Hello")),
        ({"list": []}, Done({"rounds": 0})),
        ({"count": 2}, entered(0)),
        ({"count": 0}, Done({"rounds": 0})),
        ({"count": "{{$context.data.id}}"}, entered(0)),
        ({"while": "context.data.id == 7"}, entered(0)),
        ({"while": "has(jobs.inner) && jobs.inner.more"}, Done({"rounds": 0})),
    ],
)
async def test_the_first_round_begins_where_there_is_one(bench, config, outcome):
    assert outcome == await bench.run(Loop, config, DO)


@pytest.mark.parametrize(
    ("config", "left", "outcome"),
    [
        (LIST, Left(None, 0), entered(1, 2)),
        (LIST, Left(None, 1), Done({"rounds": 2})),
        (LIST, Left(None, 0, broken=True), Done({"rounds": 1})),
        ({"count": 3}, Left(None, 1), entered(2)),
        ({"count": 3}, Left(None, 2), Done({"rounds": 3})),
        ({"while": "context.data.id == 7"}, Left(None, 4), entered(5)),
        ({"while": "context.data.id == 8"}, Left(None, 4), Done({"rounds": 5})),
    ],
)
async def test_a_round_follows_on_the_other(bench, config, left, outcome):
    assert outcome == await bench.resume(Loop, config, left, DO)


async def test_a_list_that_a_node_has_found_is_gone_through(bench):
    bench = replace(bench, found=[{"id": 1}, {"id": 2}])

    assert entered(1, {"id": 2}) == await bench.resume(Loop, FOUND, Left(None, 0), DO)


@pytest.mark.parametrize(
    ("config", "found", "told"),
    [
        (FOUND, None, "not a list"),
        (FOUND, {"id": 1}, "not a list"),
        ({**FOUND, "limit": 2}, [1, 2, 3], "It would take 3 rounds, the limit is 2."),
        (FOUND, [0] * 1001, "It would take 1001 rounds, the limit is 1000."),
        ({"count": "{{$jobs.find}}"}, "3", "not an integer"),
        ({"count": "{{$jobs.find}}"}, True, "not an integer"),
        ({"count": "{{$jobs.find}}"}, -1, "not an integer"),
        ({"while": "jobs.find.more"}, {}, "no member 'more'"),
    ],
)
async def test_what_cannot_be_gone_through_is_a_failure(bench, config, found, told):
    """Before the first round."""
    outcome = await replace(bench, found=found).run(Loop, config, DO)

    assert isinstance(outcome, Failed)
    assert told in outcome.error


async def test_a_while_that_does_not_end_is_ended(bench):
    assert entered(1) == await bench.resume(Loop, {"while": "true", "limit": 2}, Left(None, 0), DO)
    assert isinstance(await bench.resume(Loop, {"while": "true", "limit": 2}, Left(None, 1), DO), Failed)


@pytest.mark.parametrize(
    ("config", "branches", "place"),
    [
        ({"count": 1}, (), ""),
        ({}, DO, ""),
        ({"count": 1, "list": [1]}, DO, ""),
        ({"count": 1.5}, DO, "count"),
        ({"count": -1}, DO, "count"),
        ({"count": 1001}, DO, "count"),
        ({"count": 5, "limit": 4}, DO, "count"),
        ({"count": 1, "limit": 10_001}, DO, "limit"),
        ({"list": "text"}, DO, "list"),
        ({"list": {"a": 1}}, DO, "list"),
        ({"list": "{{$jobs.fnd}}"}, DO, "list"),
        ({"list": "{{$jobs.inner}}"}, DO, "list"),
        ({"list": [1, 2], "limit": 1}, DO, "list"),
        ({"while": "1 +"}, DO, "while"),
        ({"while": "jobs.other.more"}, DO, "while"),
        ({"count": 1, "times": 2}, DO, "times"),
    ],
)
def test_a_config_is_checked_when_it_is_saved(bench, config, branches, place):
    """A list or number is known before the first round, so it cannot come from inside."""
    assert {place} == bench.told(Loop, config, branches).keys()


@pytest.mark.parametrize(
    ("config", "shown"),
    [
        (FOUND, {"list": "{{$jobs.find}}", "limit": 1000}),
        ({"count": "{{$context.data.id}}"}, {"count": 7, "limit": 1000}),
        ({"while": "true", "limit": 5}, {"while": "true", "limit": 5}),
    ],
)
def test_the_history_shows_what_it_goes_by(bench, config, shown):
    """A list only by where it comes from: it may be long."""
    assert shown == bench.input(Loop, config, DO)
