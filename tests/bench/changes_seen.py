"""How soon another service on the same PostgreSQL database holds to a workflow or grant that was changed at the first.

From when the answer to the change was read until the other one answers by it, which it is asked every few milliseconds.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench._figures import show
from tests.databases import PostgresDatabases, address
from tests.faults.site import Site
from tests.process.served import Served, until

SERVER = os.environ.get("BANGPATH_TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
CHANGES = 100
PAUSE = 0.002
POST = {"title": "x"}


def main() -> None:
    databases = PostgresDatabases(SERVER)
    made = asyncio.run(databases.empty())
    with tempfile.TemporaryDirectory() as folder:
        first = Served(Path(folder) / "first", database_url=address(made))
        first.kill()
        site = Site(Path(folder), address(made), seed=0)
        try:
            here, there = site.serve(worker="off"), site.serve(worker="off")
            show("a workflow that was enabled or disabled", workflows(here, there), "ms")
            show("a grant that was given or taken away", grants(here, there), "ms")
        finally:
            site.close()
    asyncio.run(databases.drop(made))


def workflows(here: Served, there: Served) -> list[float]:
    known = {"key": "seen", "title": "Seen", "type": "action", "config": {"collection": "posts"}, "nodes": []}
    saved = here.post("workflows:create", known)["data"]["id"]

    def change(number: int) -> Callable[[], bool]:
        here.post(f"workflows:update?filterByTk={saved}", {"enabled": number % 2 == 0})
        status = 400 if number % 2 else 200
        return lambda: there.client.post("/api/posts:create?triggerWorkflows=seen", json=POST).status_code == status

    return [seen_after(change(number)) for number in range(CHANGES)]


def grants(here: Served, there: Served) -> list[float]:
    here.post("roles:create", {"name": "guest", "grants": {}})
    here.post("users:create", {"username": "eve", "password": "correct horse", "roles": ["guest"]})
    signed = there.client.post("/api/auth:signIn", json={"account": "eve", "password": "correct horse"})
    headers = {"Authorization": f"Bearer {signed.json()['data']['token']}"}

    def change(number: int) -> Callable[[], bool]:
        granted = {} if number % 2 else {"posts": {"read": {}}}
        here.client.post("/api/roles:update?filterByTk=guest", json={"grants": granted})
        status = 403 if number % 2 else 200
        return lambda: there.client.get("/api/posts:list", headers=headers).status_code == status

    return [seen_after(change(number)) for number in range(CHANGES)]


def seen_after(seen: Callable[[], bool]) -> float:
    """Milliseconds until it is so."""
    began = time.monotonic()
    until(seen, pause=PAUSE)
    return (time.monotonic() - began) * 1000


if __name__ == "__main__":
    main()
