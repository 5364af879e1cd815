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


async def change(*topics: Topic) -> None:
    async with unit_of_work():
        await announce(*topics)


async def test_who_remembers_what_has_changed_is_called_and_nobody_else(changes):
    workflows, roles = Memory(), Memory()
    changes.on(Topic.WORKFLOWS, workflows.forget)
    changes.on(Topic.ROLES, roles.forget)
    await change(Topic.WORKFLOWS)
    await changes.compare(await marks())

    assert (1, 0) == (workflows.forgotten, roles.forgotten)


async def test_each_change_is_told_once(changes):
    memory = Memory()
    changes.on(Topic.USERS, memory.forget)
    for _ in range(2):
        await change(Topic.USERS, Topic.ROLES)
        await changes.compare(await marks())
        await changes.compare(await marks())

    assert 2 == memory.forgotten


async def test_nothing_is_told_where_nothing_has_changed(changes):
    memory = Memory()
    for topic in Topic:
        changes.on(topic, memory.forget)
    await changes.compare(await marks())

    assert 0 == memory.forgotten


async def test_what_was_undone_has_not_changed(changes):
    memory = Memory()
    changes.on(Topic.TOKENS, memory.forget)

    async def fail() -> None:
        async with unit_of_work():
            await announce(Topic.TOKENS)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    await changes.compare(await marks())

    assert 0 == memory.forgotten


async def test_one_that_fails_is_called_again_and_keeps_no_other_waiting(changes, caplog):
    caplog.set_level(logging.ERROR, "bangpath.exchange")
    failing, other = Memory(OSError("away")), Memory()
    changes.on(Topic.ROLES, failing.forget)
    changes.on(Topic.USERS, other.forget)
    await change(Topic.ROLES, Topic.USERS)
    await changes.compare(await marks())
    told = caplog.messages
    await changes.compare(await marks())

    assert ["a change of roles could not be taken over, trying again"] == told
    assert (1, 1) == (failing.forgotten, other.forgotten)
