"""Several services and workers on one database: what one of them changes all of them hold to, within a moment."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.api.sockets import open_socket
from tests.conftest import MakeSettings
from tests.containers import DOCKER, make_image, running, until_healthy
from tests.databases import MakeDatabase
from tests.faults.site import Site
from tests.process.served import Served, until

FEW_SECONDS = 10
"""A second is promised, and a loaded machine is given more."""
FOLLOWED = "subscription ($id: ID!) { executionChanged(id: $id) { status } }"
NOTE = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": "x"}}}


@pytest.fixture
async def database(make_settings: MakeSettings) -> str:
    """The address of a database that is filled."""
    return (await make_settings()).database_url


@pytest.fixture
def site(database: str, tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, database, seed=0)
    yield site
    site.close()


@pytest.fixture
def both(site: Site) -> tuple[Served, Served]:
    """Two services that run nothing that is queued."""
    return site.serve(worker="off"), site.serve(worker="off")


def document(key: str, **changed: Any) -> dict[str, Any]:
    known = {"title": key, "type": "action", "enabled": True, "config": {"collection": "posts"}, "nodes": []}
    return {"key": key, **known, **changed}


def write(served: Served, *triggers: str) -> int:
    return served.client.post(
        f"/api/posts:create?triggerWorkflows={','.join(triggers)}", json={"title": "x"}
    ).status_code


def test_another_service_starts_a_workflow_from_its_change_on(both: tuple[Served, Served]) -> None:
    """It is saved, then disabled, then enabled again."""
    here, there = both
    saved = here.post("workflows:create", document("shared"))["data"]["id"]
    until(lambda: write(there, "shared") == 200, FEW_SECONDS)
    for enabled, status in ((False, 400), (True, 200)):
        here.post(f"workflows:update?filterByTk={saved}", {"enabled": enabled})
        until(lambda status=status: write(there, "shared") == status, FEW_SECONDS)


def test_a_worker_follows_changes_with_a_workflow_that_was_saved_after_its_start(
    site: Site, both: tuple[Served, Served]
) -> None:
    """The change is the worker's own: a node of what it runs writes a record."""
    here, _ = both
    here.post("workflows:create", document("writes", nodes=[NOTE]))
    site.work()
    until(lambda: write(here, "writes") and ended(here, "writes"), 60)
    config = {"collection": "notes", "actions": ["create"]}
    here.post("workflows:create", document("follows", type="collection", config=config))

    assert until(lambda: write(here, "writes") and ended(here, "follows"), FEW_SECONDS)


def ended(served: Served, key: str) -> list[Any]:
    query = {"filter": f'{{"key": "{key}", "status": "succeeded"}}'}
    listed: list[Any] = served.client.get("/api/executions:list", params=query).json()["data"]
    return listed


def test_another_service_holds_to_the_grants_of_a_role_from_their_change_on(both: tuple[Served, Served]) -> None:
    """Given, and taken away again."""
    here, there = both
    here.post("roles:create", {"name": "guest", "grants": {}})
    here.post("users:create", {"username": "eve", "password": "correct horse", "roles": ["guest"]})
    signed = there.client.post("/api/auth:signIn", json={"account": "eve", "password": "correct horse"})
    headers = {"Authorization": f"Bearer {signed.json()['data']['token']}", "X-Role": "guest"}
    for grants, status in (({"posts": {"read": {}}}, 200), ({}, 403)):
        here.post("roles:update?filterByTk=guest", {"grants": grants})
        until(
            lambda status=status: there.client.get("/api/posts:list", headers=headers).status_code == status,
            FEW_SECONDS,
        )


async def test_a_subscription_tells_of_what_another_service_does(both: tuple[Served, Served]) -> None:
    here, there = both
    here.post("workflows:create", document("waits", nodes=[NOTE]))
    written = here.post("posts:create?triggerWorkflows=waits", {"title": "x"})
    execution = next(each["executionId"] for each in written["meta"]["workflows"] if each["key"] == "waits")
    token = there.client.headers["Authorization"].removeprefix("Bearer ")
    async with open_socket(f"{there.url.replace('http', 'ws')}/graphql") as socket:
        await socket.begin(token)
        await socket.subscribe("1", FOLLOWED, id=str(execution))
        first = await socket.receive()
        here.post(f"executions:cancel?filterByTk={execution}", {})
        second = await socket.receive()

    told = [message["payload"]["data"]["executionChanged"]["status"] for message in (first, second)]
    assert ["queued", "cancelled"] == told


def checked(database: str) -> int:
    """What the check of a worker's container ends with."""
    environment = {**os.environ, "BANGPATH_DATABASE_URL": database}
    return subprocess.run([sys.executable, DOCKER / "health.py", "worker"], env=environment, timeout=60).returncode


def test_a_worker_is_healthy_while_it_is_there(site: Site, database: str) -> None:
    assert 1 == checked(database)

    worker = site.work()
    until(lambda: 0 == checked(database), 60)
    site.kill(worker)
    until(lambda: 1 == checked(database))


@pytest.fixture
async def empty(make_database: MakeDatabase) -> str:
    return await make_database()


def test_containers_that_start_at_once_fill_one_database(empty: str, tmp_path: Path) -> None:
    """One of them migrates, and all come up."""
    images = [make_image(tmp_path / f"container{number}") for number in range(3)]
    for image in images:
        image.environment.update(
            BANGPATH_DATABASE_URL=empty, BANGPATH_SECRET="x" * 32, BANGPATH_ROOT_PASSWORD="a pass word"
        )
    with ExitStack() as stack:
        processes = [stack.enter_context(running(image)) for image in images]
        for image, process in zip(images, processes, strict=True):
            until_healthy(image, process)

    assert [0, 0, 0] == [process.returncode for process in processes]
