"""Whose code a request spends its time in: the service in this process, under Python's own profiler.

The profiler makes calls dearer than what happens inside of them, so the parts say more than the sum would. Python's
builtin functions count for whoever calls them. PostgreSQL, where BANGPATH_TEST_DATABASE_URL names it, else SQLite.
"""

import asyncio
import cProfile
import pstats
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import open_service
from api.settings import Settings
from tests.bench import _cases as cases
from tests.bench._cases import Case
from tests.bench._content import fill_opened
from tests.databases import address, databases_in

REQUESTS = 500
CASES = (cases.GET, cases.LIST, cases.CREATE, cases.ASYNC, cases.SYNC, cases.GRAPHQL_CREATE, cases.GRAPHQL_LIST)
PARTS = {
    "the service": ("/api/", "/schema/", "/engine/"),
    "Tortoise": ("/tortoise/", "/pypika_tortoise/"),
    "driver": ("/asyncpg/", "/aiosqlite/"),
    "PgQueuer": ("/pgqueuer/",),
    "GraphQL": ("/graphql/", "/strawberry/"),
    "Starlette": ("/starlette/",),
    "asyncio": ("/asyncio/", "/selectors.py"),
}
REST = "other"


class Profiled:
    """An application whose requests are profiled, the client that asks in the same process is not."""

    def __init__(self, app: ASGIApp, profile: cProfile.Profile) -> None:
        self._app = app
        self._profile = profile

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._profile.enable()
        try:
            await self._app(scope, receive, send)
        finally:
            self._profile.disable()


def part_of(file: str) -> str:
    return next((part for part, places in PARTS.items() if any(place in file for place in places)), REST)


def spent(profile: cProfile.Profile) -> Iterator[tuple[str, float]]:
    """Seconds in the code of each part."""
    # What a profile holds is documented, and left out of the types of the standard library.
    for (file, _, _), (_, _, seconds, _, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if file != "~":
            yield part_of(file), seconds
            continue
        for (calling, _, _), (_, _, of_caller, _) in callers.items():
            yield part_of(calling), of_caller


async def shares(case: Case, client: httpx.AsyncClient, profile: cProfile.Profile) -> Counter[str]:
    for _ in range(REQUESTS):
        response = await client.request(case.method, case.path, json=case.body)
        assert response.status_code == 200, response.text
    return sum((Counter({part: seconds}) for part, seconds in spent(profile)), Counter())


async def main() -> None:
    parts = [*PARTS, REST]
    print(f"| case | {' | '.join(parts)} |\n|---|{'---:|' * len(parts)}")
    with tempfile.TemporaryDirectory() as folder:
        databases = databases_in(Path(folder))
        database = await databases.empty()
        settings = Settings(
            home=Path(folder), database_url=address(database), worker=False, address_rate=0, user_rate=0
        )
        async with open_service(settings.model_copy(update={"user_rows": 0})) as service, service.running():
            await fill_opened(service)
            token = await service.issue_token("root", 1)
            for case in CASES:
                profile = cProfile.Profile(time.thread_time)  # not what is waited for
                transport = httpx.ASGITransport(Profiled(service.asgi, profile))
                headers = {"Authorization": f"Bearer {token}"}
                async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
                    found = await shares(case, client, profile)
                told = " | ".join(f"{found[part] / found.total():.0%}" for part in parts)
                print(f"| {case.name} | {told} |", flush=True)
        await databases.drop(database)


if __name__ == "__main__":
    asyncio.run(main())
