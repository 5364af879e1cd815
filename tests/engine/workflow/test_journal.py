"""The journal: only who holds the lease writes, everything recorded is read again, and an end is the end."""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from tortoise.exceptions import DBConnectionError, IntegrityError

from engine.data.statements import Update
from engine.data.unit import unit_of_work
from engine.system.models import Execution, Job, Status
from engine.workflow.events import Pending
from engine.workflow.jobs import Entry
from engine.workflow.journal import Journal, LostLease, Unreadable
from engine.workflow.processor import Recorded
from tests.databases import MakeDatabase
from tests.engine.workflow.started import defined, journal_over, load, note, row_of, start
from tests.statements import listen, told

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def journal(make_database: MakeDatabase) -> AsyncIterator[Journal]:
    async with journal_over(await make_database("schema.sample.models")) as journal:
        yield journal


def entry(key, **recorded):
    return Entry(Recorded(key, key, **{"status": Status.SUCCEEDED, **recorded}), {"shown": key}, NOW)


async def lose(run):
    """As if another process had taken it over."""
    await Execution.filter(id=run.execution).update(lease="theirs")


async def test_what_was_recorded_is_read_again(journal):
    run = await start(journal, defined(journal, note("a"), note("b")))
    run.messages.append("Hello.")
    written = [entry("a", result={"id": 7}, branch="then"), entry("b", status=Status.ERROR, stops=True, error="no")]
    await journal.write(run, written)
    again = await load(journal, run.execution, run.lease)

    assert [each.recorded for each in written] == list(again.recorded.values())
    assert ["Hello."] == again.messages
    assert (run.definition, run.context) == (again.definition, again.context)


async def test_who_lost_the_lease_writes_nothing(journal):
    run = await start(journal, defined(journal, note("a")))
    await lose(run)

    with pytest.raises(LostLease):
        await journal.write(run, [entry("a")])
    with pytest.raises(LostLease):
        await journal.finish(run, Status.SUCCEEDED, None, [entry("a")])
    with pytest.raises(LostLease):
        await load(journal, run.execution, run.lease)
    await journal.give_up(run.execution, run.lease, "no")
    row = await row_of(run)

    assert 0 == await Job.all().count()
    assert ("theirs", Status.RUNNING, None) == (row.lease, row.status, row.error)


async def test_an_end_is_recorded_with_the_last_nodes(journal):
    run = await start(journal, defined(journal, note("a")))
    run.messages.append("Done.")
    await journal.finish(run, Status.FAILED, "Node 'a': no", [entry("a")])
    row = await row_of(run)

    assert (Status.FAILED, "Node 'a': no", ["Done."]) == (row.status, row.error, row.messages)
    assert (None, None) == (row.lease, row.leased_until)
    assert row.started_at <= row.finished_at
    assert 1 == await Job.filter(execution_id=run.execution).count()


@pytest.mark.parametrize(
    ("status", "nodes", "options", "alone"),
    [
        (Status.SUCCEEDED, [], {}, True),
        (Status.SUCCEEDED, ["a"], {}, False),
        (Status.SUCCEEDED, [], {"ordering": "per_record"}, False),
        (Status.FAILED, [], {}, False),
    ],
    ids=["nothing goes with it", "a node run does", "it lets the next one go", "workflows may follow it"],
)
async def test_an_end_is_one_statement_if_nothing_goes_with_it(journal, status, nodes, options, alone):
    run = await start(journal, defined(journal, *map(note, nodes), options=options))
    entries = [entry(key) for key in nodes]
    said: list[str] = []
    await listen(said.append)
    async with journal.unit_of_end(run, status, entries):
        await journal.finish(run, status, None, entries)
    await told()

    assert alone == (len(said) == 1), said


@pytest.mark.parametrize("before", [True, False], ids=["did not arrive", "was not answered"])
async def test_an_end_alone_that_has_come_through_is_one(journal, monkeypatch, before):
    """Whoever breaks off in between: the row tells."""
    run = await start(journal, defined(journal))
    say = Update.say

    async def breaking(*args, **where):
        if not before:
            await say(*args, **where)
        raise DBConnectionError("gone")

    monkeypatch.setattr(Update, "say", breaking)
    with pytest.raises(DBConnectionError) if before else nullcontext():
        async with journal.unit_of_end(run, Status.SUCCEEDED, []):
            await journal.finish(run, Status.SUCCEEDED, None, [])

    assert (Status.RUNNING if before else Status.SUCCEEDED) == (await row_of(run)).status


@pytest.mark.parametrize("status", [status for status in Status if status.terminal])
async def test_a_terminal_status_never_changes(journal, status):
    run = await start(journal, defined(journal))
    await journal.finish(run, status, None, [])

    for other in (Status.SUCCEEDED, Status.ERROR):
        with pytest.raises(LostLease):
            await journal.finish(run, other, "again", [])
    await journal.give_up(run.execution, run.lease, "again")

    assert (status, None) == ((row := await row_of(run)).status, row.error)


async def test_a_node_is_recorded_once(journal):
    """The database holds it, whatever anybody believes about leases."""
    run = await start(journal, defined(journal, note("a")))
    await journal.write(run, [entry("a")])

    with pytest.raises(IntegrityError):
        await journal.write(run, [entry("a")])
    assert 1 == await Job.all().count()


async def test_an_event_starts_a_workflow_once(journal):
    definition = defined(journal)
    await start(journal, definition, once="event:1::7")

    with pytest.raises(IntegrityError):
        await start(journal, definition, once="event:1::7")
    assert 1 == await Execution.all().count()


async def test_writing_extends_the_lease(journal):
    run = await start(journal, defined(journal, note("a")))
    await Execution.filter(id=run.execution).update(leased_until=NOW)
    await journal.write(run, [entry("a")])

    assert datetime.now(UTC) < (await row_of(run)).leased_until


async def test_an_execution_keeps_the_document_it_was_started_with(journal):
    """A write may have read a version just before it was changed, which is allowed until it has run."""
    before = await start(journal, defined(journal, note("a")), once="before")
    after = await start(journal, defined(journal, note("b")), once="after")

    for run, key in ((before, "a"), (after, "b")):
        assert [key] == [step.key for step in (await load(journal, run.execution, run.lease)).definition.steps]


async def test_a_document_that_fits_the_models_no_more_is_told(journal):
    run = await start(journal, defined(journal, note("a")))
    document = {**(await row_of(run)).document, "config": {"collection": "gone"}}
    await Execution.filter(id=run.execution).update(document=document)

    with pytest.raises(Unreadable, match="gone"):
        await load(journal, run.execution, run.lease)


async def test_what_a_unit_undoes_was_not_recorded(journal):
    run = await start(journal, defined(journal, note("a")))

    async def write_and_fail():
        async with unit_of_work():
            await journal.write(run, [entry("a")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    assert 0 == await Job.all().count()


# --- one after the other


async def in_order(journal, *records):
    """Executions of a workflow whose order counts, of these records in turn; none is leased."""
    definition = defined(journal, note("a"), options={"ordering": "per_record"})
    rows = []
    for number, record in enumerate(records):
        pending = Pending(definition, str(number), {}, "posts", record, None, None, None, None)
        async with unit_of_work():
            await journal.line_up([pending])
            rows.append((await journal.insert(pending, None)).id)
    return rows


async def statuses(*executions):
    rows = {row.id: row.status for row in await Execution.filter(id__in=executions)}
    return [rows[execution] for execution in executions]


async def taken(journal, execution):
    await Execution.filter(id=execution).update(status=Status.RUNNING, lease="mine")
    return await load(journal, execution, "mine")


async def test_those_of_one_record_wait_for_each_other(journal):
    """And for those of no other."""
    rows = await in_order(journal, "1", "1", "2", "1")

    assert [Status.QUEUED, Status.WAITING, Status.QUEUED, Status.WAITING] == await statuses(*rows)


async def finish(journal, execution):
    run = await taken(journal, execution)
    async with unit_of_work():
        await journal.finish(run, Status.ERROR, "no", [])


async def give_up(journal, execution):
    await taken(journal, execution)
    await journal.give_up(execution, "mine", "no")


async def cancel(journal, execution):
    await journal.cancel(execution, "no")


@pytest.mark.parametrize("end", [finish, give_up, cancel])
async def test_the_next_goes_when_one_has_ended_however_that_was(journal, end):
    first, second, third = await in_order(journal, "1", "1", "1")
    await end(journal, first)

    assert [Status.QUEUED, Status.WAITING] == await statuses(second, third)


async def test_one_that_rests_keeps_its_place(journal):
    first, second = await in_order(journal, "1", "1")
    await journal.suspend(await taken(journal, first), NOW, [])

    assert [Status.WAITING, Status.WAITING] == await statuses(first, second)


async def test_one_that_is_cancelled_while_it_waits_for_its_turn_lets_nobody_pass(journal):
    first, second, third = await in_order(journal, "1", "1", "1")
    await journal.cancel(second, "no")

    assert [Status.QUEUED, Status.CANCELLED, Status.WAITING] == await statuses(first, second, third)


@pytest.mark.parametrize("recorded", [True, False])
async def test_what_was_cancelled_writes_no_more(journal, recorded):
    run = await start(journal, defined(journal, note("a")))
    await journal.cancel(run.execution, "Cancelled by root.")

    with pytest.raises(LostLease):
        await (journal.write(run, [entry("a")]) if recorded else journal.finish(run, Status.SUCCEEDED, None, []))
    assert (Status.CANCELLED, "Cancelled by root.") == ((row := await row_of(run)).status, row.error)
    assert 0 == await Job.all().count()


async def test_a_rest_neither_counts_as_a_crash_nor_forgets_those_that_were(journal):
    """Three are too many, however often it has rested between them."""
    run = await start(journal, defined(journal, note("a")))
    await Execution.filter(id=run.execution).update(attempt=3)
    await journal.suspend(run, NOW, [])

    assert 2 == (await row_of(run)).attempt
