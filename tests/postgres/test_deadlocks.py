"""Two who wait for each other on PostgreSQL: one of them is undone by it, and it is told that another try may help."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from api.app import Service
from engine.system.models import Execution, Job, Status
from schema.sample.models import Note, Tag
from tests.conftest import MakeSettings
from tests.doors.door import Door
from tests.until import until

CONFIG = {"collection": "tags", "filter": {"id": {"$gt": 0}}, "values": {"name": "{{$now}}"}}
CHANGE = {"key": "change", "type": "update", "config": CONFIG}
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
async def tags(service: Service) -> list[int]:
    """All that there are, in the order in which a node changes them."""
    await Tag.all().delete()
    return [(await Tag.create(name=name)).id for name in ("a", "b")]


@pytest.fixture
async def crossing(make_settings: MakeSettings, tags: list[int]) -> AsyncIterator["asyncio.Task[None]"]:
    """Somebody who holds the last of the tags, and wants the first when it is held by who waits for the last."""
    address = (await make_settings()).database_url
    assert address is not None
    holder, watcher = await asyncpg.connect(address), await asyncpg.connect(address)
    transaction = holder.transaction()
    await transaction.start()
    # So that it is the other one who finds out.
    await holder.execute("SET LOCAL deadlock_timeout = '1min'")
    await holder.execute("UPDATE tags SET name = 'held' WHERE id = $1", tags[-1])

    async def is_waited_for() -> bool:
        return bool(await watcher.fetchval(WAITING))

    async def cross() -> None:
        await until(is_waited_for)
        await holder.execute("UPDATE tags SET name = 'held' WHERE id = $1", tags[0])
        await transaction.commit()

    task = asyncio.create_task(cross())
    yield task
    await task
    await holder.close()
    await watcher.close()


async def save(door: Door, **members: Any) -> None:
    config = {"collection": "notes"}
    document = {"key": "change", "title": "T", "type": "action", "enabled": True, "config": config, "nodes": [CHANGE]}
    assert [] == (await door.workflow("create", values={**document, **members})).errors


async def test_a_node_is_attempted_again(door: Door, tags: list[int], crossing: "asyncio.Task[None]") -> None:
    await save(door)

    await door.create("notes", {"text": "x"}, triggers=["change"])
    await until(lambda: Execution.filter(status__not=Status.QUEUED, finished_at__isnull=False).exists())

    [execution] = await Execution.all()
    [job] = await Job.all()
    assert (Status.SUCCEEDED, 2) == (execution.status, job.attempt)
    assert "held" not in await Tag.all().values_list("name", flat=True)


async def test_a_write_with_an_atomic_workflow_is_told_to_come_again(
    door: Door, tags: list[int], crossing: "asyncio.Task[None]"
) -> None:
    """It is not rejected: nobody has decided that."""
    await save(door, sync=True, options={"atomic": True})

    answer = await door.create("notes", {"text": "x"}, triggers=["change"])

    assert ["UNAVAILABLE"] == answer.codes
    assert not await Note.filter(text="x").exists()
    assert not await Execution.exists()
