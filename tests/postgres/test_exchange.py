"""The exchange over a server: who hears what, and what becomes of it when a connection is cut."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from engine.data.unit import unit_of_work
from engine.exchange.changes import Changes, Topic, announce
from engine.exchange.exchange import Exchange
from engine.exchange.notifying import EXECUTIONS, Notifying, NotifyingLine
from engine.exchange.telegrams import read
from engine.observe import ExecutionChanged, Stream, about_execution
from engine.system.models import Status
from tests.postgres.test_client import END
from tests.until import until

pytestmark = pytest.mark.usefixtures("opened")

SUCCEEDED = ExecutionChanged(7, "greet", Status.SUCCEEDED)


class Ear:
    """What has come over a line."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.changes = 0

    def changed(self) -> None:
        self.changes += 1

    async def has_heard(self) -> bool:
        return bool(self.texts)

    async def has_noticed(self) -> bool:
        return self.changes > 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[NotifyingLine]:
        async with Notifying().opened(self.changed, self.texts.append) as line:
            yield line


@pytest.fixture
async def exchange() -> AsyncIterator[Callable[[Changes, Stream], None]]:
    """Starts exchanges."""
    started: list[Exchange] = []

    def start(changes: Changes, stream: Stream) -> None:
        started.append(Exchange(changes, stream, Notifying()))
        started[-1].start()

    yield start
    for each in started:
        await each.stop()


async def listeners(neighbour: asyncpg.Connection) -> int:
    """On this database: others have theirs beside it."""
    listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE $1"
    return int(await neighbour.fetchval(listening, "%FROM revisions"))


async def test_what_is_said_is_heard_by_the_others_alone() -> None:
    one, other = Ear(), Ear()
    async with one.listening() as line, other.listening() as back:
        await line.say(["from one", "x" * Notifying.longest])
        await until(other.has_heard)
        await back.say(["from the other"])
        await until(one.has_heard)

    assert ["from one", "x" * Notifying.longest] == other.texts
    assert ["from the other"] == one.texts


async def test_a_change_is_heard_of_with_its_commit() -> None:
    ear = Ear()
    async with ear.listening() as line:
        async with unit_of_work():
            await announce(Topic.WORKFLOWS)
            before = (await line.marks(), ear.changes)
        await until(ear.has_noticed)
        behind = await line.marks()

    assert ({}, 0) == before
    assert ["workflows"] == list(behind)


async def test_a_change_that_was_undone_is_not_heard_of() -> None:
    ear = Ear()

    async def fail() -> None:
        async with unit_of_work():
            await announce(Topic.WORKFLOWS)
            raise LookupError

    async with ear.listening():
        with pytest.raises(LookupError):
            await fail()
        async with unit_of_work():
            await announce(Topic.WORKFLOWS)
        await until(ear.has_noticed)

    assert 1 == ear.changes


async def test_a_listener_that_was_cut_off_comes_back_and_catches_up(exchange, neighbour) -> None:
    """Nobody notifies of what changes meanwhile."""
    changes, stream, forgotten = Changes(), Stream(), asyncio.Event()

    async def forget() -> None:
        forgotten.set()

    changes.on(Topic.WORKFLOWS, forget)
    exchange(changes, stream)
    await until(lambda: listeners(neighbour))
    await neighbour.execute(END)
    await neighbour.execute("INSERT INTO revisions (topic, mark) VALUES ('workflows', 'another')")
    async with asyncio.timeout(20):
        await forgotten.wait()
    with stream.read(about_execution(7)) as reader:
        await until(lambda: listeners(neighbour))
        await neighbour.execute("SELECT pg_notify($1, $2)", EXECUTIONS, '[[7,"greet","succeeded"]]')

        assert [SUCCEEDED] == await reader.take()


async def test_what_was_not_said_when_the_line_was_cut_is_said_on_the_next(exchange, neighbour) -> None:
    stream, ear = Stream(), Ear()
    exchange(Changes(), stream)
    await until(lambda: listeners(neighbour))
    await neighbour.execute(END)
    stream.publish(SUCCEEDED)
    async with ear.listening():
        stream.publish(SUCCEEDED)
        await until(ear.has_heard)

    assert SUCCEEDED in [event for text in ear.texts for event in read(text)]


async def test_a_pool_that_is_used_up_keeps_nobody_from_hearing(exchange, neighbour) -> None:
    stream = Stream()
    exchange(Changes(), stream)
    await until(lambda: listeners(neighbour))
    async with unit_of_work():
        with stream.read(about_execution(7)) as reader:
            await neighbour.execute("SELECT pg_notify($1, $2)", EXECUTIONS, '[[7,"greet","succeeded"]]')

            assert [SUCCEEDED] == await reader.take()
