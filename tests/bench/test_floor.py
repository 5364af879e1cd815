"""What the service is measured against answers the same, and leaves the same rows."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.app import Service
from api.settings import Settings
from engine.data.unit import connection
from tests.bench._cases import CASES, Case
from tests.bench._content import fill_opened
from tests.bench._drivers import opened
from tests.bench.floor import make_floor

# What differs from one request to the next: keys of what was written, and times.
_KEYS = re.compile(r'"(id|executionId)":"?\d+"?')
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
WRITTEN = ("posts", "executions", "jobs", "notes")


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"worker": False}


@pytest.fixture
async def floor(service: Service, token: str, make_settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The floor over the same database."""
    await fill_opened(service)
    settings: Settings = await make_settings()
    async with opened(settings.database) as database:
        transport = httpx.ASGITransport(await make_floor(database, settings.secret))
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://floor", headers=headers) as client:
            yield client


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_floor_does_what_the_service_does(
    client: httpx.AsyncClient, floor: httpx.AsyncClient, token: str, case: Case
) -> None:
    """The members of the answers are in the same order too, and as many rows are written."""
    client.headers["Authorization"] = f"Bearer {token}"
    before = await counts()

    ours = await client.request(case.method, case.path, json=case.body)
    between = await counts()
    floors = await floor.request(case.method, case.path, json=case.body)
    after = await counts()

    assert 200 == ours.status_code == floors.status_code
    assert alike(ours.text) == alike(floors.text)
    assert written(before, between) == written(between, after)


def alike(text: str) -> str:
    return _TIMES.sub("a time", _KEYS.sub(r'"\1":0', text))


def written(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {table: after[table] - before[table] for table in WRITTEN}


async def counts() -> dict[str, int]:
    found = {}
    for table in WRITTEN:
        [row] = await connection().execute_query_dict(f"SELECT count(*) AS count FROM {table}")
        found[table] = row["count"]
    return found
