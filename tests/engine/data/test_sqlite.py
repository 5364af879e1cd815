"""The SQLite client: who waits for whom, what is left behind by a transaction that fails, and case beyond ASCII."""

import asyncio
import contextvars
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import TransactionManagementError

from engine.data.sqlite import ImmediateTransaction
from engine.data.unit import connection, unit_of_work
from engine.database import close_database, open_database
from schema.sample.models import Note

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[None]:
    """The sample's tables in a file, whatever the other tests run on."""
    await open_database(str(tmp_path / "sample.sqlite3"), ["schema.sample.models"])
    yield
    await close_database()


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another process, as far as SQLite can tell, which never waits for a lock. May be used from any thread."""
    connection = sqlite3.connect(tmp_path / "sample.sqlite3", isolation_level=None, timeout=0, check_same_thread=False)
    with closing(connection):
        yield connection


async def wait_at_most(milliseconds: int) -> None:
    await connection().execute_script(f"PRAGMA busy_timeout={milliseconds}")


async def write(text: str) -> None:
    async with unit_of_work():
        await Note.create(text=text)


async def texts() -> Any:
    return await Note.all().order_by("id").values_list("text", flat=True)


async def test_a_unit_takes_the_write_lock_before_it_reads(neighbour):
    """What it has read cannot change under it, so its write cannot fail half way."""
    async with unit_of_work():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            neighbour.execute("BEGIN IMMEDIATE")


async def test_a_unit_that_finds_the_database_locked_waits_its_turn(neighbour):
    neighbour.execute("BEGIN IMMEDIATE")
    neighbour.execute("INSERT INTO notes (text) VALUES ('theirs')")
    waiting = asyncio.create_task(write("ours"))
    done, _ = await asyncio.wait([waiting], timeout=0.1)

    assert not done

    neighbour.execute("COMMIT")
    await waiting

    assert ["theirs", "ours"] == await texts()


async def test_a_unit_that_waited_in_vain_leaves_the_connection_usable(neighbour):
    """The connection's lock comes back; Tortoise alone would keep it, and everybody after would hang."""
    await wait_at_most(20)
    neighbour.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransactionManagementError, match="locked"):
        await write("too early")
    neighbour.execute("ROLLBACK")
    async with asyncio.timeout(5):
        await write("in time")

    assert ["in time"] == await texts()


async def test_a_task_cancelled_while_it_waits_for_the_lock_leaves_no_transaction_open(neighbour):
    """Its BEGIN goes on in the connection's thread and succeeds after nobody wants it any more."""
    neighbour.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(write("unwanted"))
    await asyncio.wait([waiting], timeout=0.1)
    waiting.cancel()
    await asyncio.wait([waiting], timeout=0.1)
    neighbour.execute("ROLLBACK")
    with pytest.raises(asyncio.CancelledError):
        await waiting
    neighbour.execute("INSERT INTO notes (text) VALUES ('theirs')")

    assert ["theirs"] == await texts()


async def test_a_unit_that_cannot_commit_is_undone_for_good(monkeypatch):
    """The next unit must not commit what was reported as failed."""

    async def fail(transaction: ImmediateTransaction) -> None:
        raise TransactionManagementError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(ImmediateTransaction, "commit", fail)
        with pytest.raises(TransactionManagementError, match="disk full"):
            await write("reported as failed")
    await write("after")

    assert ["after"] == await texts()


async def test_units_of_concurrent_tasks_take_turns():
    await asyncio.gather(*(asyncio.create_task(write(str(n)), context=contextvars.Context()) for n in range(20)))

    assert 20 == len(await texts())


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [("Straße", "STRASSE"), ("ÉCOLE", "école"), ("Ωmega", "ωMEGA"), ("Привет", "ПРИВЕТ"), ("plain", "PLAIN")],
)
async def test_case_is_ignored_beyond_ascii(stored, wanted):
    note = await Note.create(text=stored)

    assert [note] == await Note.filter(text__icontains=wanted)
