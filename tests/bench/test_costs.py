"""What a request and a start cost, counted and not timed: statements that reach the database, and calls.

Calls are of functions in the loop's thread, those written in C too, as `sys.setprofile` tells them; a coroutine counts
whenever it goes on. Unlike seconds they are the same on every machine, however busy. Instructions of the CPU would be
nearer to seconds, but not every machine lets a process count them; allocations (`sys.getallocatedblocks`) are told as
those that are left, and hundreds of thousands that came and went in between leave none. The least of some requests is
taken: only more than that can come in between, from the rounds of the service itself.

The bounds are those of Python 3.11 on this code, and `SLACK` above them is for other versions of what is installed. Who
makes either cheaper lowers its bound; who makes it dearer says why in the commit that raises it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import Service
from schema.build import build_schema
from tests.bench import _cases as cases
from tests.bench._cases import Case
from tests.bench._content import fill_opened
from tests.databases import SERVER
from tests.statements import listen, told

TIMES = 7
SLACK = 1.15
# Statements and calls, on SQLite and on PostgreSQL.
BOUNDS = {
    cases.CREATE: ((3, 1230), (3, 1270)),
    cases.ASYNC: ((5, 1750), (5, 2090)),
    cases.SYNC: ((5, 1780), (4, 1850)),
    cases.GET: ((1, 530), (1, 570)),
    cases.LIST: ((5, 3840), (5, 3950)),
    cases.GRAPHQL_CREATE: ((3, 3160), (3, 3200)),
    cases.GRAPHQL_LIST: ((7, 64400), (7, 64500)),
}
SCHEMA = 382_000
"""Calls to make the GraphQL schema of the sample, which is most of what a start does for each collection."""


@pytest.fixture
def changed() -> dict[str, Any]:
    """A worker would take what is queued in between."""
    return {"worker": False, "address_rate": 0, "user_rate": 0, "user_rows": 0}


@pytest.fixture
async def asking(service: Service, client: httpx.AsyncClient, token: str) -> httpx.AsyncClient:
    await fill_opened(service)
    client.headers["Authorization"] = f"Bearer {token}"
    return client


@pytest.mark.parametrize("case", BOUNDS, ids=lambda case: case.name)
async def test_a_request_says_no_more_to_the_database(asking: httpx.AsyncClient, case: Case) -> None:
    """BEGIN, savepoints and COMMIT are statements too: each waits for an answer of the server."""
    said: list[str] = []
    await ask(asking, case)
    await listen(said.append)

    counts = []
    for _ in range(TIMES):
        said.clear()
        await ask(asking, case)
        await told()
        counts.append(len(said))

    assert 0 < min(counts) <= BOUNDS[case][bool(SERVER)][0], said


@pytest.mark.parametrize("case", BOUNDS, ids=lambda case: case.name)
async def test_a_request_makes_no_more_calls(service: Service, asking: httpx.AsyncClient, case: Case) -> None:
    counting = Counting(service.asgi)
    transport = httpx.ASGITransport(counting)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=asking.headers) as client:
        for _ in range(1 + TIMES):
            await ask(client, case)

    assert 0 < min(counting.counts[1:]) <= BOUNDS[case][bool(SERVER)][1] * SLACK


def test_the_schema_takes_no_more_calls(service: Service) -> None:
    counts: list[int] = []
    for _ in range(2):
        with counted(counts):
            build_schema(service.engine.collections)

    assert 0 < min(counts) <= SCHEMA * SLACK


class Counting:
    """Counts the calls that an application makes for each of its requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.counts: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with counted(self.counts):
            await self._app(scope, receive, send)


@contextmanager
def counted(counts: list[int]) -> Iterator[None]:
    """Adds the number of calls that are made meanwhile."""
    counts.append(0)

    def called(_frame: object, event: str, _argument: object) -> None:
        counts[-1] += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        yield
    finally:
        sys.setprofile(before)


async def ask(client: httpx.AsyncClient, case: Case) -> None:
    response = await client.request(case.method, case.path, json=case.body)
    assert 200 == response.status_code, response.text
