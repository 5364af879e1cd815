"""What a process hears of others and says to them, over a line that a test holds."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tortoise.exceptions import DBConnectionError

from engine.database import close_database, open_database
from engine.exchange.changes import Changes, Topic
from engine.exchange.exchange import Exchange
from engine.exchange.telegrams import read, written
from engine.observe import ExecutionChanged, Stream, about_execution, about_workflow
from engine.system.models import Execution, Status
from tests.databases import MakeDatabase
from tests.until import until

QUEUED, RUNNING, SUCCEEDED = (
    ExecutionChanged(7, "greet", status) for status in (Status.QUEUED, Status.RUNNING, Status.SUCCEEDED)
)


class Held:
    """A wire and its line. `faults` are what opening it fails of, in order; `broken` is what then happens on it."""

    longest = 7900

    def __init__(self) -> None:
        self.faults: list[Exception] = []
        self.broken: Exception | None = None
        self.opened_times = 0
        self.announced: dict[str, str] = {}
        self.said: list[list[ExecutionChanged]] = []
        self.changed: Callable[[], None] = lambda: None
        self.heard: Callable[[str], None] = lambda _: None

    @asynccontextmanager
    async def opened(self, changed: Callable[[], None], heard: Callable[[str], None]) -> AsyncIterator["Held"]:
        if self.faults:
            raise self.faults.pop()
        self.opened_times += 1
        self.changed, self.heard = changed, heard
        yield self

    async def marks(self) -> dict[str, str]:
        self._pass()
        return dict(self.announced)

    async def say(self, texts: Sequence[str]) -> None:
        self._pass()
        self.said.append([event for text in texts for event in read(text)])

    def _pass(self) -> None:
        if self.broken:
            broken, self.broken = self.broken, None
            raise broken


@pytest.fixture
async def database(make_database: MakeDatabase) -> AsyncIterator[None]:
    await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    yield
    await close_database()


@pytest.fixture
def wire() -> Held:
    return Held()


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
async def exchange(database: None, wire: Held, stream: Stream, changes: Changes) -> AsyncIterator[Exchange]:
    """One whose line is open."""
    exchange = Exchange(changes, stream, wire)
    exchange.start()
    await until(_is(lambda: wire.opened_times))
    yield exchange
    await exchange.stop()


def _is(value: Callable[[], Any]) -> Callable[[], Any]:
    async def look() -> Any:
        return value()

    return look


async def insert(status: Status, ago: float, **members: Any) -> Execution:
    """An execution of `greet` that has changed so many seconds ago."""
    at = datetime.now(UTC) - timedelta(seconds=ago)
    values = {"once": f"{status} {ago}", "key": "greet", "workflow_id": 1, "version": 1, "document": {}, "sync": False}
    row = await Execution.create(status=status, finished_at=at if status.terminal else None, **{**values, **members})
    await Execution.filter(id=row.id).update(created_at=at)
    return row


async def test_what_happens_here_is_said(exchange, wire, stream):
    stream.publish(QUEUED)

    assert [[QUEUED]] == await until(_is(lambda: wire.said))


async def test_of_an_execution_the_last_is_said(exchange, wire, stream):
    for event in (QUEUED, RUNNING, ExecutionChanged(8, "greet", Status.QUEUED), SUCCEEDED):
        stream.publish(event)

    assert [[ExecutionChanged(8, "greet", Status.QUEUED), SUCCEEDED]] == await until(_is(lambda: wire.said))


async def test_what_is_heard_is_brought_to_readers_and_not_said_again(exchange, wire, stream):
    with stream.read(about_workflow("greet")) as reader:
        [text] = written([QUEUED, RUNNING], 7900)
        wire.heard(text)
        stream.publish(SUCCEEDED)
        await until(_is(lambda: wire.said))

        assert [QUEUED, RUNNING, SUCCEEDED] == await reader.take()
    assert [[SUCCEEDED]] == wire.said


async def test_what_is_not_understood_is_passed_over(exchange, wire, stream, caplog):
    with stream.read(about_execution(7)) as reader:
        wire.heard("of another version")
        [text] = written([QUEUED], 7900)
        wire.heard(text)

        assert [QUEUED] == await reader.take()
    assert ["another process says what this one does not understand"] == [each[:54] for each in caplog.messages]


async def test_a_change_is_found_though_nobody_told(exchange, wire, changes):
    called = asyncio.Event()

    async def forget() -> None:
        called.set()

    changes.on(Topic.WORKFLOWS, forget)
    wire.announced["workflows"] = "another"

    async with asyncio.timeout(20):
        await called.wait()


async def test_a_line_that_breaks_is_opened_again_and_nothing_is_left_unsaid(exchange, wire, stream, caplog):
    caplog.set_level(logging.INFO, "bangpath.exchange")
    wire.faults = [DBConnectionError("still away"), DBConnectionError("away")]
    wire.broken = DBConnectionError("gone")
    stream.publish(QUEUED)

    assert [[QUEUED]] == await until(_is(lambda: wire.said))
    assert 2 == wire.opened_times
    assert [
        "the other processes are not heard, trying again: gone",
        "the other processes are heard again",
    ] == caplog.messages


async def test_what_happened_last_is_said_before_the_end(database, wire, stream, changes):
    exchange = Exchange(changes, stream, wire)
    exchange.start()
    await until(_is(lambda: wire.opened_times))
    stream.publish(SUCCEEDED)
    await exchange.stop()

    assert [[SUCCEEDED]] == wire.said


async def test_a_line_that_cannot_be_opened_keeps_nobody_from_ending(database, wire, stream, changes):
    wire.faults = [DBConnectionError("away")] * 1000
    exchange = Exchange(changes, stream, wire)
    exchange.start()
    await until(_is(lambda: len(wire.faults) < 1000))
    async with asyncio.timeout(10):
        await exchange.stop()

    assert 0 == wire.opened_times


async def test_readers_catch_up_when_a_line_is_open_again(exchange, wire, stream):
    """Of what has changed since they read, and nobody has said; not of what they know."""
    with stream.read(about_workflow("greet")) as reader:
        reader.began = datetime.now(UTC) - timedelta(minutes=1)
        before = await insert(Status.SUCCEEDED, 3600)
        known = await insert(Status.SUCCEEDED, 1.7)
        missed = await insert(Status.FAILED, 1.5)
        stream.deliver(ExecutionChanged(known.id, "greet", Status.SUCCEEDED))
        await reader.take()
        wire.broken = DBConnectionError("gone")

        assert [ExecutionChanged(missed.id, "greet", Status.FAILED)] == await reader.take()
    assert before.id < known.id


async def test_who_follows_one_execution_catches_up_whenever_it_changed(exchange, wire, stream):
    row = await insert(Status.CANCELLED, 3600)
    with stream.read(about_execution(row.id)) as reader:
        wire.broken = DBConnectionError("gone")

        assert [ExecutionChanged(row.id, "greet", Status.CANCELLED)] == await reader.take()


async def test_who_reads_since_then_is_not_told_what_was_before(exchange, wire, stream):
    await insert(Status.SUCCEEDED, 1.5)
    with stream.read(about_workflow("greet")) as reader:
        wire.broken = DBConnectionError("gone")
        await until(_is(lambda: wire.opened_times == 2))
        stream.publish(QUEUED)

        assert [QUEUED] == await reader.take()
