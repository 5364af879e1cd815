"""The runner: a node's effect and the record of it are one, and a broken node ends its own execution only."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from tortoise.exceptions import OperationalError

from engine.data.records import Records
from engine.system.models import Execution, Job, Status
from engine.workflow.caps import MAX_BYTES
from engine.workflow.definition import Retry, Step
from engine.workflow.journal import Journal, LostLease
from engine.workflow.nodes import NODES_BY_KIND
from engine.workflow.nodes.base import Done, Effect, Failed, Node
from engine.workflow.processor import Turn
from engine.workflow.runner import UNSAVED, Runner, pause_after, runs_inside
from schema.sample.models import Note
from tests.databases import MakeDatabase
from tests.engine.workflow.started import defined, journal_over, load, note, row_of, start

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


async def fail_for_now(_):
    return Failed("not now", transient=True)


async def locked(_):
    raise OperationalError("cannot write") from sqlite_locked()


def sqlite_locked():
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


async def crash(_):
    raise ZeroDivisionError("a secret detail")


@pytest.fixture
async def journal(make_database: MakeDatabase) -> AsyncIterator[Journal]:
    async with journal_over(await make_database("schema.sample.models")) as journal:
        yield journal


class Dying:
    """A process that dies before it has written its note of this number."""

    def __init__(self, number) -> None:
        self.left = number

    def __call__(self):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1


def runner(journal, then=succeed):
    return Runner({**nodes_over(journal), "create": Writing(then)}, journal, unfollowed)


def runner_of_all(journal, before=lambda: None):
    """With the real `create`."""
    nodes = nodes_over(journal)
    create, run = nodes["create"], nodes["create"].run

    async def begin(config, scope):
        before()
        return await run(config, scope)

    create.run = begin
    return Runner(nodes, journal, unfollowed)


async def unfollowed(run, changes):
    """Nothing follows what nodes write."""


def nodes_over(journal):
    tools = SimpleNamespace(records=Records(journal.collections), caller=None)
    return {kind: node(tools) for kind, node in NODES_BY_KIND.items()}


async def taken_up(journal, run):
    """The run as a process reads it that has taken it up after its rest."""
    await Execution.filter(id=run.execution).update(status=Status.RUNNING, lease="again")
    return await load(journal, run.execution, "again")


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


async def test_the_end_is_recorded_with_the_last_effect(journal):
    """Who dies while it is recorded leaves neither, and the effect is there once when others have carried on."""

    async def die(*_):
        raise KeyboardInterrupt

    run = await start(journal, defined(journal, note("a")))
    carry_on, journal.ended = journal.ended, die
    with pytest.raises(KeyboardInterrupt):
        await runner(journal).run(run)
    assert (0, []) == (await Note.all().count(), await jobs())

    journal.ended = carry_on
    await runner(journal).run(await load(journal, run.execution, run.lease))
    assert (1, [("a", Status.SUCCEEDED)]) == (await Note.all().count(), await jobs())


async def test_a_run_goes_on_behind_what_was_recorded(journal):
    """The first process dies in the second node, its effect with it."""

    async def die(scope):
        if "a" in scope.jobs:
            raise KeyboardInterrupt
        return Done()

    run = await start(journal, defined(journal, {"key": "m", **MESSAGE}, note("a", "1"), note("b", "2")))
    with pytest.raises(KeyboardInterrupt):
        await runner(journal, die).run(run)
    await runner(journal).run(await load(journal, run.execution, run.lease))

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


# --- attempts


@pytest.mark.parametrize("then", [fail_for_now, locked], ids=["the node says so", "the database"])
async def test_what_may_pass_rests_until_it_is_attempted_again(journal, then):
    """Nothing of the attempt is kept but why it failed, and nobody holds the execution meanwhile."""
    run = await start(journal, defined(journal, {"key": "m", **MESSAGE}, note("a")))
    result = await runner(journal, then).run(run)
    row = await row_of(run)

    assert Status.WAITING == result.status == row.status
    assert result.resume_at == row.resume_at
    assert timedelta() < row.resume_at - datetime.now(UTC) < timedelta(seconds=1)
    assert (None, None, 0) == (row.lease, row.leased_until, row.attempt)
    assert [("m", Status.SUCCEEDED), ("a", Status.WAITING)] == await jobs()
    assert 0 == await Note.all().count()


async def test_another_attempt_takes_the_place_of_the_one_before(journal):
    run = await start(journal, defined(journal, note("a"), note("b")))
    await runner(journal, fail_for_now).run(run)
    result = await runner(journal).run(await taken_up(journal, run))
    job = await Job.get(path="a")

    assert Status.SUCCEEDED == result.status
    assert [("a", Status.SUCCEEDED), ("b", Status.SUCCEEDED)] == await jobs()
    assert (2, None, "written") == (job.attempt, job.error, job.result)
    assert 2 == await Note.all().count()


async def test_the_last_attempt_ends_it(journal):
    run = await start(journal, defined(journal, {**note("a"), "retry": {"attempts": 2}}))
    await runner(journal, fail_for_now).run(run)
    result = await runner(journal, fail_for_now).run(await taken_up(journal, run))

    assert (Status.ERROR, "Node 'a': not now") == (result.status, result.error)
    assert 2 == (await Job.get(path="a")).attempt


async def test_an_error_that_stays_is_not_attempted_again(journal):
    run = await start(journal, defined(journal, {**note("a"), "retry": {"attempts": 5}}))

    assert Status.ERROR == (await runner(journal, fail).run(run)).status


async def test_who_is_waited_for_has_one_attempt(journal):
    run = await start(journal, defined(journal, note("a"), sync=True))

    assert Status.ERROR == (await runner(journal, fail_for_now).run(run)).status


@pytest.mark.parametrize(
    ("attempt", "wait", "least", "most"),
    [(1, None, 1, 2), (3, None, 4, 8), (1, 30, 30, 30), (20, None, 1800, 3600), (1, 10**6, 3600, 3600)],
)
def test_pauses_grow_and_hear_what_was_asked_for(attempt, wait, least, most):
    step = Step("a", "any", None, None, Effect.OUTSIDE, retry=Retry(30, 2))
    pauses = [pause_after(Failed("no", transient=True, wait=wait), Turn(step, "a", attempt)) for _ in range(50)]

    assert least <= min(pauses) <= max(pauses) <= most


# --- times


async def hang(_):
    await asyncio.Event().wait()


async def test_a_node_that_takes_too_long_is_undone_and_attempted_again(journal):
    run = await start(journal, defined(journal, {**note("a"), "timeout": 0.05}))
    result = await runner(journal, hang).run(run)

    assert Status.WAITING == result.status
    assert "It took longer than 0.05 s." == (await Job.get(path="a")).error
    assert 0 == await Note.all().count()


async def test_a_run_that_takes_too_long_is_ended_and_what_hangs_undone(journal):
    run = await start(journal, defined(journal, note("a"), note("b"), options={"timeout": 0.3}))
    result = await runner(journal, lambda scope: hang(scope) if "a" in scope.jobs else succeed(scope)).run(run)

    assert (Status.TIMED_OUT, "Node 'b': It took longer than 0.3 s in all.") == (result.status, result.error)
    assert [("a", Status.SUCCEEDED), ("b", Status.TIMED_OUT)] == await jobs()
    assert 1 == await Note.all().count()


async def test_a_run_rests_no_longer_than_it_may_take(journal):
    delay = {"key": "d", "type": "delay", "config": {"seconds": 1000}}
    run = await start(journal, defined(journal, delay, note("a"), options={"timeout": 60}))
    result = await runner(journal).run(run)
    await Execution.all().update(started_at=run.started_at - timedelta(seconds=60))
    ended = await runner(journal).run(await taken_up(journal, run))

    assert run.deadline == result.resume_at
    assert (Status.TIMED_OUT, "It took longer than 60 s in all.") == (ended.status, ended.error)
    assert [("d", Status.TIMED_OUT)] == await jobs()


# --- rests and rounds


async def test_a_delay_goes_on_when_it_is_over(journal):
    run = await start(journal, defined(journal, {"key": "d", "type": "delay", "config": {"seconds": 0.05}}, note("a")))
    rested = await runner(journal).run(run)
    before = await jobs()
    await asyncio.sleep(max(0, (rested.resume_at - datetime.now(UTC)).total_seconds()))
    ended = await runner(journal).run(await taken_up(journal, run))

    assert (Status.WAITING, Status.SUCCEEDED) == (rested.status, ended.status)
    assert [("d", Status.WAITING)] == before
    assert [("d", Status.SUCCEEDED), ("a", Status.SUCCEEDED)] == await jobs()


def loop(*nodes, **config):
    return {"key": "loop", "type": "loop", "config": config, "branches": {"do": list(nodes)}}


async def test_each_round_is_recorded_in_its_place(journal):
    run = await start(journal, defined(journal, loop(note("n", "{{$scopes.loop.item}}"), list=["x", "y"])))
    result = await runner_of_all(journal).run(run)

    assert Status.SUCCEEDED == result.status
    assert ["loop", "loop/0/n", "loop/1/n"] == [path for path, _ in await jobs()]
    assert {"rounds": 2} == (await Job.get(path="loop")).result
    assert ["x", "y"] == await Note.all().order_by("id").values_list("text", flat=True)


@pytest.mark.parametrize("dies_in", [0, 1, 2, 3, 4, 5])
async def test_a_loop_goes_on_in_the_middle_of_a_round(journal, dies_in):
    """Each note is written once, wherever the first process dies."""
    nodes = [note("m", "{{$scopes.loop.index}} m"), note("n", "{{$scopes.loop.index}} n {{$jobs.m.text}}")]
    run = await start(journal, defined(journal, loop(*nodes, count=3), note("behind", "{{$jobs.n.text}}")))
    dying = runner_of_all(journal, Dying(dies_in))
    with pytest.raises(KeyboardInterrupt):
        await dying.run(run)
    written = await Note.all().count()
    await runner_of_all(journal).run(await load(journal, run.execution, run.lease))
    texts = await Note.all().order_by("id").values_list("text", flat=True)

    assert dies_in == written
    assert ["0 m", "0 n 0 m", "1 m", "1 n 1 m", "2 m", "2 n 2 m", "2 n 2 m"] == texts


async def test_what_was_not_run_in_this_round_is_not_known_after_a_crash_either(journal):
    """`first` runs in the first round alone: its result must not be seen in the second, by whoever goes on there."""
    first = {
        "key": "only",
        "type": "condition",
        "config": {"expression": "scopes.loop.index == 0"},
        "branches": {"then": [note("first", "first")]},
    }
    nodes = [first, note("m", "m"), note("seen", "saw {{$jobs.first.text}}")]
    run = await start(journal, defined(journal, loop(*nodes, count=2)))
    with pytest.raises(KeyboardInterrupt):
        await runner_of_all(journal, Dying(4)).run(run)
    await runner_of_all(journal).run(await load(journal, run.execution, run.lease))

    assert ["saw first", "saw "] == await Note.filter(text__startswith="saw").order_by("id").values_list(
        "text", flat=True
    )


async def test_a_loop_that_is_cut_short_is_shown_as_ended(journal):
    fails = {"key": "no", "type": "end", "config": {"status": "failed"}}
    run = await start(journal, defined(journal, loop(note("n"), fails, count=3)))
    result = await runner_of_all(journal).run(run)

    assert Status.FAILED == result.status
    assert [("loop", Status.FAILED), ("loop/0/n", Status.SUCCEEDED), ("loop/0/no", Status.FAILED)] == await jobs()


async def test_loops_that_only_compute_are_recorded_now_and_then(journal):
    """Nothing of it is lost by more than that, and nothing grows without an end."""
    seen = []
    run = await start(journal, defined(journal, loop({"key": "m", **MESSAGE}, count=UNSAVED), note("a")))

    async def look(_):
        seen.append(await Job.all().count())
        return Done()

    await runner(journal, look).run(run)

    assert UNSAVED <= seen[0] < 2 * UNSAVED + 2
    assert UNSAVED + 2 == await Job.all().count()


async def test_what_is_too_large_is_cut_for_later_nodes_too(journal):
    """After a crash they would see no more than that either."""
    seen = []

    async def answer(scope):
        seen.append(scope.jobs.get("a"))
        return Done("x" * (MAX_BYTES + 1))

    run = await start(journal, defined(journal, note("a"), note("b")))
    await runner(journal, answer).run(run)

    assert seen[1]["truncated"]
    assert seen[1] == (await Job.get(path="a")).result
