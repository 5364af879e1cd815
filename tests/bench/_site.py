"""The processes of a measurement: the service over one database, the floor over another one with the same content."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.settings import Settings
from tests.bench._content import fill
from tests.bench._load import Target
from tests.bench.floor import DATABASE, SECRET
from tests.databases import Databases, address
from tests.faults.database import Database
from tests.process.served import PASSWORD, ROOT, Served, environment, until

SIGNING = "a secret that is long enough for everybody"
SETTINGS = {"secret": SIGNING, "root_password": PASSWORD, "address_rate": "0", "user_rate": "0", "user_rows": "0"}
SETTLE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Site:
    """A service, its database, and the floor."""

    served: Served
    database: Database
    floor: Target

    @property
    def service(self) -> Target:
        return target(self.served)

    def queued(self) -> int:
        """How many executions have not ended."""
        [(count,)] = self.database.rows("SELECT count(*) FROM executions WHERE finished_at IS NULL")
        return int(count)

    def settle(self) -> float:
        """Seconds until all executions have ended."""
        begun = time.perf_counter()
        until(self.database.is_settled, SETTLE_SECONDS)
        return time.perf_counter() - begun


@contextmanager
def site(databases: Databases, folder: Path, *, beside: bool) -> Iterator[Site]:
    """The processes over new databases. With `beside` a worker of its own runs the executions, else the service."""
    settings = {**SETTINGS, "worker": "off"} if beside else SETTINGS
    with ExitStack() as stack:
        ours, floors = (stack.enter_context(filled(databases, folder)) for _ in range(2))
        database_url = address(ours)
        served = Served(folder / f"home{time.monotonic_ns()}", database_url=database_url, **settings)
        stack.callback(served.end, signal.SIGTERM)
        if beside:
            stack.enter_context(worker(folder, database_url))
        yield Site(served, Database(database_url), stack.enter_context(_floor(floors, target(served).token)))


def target(served: Served) -> Target:
    return Target(served.url, served.process.pid, served.client.headers["authorization"].removeprefix("Bearer "))


@contextmanager
def worker(folder: Path, database_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs executions and answers nobody."""
    home = folder / f"worker{time.monotonic_ns()}"
    with _process(
        [sys.executable, "-P", "-m", "api", "worker"],
        environment(home, {**SETTINGS, "database_url": database_url}),
    ) as (process, _):
        yield process


@contextmanager
def _floor(database: str, token: str) -> Iterator[Target]:
    known = {DATABASE: database, SECRET: SIGNING, "PYTHONPATH": str(ROOT)}
    with _process([sys.executable, "-P", "-m", "tests.bench.floor"], {**os.environ, **known}) as (process, line):
        yield Target(line.strip(), process.pid, token)


@contextmanager
def _process(command: list[str], known: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A process that says one line when it is ready."""
    process = subprocess.Popen(command, cwd=ROOT, env=known, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        assert line, f"{command[-1]} has not started"
        yield process, line
    finally:
        process.terminate()
        process.wait()


@contextmanager
def filled(databases: Databases, folder: Path) -> Iterator[str]:
    """A database with the content that is measured over."""

    async def make() -> str:
        database = await databases.empty()
        await fill(
            Settings(home=folder / "filling", secret=SIGNING, root_password=PASSWORD, database_url=address(database))
        )
        return database

    database = asyncio.run(make())
    try:
        yield database
    finally:
        asyncio.run(databases.drop(database))
