"""The PostgreSQL client: which connection is whose, what an error inside a transaction leaves, and who is told what."""

import asyncio
import contextvars
from typing import Any

import asyncpg
import pytest
from tortoise.exceptions import DBConnectionError, IntegrityError, TransactionManagementError

from engine.data.availability import ping, refusal_of
from engine.data.postgres_transaction import Transaction
from engine.data.unit import connection, unit_of_work
from engine.errors import Code
from schema.sample.models import Category, Note, Post

pytestmark = pytest.mark.usefixtures("opened")


END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def texts() -> Any:
    return await Note.all().order_by("id").values_list("text", flat=True)


async def hold(until: asyncio.Event, begun: asyncio.Semaphore) -> None:
    """A unit that keeps its connection."""
    async with unit_of_work():
        await Note.create(text="held")
        begun.release()
        await until.wait()


async def holding(count: int) -> tuple[asyncio.Event, "list[asyncio.Task[None]]"]:
    """So many units that are open until the event."""
    until, begun = asyncio.Event(), asyncio.Semaphore(0)
    tasks = [asyncio.create_task(hold(until, begun), context=contextvars.Context()) for _ in range(count)]
    for _ in tasks:
        await begun.acquire()
    return until, tasks


async def duplicate() -> None:
    await Note.create(id=1, text="first")
    await Note.create(id=1, text="second")


async def test_who_finds_no_connection_in_time_is_told_to_come_again() -> None:
    until, tasks = await holding(2)
    with pytest.raises(DBConnectionError, match=r"within 0\.5 seconds") as raised:
        await texts()
    until.set()
    await asyncio.gather(*tasks)

    refusal = refusal_of(raised.value)
    assert refusal is not None
    assert Code.UNAVAILABLE is refusal.code
    assert {"retryAfter": 1} == refusal.complaints[0].details
    assert ["held", "held"] == await texts()


async def test_a_task_cancelled_in_its_unit_gives_the_connection_back() -> None:
    for _ in range(3):
        _, tasks = await holding(2)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    assert [] == await texts()


async def test_a_unit_whose_server_goes_is_undone_and_the_next_has_a_new_connection(
    neighbour: asyncpg.Connection,
) -> None:

    async def lose() -> None:
        async with unit_of_work():
            await Note.create(text="lost")
            await neighbour.execute(END)
            await Note.create(text="lost too")

    with pytest.raises(DBConnectionError) as raised:
        await lose()
    async with unit_of_work():
        await Note.create(text="kept")

    assert refusal_of(raised.value) is not None
    assert ["kept"] == await texts()


async def broken_commit(monkeypatch: pytest.MonkeyPatch, neighbour: asyncpg.Connection, *, before: bool) -> None:
    """A unit whose connection breaks while it is committed: before the server has done so, or after."""
    say = Transaction._say

    async def breaking(self: Transaction, statement: str) -> str:
        if statement == "COMMIT" and not before:
            await say(self, statement)
        if statement == "COMMIT":
            await neighbour.execute(END)
            raise DBConnectionError("gone")
        return await say(self, statement)

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "_say", breaking)
        async with unit_of_work():
            await Note.create(text="decided")


async def test_a_commit_whose_answer_was_lost_is_a_success(
    monkeypatch: pytest.MonkeyPatch, neighbour: asyncpg.Connection
) -> None:
    """It is asked on another connection what became of it."""
    await broken_commit(monkeypatch, neighbour, before=False)

    assert ["decided"] == await texts()


async def test_commits_whose_answers_were_all_lost_are_successes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though every connection of the pool was needed for one of them, and it takes another to ask."""
    say, committed = Transaction._say, asyncio.Barrier(2)

    async def breaking(self: Transaction, statement: str) -> str:
        answer = await say(self, statement)
        if statement == "COMMIT":
            await committed.wait()
            self._connection.terminate()
            raise DBConnectionError("gone")
        return answer

    async def write() -> None:
        async with unit_of_work():
            await Note.create(text="decided")

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "_say", breaking)
        await asyncio.gather(*(asyncio.create_task(write(), context=contextvars.Context()) for _ in range(2)))

    assert ["decided", "decided"] == await texts()


async def test_a_commit_that_never_arrived_is_none(
    monkeypatch: pytest.MonkeyPatch, neighbour: asyncpg.Connection
) -> None:
    with pytest.raises(DBConnectionError):
        await broken_commit(monkeypatch, neighbour, before=True)

    assert [] == await texts()


async def test_an_idle_connection_that_has_gone_is_replaced(neighbour: asyncpg.Connection) -> None:
    await ping()
    await neighbour.execute(END)
    for _ in range(2):  # at most the first finds out by itself
        try:
            await ping()
        except DBConnectionError:
            continue

    await ping()


async def test_who_outlives_its_unit_writes_into_no_other() -> None:
    """A task that was started inside, as nobody should, has the connection that others are lent by then."""
    over = asyncio.Event()

    async def write_late() -> None:
        await over.wait()
        await Note.create(text="late")

    async with unit_of_work():
        await Note.create(text="kept")
        task = asyncio.create_task(write_late())
    until, tasks = await holding(2)
    over.set()
    with pytest.raises(TransactionManagementError, match="has ended"):
        await task
    until.set()
    await asyncio.gather(*tasks)

    assert ["kept", "held", "held"] == await texts()


async def test_who_outlives_its_unit_undoes_nothing_in_another() -> None:
    """Savepoints of all units have the same names."""
    begun, over = asyncio.Event(), asyncio.Event()

    async def fail_late() -> None:
        async with unit_of_work():
            await Note.create(text="kept")
            begun.set()
            await over.wait()
            raise ZeroDivisionError

    async with unit_of_work():
        task = asyncio.create_task(fail_late())
        await begun.wait()
    until, tasks = await holding(2)
    over.set()
    with pytest.raises(ZeroDivisionError):
        await task
    until.set()
    await asyncio.gather(*tasks)

    assert ["kept", "held", "held"] == await texts()


async def test_an_error_caught_in_a_unit_of_its_own_undoes_that_alone() -> None:
    async with unit_of_work():
        await Note.create(text="before")
        with pytest.raises(IntegrityError):
            async with unit_of_work():
                await duplicate()
        async with unit_of_work():
            await Note.create(text="behind")

    assert ["before", "behind"] == await texts()


async def test_an_error_caught_too_far_out_is_no_success() -> None:
    """PostgreSQL answers the COMMIT that follows with ROLLBACK, and no error."""

    async def swallow() -> None:
        async with unit_of_work():
            await Note.create(text="before")
            with pytest.raises(IntegrityError):
                await duplicate()

    with pytest.raises(TransactionManagementError, match="undone everything"):
        await swallow()

    assert [] == await texts()


async def test_units_inside_units_keep_their_own_parts() -> None:

    async def fail() -> None:
        async with unit_of_work():
            async with unit_of_work():
                await Note.create(text="inner")
            await duplicate()

    async with unit_of_work():
        with pytest.raises(IntegrityError):
            await fail()
        async with unit_of_work(), unit_of_work():
            await Note.create(text="kept")

    assert ["kept"] == await texts()


async def test_two_who_wait_for_each_other_are_told_to_try_again() -> None:
    first, second = await Note.create(text="a"), await Note.create(text="b")
    held = asyncio.Barrier(2)

    async def change(one: Note, other: Note) -> None:
        async with unit_of_work():
            await Note.filter(id=one.id).update(text="x")
            await held.wait()
            await Note.filter(id=other.id).update(text="x")

    done = await asyncio.gather(change(first, second), change(second, first), return_exceptions=True)

    [deadlock] = [error for error in done if error]
    assert isinstance(deadlock, BaseException)
    refusal = refusal_of(deadlock)
    assert refusal is not None
    assert Code.UNAVAILABLE is refusal.code


@pytest.mark.parametrize("statement", ["SELECT nothing", "SELECT 1/0", "SELECT $1::int"])
async def test_a_wrong_statement_is_ours(statement: str) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - of several types, none of which means absence
        await connection().execute_query(statement, ["no number"] if "$1" in statement else None)

    assert refusal_of(raised.value) is None


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [("Straße", "STRASSE"), ("ÉCOLE", "école"), ("Ωmega", "ωMEGA"), ("Привет", "ПРИВЕТ"), ("plain", "PLAIN")],
)
async def test_case_is_ignored_by_unicode_whatever_the_locale(stored: str, wanted: str) -> None:
    """In the locale C, PostgreSQL's own UPPER knows ASCII alone."""
    note = await Note.create(text=stored)
    await connection().execute_script('ALTER TABLE notes ALTER COLUMN text TYPE text COLLATE "C"')

    assert [note] == await Note.filter(text__icontains=wanted)
    assert [note] == await Note.filter(text__iexact=wanted)
    assert [] == await Note.filter(text__istartswith="%").filter(text__iendswith="_")


async def test_a_reader_is_not_held_up_by_a_writer() -> None:
    category = await Category.create(title="one")
    post = await Post.create(title="one", category=category)
    async with unit_of_work():
        await Post.filter(id=post.id).update(title="two")
        task = asyncio.create_task(_title(post.id), context=contextvars.Context())
        async with asyncio.timeout(5):
            assert "one" == await task


async def _title(key: int) -> str:
    return (await Post.get(id=key)).title
