"""What is locked on PostgreSQL is waited for, but not for ever; and who stands still in a transaction loses it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from tortoise.exceptions import DBConnectionError

from api.app import Service
from engine.data.availability import refusal_of
from engine.data.unit import unit_of_work
from engine.errors import Code
from schema.sample.models import Tag
from tests.conftest import MakeSettings
from tests.doors.door import Door
from tests.until import until

IDLE = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"pool_wait": 0.5}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the service opens its connections."""
    monkeypatch.setattr("engine.data.postgres.IDLE_SECONDS", 3)


@pytest.fixture
async def other(make_settings: MakeSettings) -> AsyncIterator[asyncpg.Connection]:
    """Somebody else on the same database, for whom no limits hold."""
    other = await asyncpg.connect((await make_settings()).database_url)
    yield other
    await other.close()


async def test_a_write_waits_for_a_lock_no_longer_than_for_a_connection(door: Door, other: asyncpg.Connection) -> None:
    tag = await Tag.create(name="a")
    async with other.transaction():
        await other.execute("UPDATE tags SET name = 'held' WHERE id = $1", tag.pk)
        answer = await door.update("tags", {"name": "b"}, key=tag.pk)

    assert ["UNAVAILABLE"] == answer.codes
    assert [] == (await door.update("tags", {"name": "b"}, key=tag.pk)).errors


async def test_a_transaction_in_which_nothing_is_said_is_ended(service: Service, other: asyncpg.Connection) -> None:
    """As if its process stood still: what it has locked is free for others, and it is told when it goes on."""
    tag = await Tag.create(name="a")
    with pytest.raises(DBConnectionError) as told:
        await _stand_still(tag, other)
    await asyncio.wait_for(other.execute("UPDATE tags SET name = 'd' WHERE id = $1", tag.pk), 5)

    refusal = refusal_of(told.value)
    assert refusal is not None
    assert Code.UNAVAILABLE is refusal.code
    assert "d" == (await Tag.get(id=tag.pk)).name


async def _stand_still(tag: Tag, other: asyncpg.Connection) -> None:
    async with unit_of_work():
        await Tag.filter(id=tag.pk).update(name="b")
        await until(lambda: _none_idle(other))
        await Tag.filter(id=tag.pk).update(name="c")


async def _none_idle(other: asyncpg.Connection) -> bool:
    return await other.fetchval(IDLE) == 0
