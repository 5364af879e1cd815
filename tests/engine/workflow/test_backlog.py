"""How much there is to do: counted by status, with the age of the oldest that waits for a worker."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from engine.database import close_database, open_database
from engine.system.models import Execution, Status
from engine.workflow.backlog import LOOKED_AT, backlog
from tests.databases import MakeDatabase


@pytest.fixture(autouse=True)
async def database(make_database: MakeDatabase) -> AsyncIterator[None]:
    await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    yield
    await close_database()


async def execution(once, status, minutes=0):
    known = {"key": "k", "workflow_id": 1, "version": 1, "document": {}, "sync": False}
    row = await Execution.create(once=once, status=status, **known)
    await Execution.filter(id=row.id).update(created_at=datetime.now(UTC) - timedelta(minutes=minutes))


async def test_nothing_is_told_as_nothing():
    found = await backlog()

    assert dict.fromkeys(LOOKED_AT, 0) == found.executions
    assert 0 == found.oldest_queued


async def test_each_status_is_counted_but_those_nobody_deals_with():
    for number, status in enumerate(Status):
        await execution(f"a{number}", status)
    await execution("b", Status.ERROR)
    found = await backlog()

    assert {Status.QUEUED: 1, Status.ERROR: 2} == {name: found.executions[name] for name in ("queued", "error")}
    assert Status.SUCCEEDED not in found.executions


async def test_the_oldest_is_one_that_is_queued_still():
    await execution("running", Status.RUNNING, minutes=60)
    await execution("first", Status.QUEUED, minutes=10)
    await execution("second", Status.QUEUED)

    assert 600 <= (await backlog()).oldest_queued < 660
