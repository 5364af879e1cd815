"""The runner: a node's effect and the record of it are one, and a broken node ends its own execution only."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from engine.data.records import Records
from engine.system.models import Execution, Job, Status
from engine.workflow.journal import Journal, LostLease
from engine.workflow.nodes import NODES_BY_KIND
from engine.workflow.nodes.base import Done, Effect, Failed, Node
from engine.workflow.runner import Runner, runs_inside
from schema.sample.models import Note
from tests.databases import MakeDatabase
from tests.engine.workflow.started import defined, journal_over, note, row_of, start

CONDITION = {"key": "c", "type": "condition", "config": {"expression": "true"}}
MESSAGE = {"type": "response_message", "config": {"message": "Hello."}}


class Writing(Node):
    """In the place of `create`: leaves a note in any case, and then does what the test wants."""

    kind = "create"
    effect = Effect.WRITE

    def __init__(self, then) -> None:
        self.then = then

    @classmethod
    def read(cls, *_):
        raise NotImplementedError

    async def run(self, config, scope):
        await Note.create(text=config.values["text"])
        return await self.then(scope)


async def succeed(_):
    return Done("written")


async def fail(_):
    return Failed("not today")


async def crash(_):
    raise ZeroDivisionError("a secret detail")


@pytest.fixture
async def journal(make_database: MakeDatabase) -> AsyncIterator[Journal]:
    async with journal_over(await make_database("schema.sample.models")) as journal:
        yield journal


def runner(journal, then=succeed):
    tools = SimpleNamespace(records=Records(journal.collections), caller=None)
    return Runner({**{kind: node(tools) for kind, node in NODES_BY_KIND.items()}, "create": Writing(then)}, journal)


async def jobs():
    return [(job.path, job.status) for job in await Job.all().order_by("id")]


async def test_effects_and_their_records_are_there_together(journal):
    run = await start(journal, defined(journal, note("a"), note("b")))
    result = await runner(journal).run(run)

    assert Status.SUCCEEDED == result.status == (await row_of(run)).status
    assert [("a", Status.SUCCEEDED), ("b", Status.SUCCEEDED)] == await jobs()
    assert 2 == await Note.all().count()


@pytest.mark.parametrize(
    ("then", "told"), [(fail, "Node 'a': not today"), (crash, "Node 'a': The node failed in a way nobody foresaw")]
)
async def test_a_node_that_fails_leaves_nothing_but_its_record(journal, then, told):
    run = await start(journal, defined(journal, note("a"), note("b")))
    result = await runner(journal, then).run(run)

    assert Status.ERROR == result.status == (await row_of(run)).status
    assert result.error.startswith(told)
    assert "secret" not in result.error
    assert [("a", Status.ERROR)] == await jobs()
    assert 0 == await Note.all().count()


async def test_an_effect_is_undone_when_the_lease_was_lost_meanwhile(journal):
    async def lose(_):
        await Execution.all().update(lease="theirs")
        return Done()

    run = await start(journal, defined(journal, note("a")))

    with pytest.raises(LostLease):
        await runner(journal, lose).run(run)
    assert 0 == await Note.all().count()
    assert [] == await jobs()


async def test_nodes_that_write_nothing_are_recorded_with_the_next_that_does(journal):
    seen = []

    async def look(_):
        seen.append(await jobs())
        return Done()

    run = await start(journal, defined(journal, {"key": "m", **MESSAGE}, note("a"), {"key": "n", **MESSAGE}))
    await runner(journal, look).run(run)

    assert [[]] == seen
    assert ["m", "a", "n"] == [path for path, _ in await jobs()]
    assert ["Hello.", "Hello."] == (await row_of(run)).messages


async def test_a_run_goes_on_behind_what_was_recorded(journal):
    """The first process dies in the second node, its effect with it."""

    async def die(scope):
        if "a" in scope.jobs:
            raise KeyboardInterrupt
        return Done()

    run = await start(journal, defined(journal, {"key": "m", **MESSAGE}, note("a", "1"), note("b", "2")))
    with pytest.raises(KeyboardInterrupt):
        await runner(journal, die).run(run)
    await runner(journal).run(await journal.load(run.execution, run.lease))

    assert ["1", "2"] == await Note.all().order_by("id").values_list("text", flat=True)
    assert ["m", "a", "b"] == [path for path, _ in await jobs()]
    assert ["Hello."] == (await row_of(run)).messages


@pytest.mark.parametrize(
    ("nodes", "sync", "inside"),
    [
        ([{"key": "m", **MESSAGE}], True, True),
        ([{"key": "m", **MESSAGE}], False, False),
        ([], True, True),
        ([{"key": "m", **MESSAGE}, note("a")], True, False),
        (
            [{"key": "c", "type": "condition", "config": {"expression": "true"}, "branches": {"then": [note("a")]}}],
            True,
            False,
        ),
    ],
    ids=["computes", "async", "nothing", "writes", "writes in a branch"],
)
async def test_only_sync_workflows_that_compute_are_carried_out_before_the_commit(journal, nodes, sync, inside):
    assert inside == runs_inside(defined(journal, *nodes, sync=sync))
