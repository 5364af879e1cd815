"""Old history ends by status, a part at a time, and its space is given back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from engine.data.unit import connection
from engine.database import close_database, open_database
from engine.system.models import Execution, Job, Status
from engine.workflow.retention import AT_ONCE, retention
from tests.databases import SERVER, MakeDatabase


@pytest.fixture(autouse=True)
async def database(make_database: MakeDatabase) -> AsyncIterator[None]:
    await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    yield
    await close_database()


async def ended(status, days, count=1, result=None):
    """Executions with a job each that have ended so many days ago."""
    at = None if days is None else datetime.now(UTC) - timedelta(days=days)
    known = {"key": "k", "workflow_id": 1, "version": 1, "document": {}, "sync": False}
    for number in range(count):
        row = await Execution.create(once=f"{status}{days}{number}", status=status, finished_at=at, **known)
        await Job.create(
            execution_id=row.id,
            node_key="a",
            path="a",
            status=Status.SUCCEEDED,
            started_at=row.created_at,
            result=result,
        )


async def left():
    return sorted(await Execution.all().values_list("status", flat=True))


@pytest.mark.parametrize(
    ("status", "days", "stays"),
    [
        (Status.SUCCEEDED, 6.9, True),
        (Status.SUCCEEDED, 7.1, False),
        (Status.SKIPPED, 7.1, False),
        (Status.FAILED, 29.9, True),
        (Status.FAILED, 30.1, False),
        (Status.CANCELLED, 30.1, False),
        (Status.TIMED_OUT, 30.1, False),
        (Status.ERROR, 10_000, True),
        (Status.QUEUED, None, True),
        (Status.RUNNING, None, True),
        (Status.WAITING, None, True),
    ],
)
async def test_each_status_has_its_time(status, days, stays):
    """Errors stay until somebody has dealt with them, and what has not ended stays in any case."""
    await ended(status, days)
    await retention(7, 30).end_some()

    assert ([status] if stays else []) == await left()
    assert len(await left()) == await Job.all().count()


async def test_nothing_ends_where_it_is_kept_for_ever():
    for status in (Status.SUCCEEDED, Status.FAILED):
        await ended(status, 10_000)

    assert not await retention(0, 0).end_some()
    assert [Status.FAILED, Status.SUCCEEDED] == await left()


async def test_it_ends_a_part_at_a_time():
    await ended(Status.SUCCEEDED, 8, AT_ONCE + 1)
    first = await retention(7, 30).end_some()
    between = len(await left())
    second = await retention(7, 30).end_some()

    assert (True, 1) == (first, between)
    assert (False, []) == (second, await left())


async def test_the_space_is_given_back():
    """By us on SQLite, by its autovacuum on PostgreSQL, which has its own time for it."""
    await ended(Status.SUCCEEDED, 8, 20, {"text": "x" * 100_000})
    before = await pages()
    await retention(7, 30).end_some()

    assert SERVER or await pages() < before / 2


async def pages():
    if SERVER:
        return 0
    [row] = await connection().execute_query_dict("PRAGMA page_count")
    return row["page_count"]
