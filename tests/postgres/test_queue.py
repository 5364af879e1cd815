"""What only the queue on PostgreSQL has: tables of PgQueuer's, and a bell that all processes hear."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from engine.data.unit import connection, outside_unit, unit_of_work
from engine.database import close_database, open_database
from engine.queue.adapters import make_queue, make_queue_tables
from engine.queue.base import Queue, Room
from engine.system.models import Execution, Status
from tests.databases import MakeDatabase
from tests.until import until

MODELS = "schema.sample.models"
HEARING = "WHERE datname = current_database() AND query ILIKE 'LISTEN%bangpath_queue%'"
LEASE = timedelta(seconds=10)


@pytest.fixture
async def queues(make_database: MakeDatabase) -> AsyncIterator[tuple[Queue, Queue]]:
    """As two processes have them, which hear each other."""
    await open_database(await make_database(MODELS), [MODELS])
    both = make_queue(LEASE), make_queue(LEASE)
    for queue in both:
        queue.start()
    await until(lambda: listeners(2))
    yield both
    for queue in both:
        await queue.stop()
    await close_database()


async def ask(statement, *values):
    return await connection().execute_query_dict(statement, list(values))


async def listeners(count):
    """Whether so many connections listen and have said nothing since."""
    return count == (await ask(f"SELECT count(*) FROM pg_stat_activity {HEARING}"))[0]["count"]


async def put(queue, *named):
    known = {"key": "k", "workflow_id": 1, "version": 1, "document": {}, "sync": False, "status": Status.QUEUED}
    async with unit_of_work():
        await Execution.bulk_create([Execution(once=once, **known) for once in named or ("a",)])
        keys = await Execution.filter(once__in=named or ("a",)).order_by("id").values_list("id", flat=True)
        await queue.put(keys)
    return keys[0]


async def entries():
    return (await ask("SELECT count(*) FROM bangpath_queue"))[0]["count"]


async def test_who_waits_in_another_process_is_woken(queues):
    here, there = queues
    waiting = asyncio.create_task(there.wait(60))
    await asyncio.sleep(0)
    await put(here)
    async with asyncio.timeout(10):
        await waiting

    assert 1 == len(await there.take(Room(1)))


async def test_a_connection_that_was_lost_is_opened_again(queues):
    here, there = queues
    await ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {HEARING}")
    await until(lambda: listeners(2))
    # That the connection had been lost is told as well: somebody may have put something meanwhile.
    await there.wait(10)
    waiting = asyncio.create_task(there.wait(60))
    await asyncio.sleep(0)
    await put(here)
    async with asyncio.timeout(10):
        await waiting

    assert 1 == len(await there.take(Room(1)))


async def test_the_entry_ends_with_the_claim(queues):
    here, _ = queues
    await put(here)
    before = await entries()
    await here.take(Room(1))

    assert (1, 0) == (before, await entries())


async def test_no_log_of_it_is_kept(queues):
    here, _ = queues
    await put(here)
    await here.take(Room(1))

    assert [{"count": 0}] == await ask("SELECT count(*) FROM bangpath_queue_log")


async def test_what_rests_has_no_entry(queues):
    here, _ = queues
    key = await put(here)
    await here.take(Room(1))
    await here.put([key], datetime.now(UTC) + timedelta(days=1))

    assert 0 == await entries()


async def test_the_write_notifies_nobody_in_its_own_transaction(queues):
    [row] = await ask(
        "SELECT tgenabled FROM pg_trigger WHERE tgrelid = 'bangpath_queue'::regclass AND NOT tgisinternal"
    )

    assert b"D" == row["tgenabled"]


@pytest.mark.parametrize("made_by", ["NULL", "'pgqueuer 1.0.0'"], ids=["interrupted", "older"])
async def test_tables_are_brought_to_the_version_that_is_installed(queues, made_by):
    here, _ = queues
    key = await put(here)
    await connection().execute_script(
        f"COMMENT ON TABLE bangpath_queue IS {made_by}; DROP INDEX bangpath_queue_ep_prio_id_idx;"
        "ALTER TABLE bangpath_queue ENABLE TRIGGER bangpath_queue_changed;"
    )
    await make_queue_tables()
    [row] = await ask(
        "SELECT to_regclass('bangpath_queue_ep_prio_id_idx') AS index, tgenabled FROM pg_trigger"
        " WHERE tgname = 'bangpath_queue_changed'"
    )

    assert (True, b"D") == (row["index"] is not None, row["tgenabled"])
    assert [key] == [claim.execution for claim in await here.take(Room(1))]


async def read():
    """How many rows have been read of the tables that a claim goes to, by those who have said so."""
    await ask("SELECT pg_stat_force_next_flush()")
    rows = await ask(
        "SELECT sum(seq_tup_read + idx_tup_fetch)::bigint AS rows FROM pg_stat_user_tables"
        " WHERE relname IN ('executions', 'bangpath_queue')"
    )
    return rows[0]["rows"]


async def test_a_claim_reads_no_more_of_a_sudden_backlog_than_it_takes(queues):
    here, _ = queues
    for number in range(20):
        await put(here, f"one {number}")
        assert 1 == len(await here.take(Room(1))), "with the plans that are kept"
    await put(here, *(f"many {number}" for number in range(1000)))
    before = await read()
    for _ in range(20):
        assert 1 == len(await here.take(Room(1)))

    # The sweep goes through a thousand in a second.
    assert 10_000 > await read() - before


async def test_what_was_given_back_comes_before_what_waits(queues):
    """However much was put since."""
    here, _ = queues
    taken = await put(here, "taken")
    claims = await here.take(Room(1))
    await put(here, *(f"waits {number}" for number in range(3)))
    await here.give_back(claims)

    assert [taken] == [claim.execution for claim in await here.take(Room(1))]


async def test_what_is_given_back_is_waited_for_where_somebody_looks_at_it(queues):
    """Passed over, it would keep an attempt that it has not had."""
    here, _ = queues
    key = await put(here, "a")
    claims = await here.take(Room(1))
    async with asyncio.TaskGroup() as tasks, unit_of_work():
        await Execution.filter(id=key).select_for_update()
        giving = tasks.create_task(here.give_back(claims), context=outside_unit())
        await asyncio.wait([giving], timeout=0.1)
        waited = not giving.done()

    row = await Execution.get(id=key)
    assert waited
    assert (Status.QUEUED, 0) == (row.status, row.attempt)


async def test_what_a_dead_process_had_comes_before_what_waits(queues):
    """However much was put since."""
    here, _ = queues
    taken = await put(here, "taken")
    await here.take(Room(1))
    await put(here, *(f"waits {number}" for number in range(3)))
    await Execution.filter(id=taken).update(leased_until=datetime.now(UTC) - LEASE)
    here._sweep_at = 0.0

    assert [taken] == [claim.execution for claim in await here.take(Room(1))]
