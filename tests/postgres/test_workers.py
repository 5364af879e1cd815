"""Processes that only run workflows: what a service writes they carry out, and one goes on where another has died."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from engine.workflow.journal import LEASE
from tests.conftest import SECRET, MakeSettings
from tests.process.notes import NODES, noting
from tests.process.served import BANGPATH, ROOT, SECONDS, Served, until

StartWorker: TypeAlias = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
async def database(make_settings: MakeSettings) -> str:
    """The address of a database that is filled."""
    return (await make_settings()).database_url


@pytest.fixture
def served(database: str, tmp_path: Path) -> Iterator[Served]:
    """A service that runs nothing that is queued."""
    served = Served(tmp_path / "serving", database_url=database, secret=SECRET, worker="off")
    yield served
    served.client.close()
    served.process.kill()
    served.process.wait()


@pytest.fixture
def start_worker(database: str, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts workers, each as on a host of its own; they run by the time that this returns."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        home = str(tmp_path / f"worker{len(started)}")
        settings = {"BANGPATH_HOME": home, "BANGPATH_DATABASE_URL": database, "BANGPATH_SECRET": SECRET}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BANGPATH_")}
        environment = {**inherited, **settings, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen([*BANGPATH, "worker"], cwd=ROOT, env=environment, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        assert b"runs the workflows of" in process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def write(served: Served, key: str) -> int:
    """Write a post that starts this workflow and the sample's own; the key of the post."""
    return served.post(f"posts:create?triggerWorkflows={key}", {"title": "x"})["data"]["id"]


def statuses(served: Served) -> list[str]:
    listed = served.client.get("/api/executions:list", params={"pageSize": 200}).json()
    return [each["status"] for each in listed["data"]]


def all_ended(served: Served, count: int) -> list[Any] | None:
    found = statuses(served)
    return found if len(found) == count and not {"queued", "running"} & set(found) else None


def noted(served: Served, post: int) -> list[str]:
    """What was noted of a post, in the order in which it was."""
    query = {"filter": f'{{"text": {{"$includes": "{post}: "}}}}', "sort": "id", "pageSize": 200}
    return [each["text"] for each in served.client.get("/api/notes:list", params=query).json()["data"]]


def test_a_worker_carries_out_what_a_service_has_written(served, start_worker):
    served.post("workflows:create", noting("two", 2))
    post = write(served, "two")
    before = statuses(served)
    worker = start_worker()
    after = until(lambda: all_ended(served, 2))
    worker.send_signal(signal.SIGTERM)

    assert ["queued", "queued"] == before
    assert ["succeeded", "succeeded"] == after
    assert [f"{post}: 0", f"{post}: 1"] == noted(served, post)
    assert 0 == worker.wait(SECONDS)


def test_a_service_that_runs_nothing_queued_runs_its_sync_workflows(served):
    served.post("workflows:create", noting("sync", 2, sync=True))
    post = write(served, "sync")

    assert ["queued", "succeeded"] == sorted(statuses(served))
    assert [f"{post}: 0", f"{post}: 1"] == noted(served, post)


def test_another_worker_goes_on_where_one_was_killed(served, start_worker):
    served.post("workflows:create", noting("many"))
    worker = start_worker()
    post = write(served, "many")
    until(lambda: noted(served, post), pause=0.001)
    worker.kill()
    worker.wait(SECONDS)
    interrupted = statuses(served)
    start_worker()

    assert "running" in interrupted, "it was killed too late to show anything"
    assert ["succeeded"] * 2 == until(lambda: all_ended(served, 2), seconds=LEASE.total_seconds() + 5 + SECONDS)
    assert [f"{post}: {number}" for number in range(NODES)] == noted(served, post)


def test_a_worker_that_is_asked_to_end_leaves_nothing_in_its_hands(served, start_worker):
    served.post("workflows:create", noting("many"))
    worker = start_worker()
    posts = [write(served, "many") for _ in range(5)]
    until(lambda: noted(served, posts[0]), pause=0.001)
    worker.send_signal(signal.SIGTERM)
    status = worker.wait(SECONDS)
    left = statuses(served)
    start_worker()
    until(lambda: all_ended(served, 2 * len(posts)))

    assert 0 == status
    assert "running" not in left
    assert [f"{posts[-1]}: {number}" for number in range(NODES)] == noted(served, posts[-1])
