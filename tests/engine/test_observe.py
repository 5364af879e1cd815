"""What readers of the stream are brought, and when."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from engine.data.unit import unit_of_work
from engine.database import close_database, open_database
from engine.errors import Refusal
from engine.observe import ExecutionChanged, Reader, Stream, about_execution, about_workflow
from engine.system.models import Status
from tests.databases import MakeDatabase

QUEUED = ExecutionChanged(7, "greet", Status.QUEUED)
RUNNING = ExecutionChanged(7, "greet", Status.RUNNING)


@pytest.fixture
async def database(make_database: MakeDatabase) -> AsyncIterator[None]:
    await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    yield
    await close_database()


@pytest.mark.parametrize("topic", [about_execution(7), about_workflow("greet")])
async def test_a_reader_is_brought_what_is_about_its_topic(topic):
    stream = Stream()
    with stream.read(topic) as reader:
        stream.publish(QUEUED)
        stream.publish(ExecutionChanged(8, "other", Status.QUEUED))
        stream.publish(RUNNING)

        assert [QUEUED, RUNNING] == await reader.take()


async def test_what_came_before_is_not_brought():
    stream = Stream()
    stream.publish(QUEUED)
    with stream.read(about_execution(7)) as reader:
        stream.publish(RUNNING)

        assert [RUNNING] == await reader.take()


async def test_a_reader_waits_for_the_next_event():
    stream = Stream()
    with stream.read(about_execution(7)) as reader:
        stream.publish(QUEUED)
        await reader.take()
        taking = asyncio.create_task(reader.take())
        await asyncio.sleep(0)
        stream.publish(RUNNING)

        assert [RUNNING] == await taking


@pytest.mark.usefixtures("database")
async def test_an_event_is_known_after_the_commit():
    stream = Stream()
    with stream.read(about_execution(7)) as reader:
        async with unit_of_work():
            stream.publish(QUEUED)
            taking = asyncio.create_task(reader.take())
            await asyncio.sleep(0)
            before = taking.done()

        assert not before
        assert [QUEUED] == await taking


@pytest.mark.usefixtures("database")
async def test_who_begins_to_read_before_the_commit_is_told():
    """They have read the rows as they were before it."""
    stream = Stream()
    async with unit_of_work():
        stream.publish(QUEUED)
        read = stream.read(about_execution(7))
        reader = read.__enter__()

    assert [QUEUED] == await reader.take()


@pytest.mark.usefixtures("database")
async def test_what_is_undone_is_never_known():
    stream = Stream()

    async def fail() -> None:
        async with unit_of_work():
            stream.publish(QUEUED)
            raise LookupError

    with stream.read(about_execution(7)) as reader:
        with pytest.raises(LookupError):
            await fail()
        stream.publish(RUNNING)

        assert [RUNNING] == await reader.take()


async def test_who_falls_behind_is_cut_off():
    reader = Reader(limit=2)
    for _ in range(3):
        reader.put(QUEUED)

    with pytest.raises(Refusal) as refused:
        await reader.take()
    assert "TOO_SLOW" == refused.value.code


async def test_who_keeps_up_is_not():
    reader = Reader(limit=2)
    taken = []
    for _ in range(5):
        reader.put(QUEUED)
        taken.extend(await reader.take())

    assert 5 == len(taken)


async def test_readers_that_have_gone_leave_nothing():
    stream = Stream()
    with stream.read(about_execution(7)), stream.read(about_execution(7)), stream.read(about_workflow("greet")):
        during = stream.topics

    assert {about_execution(7), about_workflow("greet")} == during
    assert set() == stream.topics
