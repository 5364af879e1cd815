"""Who is told that something has changed, and when: with the commit, and never with a rollback."""

import logging
from collections.abc import AsyncIterator

import pytest

from engine.data.unit import unit_of_work
from engine.database import close_database, open_database
from engine.exchange.changes import Changes, Topic, announce, marks
from tests.databases import MakeDatabase


class Memory:
    """Something that is remembered. `faults` are what forgetting it fails of, in order."""

    def __init__(self, *faults: Exception) -> None:
        self.forgotten = 0
        self._faults = list(faults)

    async def forget(self) -> None:
        if self._faults:
            raise self._faults.pop()
        self.forgotten += 1


@pytest.fixture
async def database(make_database: MakeDatabase) -> AsyncIterator[None]:
    await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    yield
    await close_database()


@pytest.fixture
async def changes(database: None) -> Changes:
    """Of a process that has just started."""
    changes = Changes()
    changes.begin(await marks())
    return changes


async def change() -> None:
    async with unit_of_work():
        await announce(Topic.WORKFLOWS)


async def test_each_change_is_told_once(changes):
    memory = Memory()
    changes.on(Topic.WORKFLOWS, memory.forget)
    for _ in range(2):
        await change()
        await changes.compare(await marks())
        await changes.compare(await marks())

    assert 2 == memory.forgotten


async def test_nothing_is_told_where_nothing_has_changed(changes):
    memory = Memory()
    changes.on(Topic.WORKFLOWS, memory.forget)
    await changes.compare(await marks())

    assert 0 == memory.forgotten


async def test_what_was_undone_has_not_changed(changes):
    memory = Memory()
    changes.on(Topic.WORKFLOWS, memory.forget)

    async def fail() -> None:
        async with unit_of_work():
            await announce(Topic.WORKFLOWS)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    await changes.compare(await marks())

    assert 0 == memory.forgotten


async def test_one_that_fails_is_called_again(changes, caplog):
    caplog.set_level(logging.ERROR, "bangpath.exchange")
    memory = Memory(OSError("away"))
    changes.on(Topic.WORKFLOWS, memory.forget)
    await change()
    await changes.compare(await marks())
    told = caplog.messages
    before = memory.forgotten
    await changes.compare(await marks())

    assert ["a change of workflows could not be taken over, trying again"] == told
    assert (0, 1) == (before, memory.forgotten)
