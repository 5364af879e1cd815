"""How many queued executions workers bring to their end in a second, what a claim costs however much is queued, and
how long a loop of 100 creates takes.

The first worker runs in this process over a database of its own, without doors; the others, on PostgreSQL alone, are
processes of their own, and the clock starts when they do their first. What is queued is inserted, and on PostgreSQL
entered into the queue, before; the write that would have caused it is not part of what is measured.
BANGPATH_TEST_DATABASE_URL names a PostgreSQL server; without it the database is an SQLite file.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from engine.data.metadata import read_collections
from engine.data.unit import unit_of_work
from engine.database import close_database, open_database
from engine.engine import Engine
from engine.identity.accounts import Accounts
from engine.identity.attempts import Attempts
from engine.identity.passwords import Passwords
from engine.identity.tokens import Tokens
from engine.outgoing.addresses import Reach
from engine.queue.adapters import make_queue
from engine.queue.base import Room
from engine.system.models import SERVED, Execution, Status
from engine.workflow.journal import LEASE
from tests.bench._figures import percentile
from tests.databases import SERVER, Databases, address, databases_in

MODELS = ["schema.sample.models"]
QUEUED = 1_000
BACKLOGS = 100, 10_000, 100_000
CLAIMS = 200
AT_ONCE = 5_000
LOCAL = IPv4Network("127.0.0.0/8")
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
NOTE = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": "x"}}}
LOOP = {"key": "loop", "type": "loop", "config": {"count": 100}, "branches": {"do": [NOTE]}}


async def main() -> None:
    async with answering() as url, opened(databases_in) as (engine, database):
        call = {"key": "call", "type": "request", "config": {"method": "GET", "url": url}}
        for name, nodes in (("no nodes", []), ("one create node", [NOTE]), ("one request node", [call])):
            tell(name, await drain(engine, nodes, QUEUED))
            for count in (1, 2, 4) if SERVER else ():
                tell(f"{name}, {count} processes", await drain_beside(engine, database, nodes, QUEUED, count))
        seconds = await drain(engine, [LOOP], 1)
        print(f"{'a loop of 100 creates, end to end':<40} {seconds * 1000:8.0f} ms")
        for backlog in BACKLOGS:
            await claim(engine, backlog)


def tell(name: str, seconds: float) -> None:
    print(f"{name:<40} {QUEUED / seconds:8.0f} executions a second   n {QUEUED}", flush=True)


async def drain(engine: Engine, nodes: Sequence[Any], count: int) -> float:
    """Seconds until as many executions of a workflow of these nodes have ended as were queued."""
    await fill(engine, nodes, count)
    begun = time.perf_counter()
    engine.worker.start()
    await emptied()
    seconds = time.perf_counter() - begun
    await engine.worker.stop()
    return seconds


async def drain_beside(engine: Engine, database: str, nodes: Sequence[Any], count: int, processes: int) -> float:
    """The same by so many processes, from the first that is taken on."""
    settings = {"DATABASE_URL": address(database), "SECRET": "x" * 32, "PRIVATE_NETWORKS": str(LOCAL)}
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, **{f"BANGPATH_{name}": value for name, value in settings.items()}}
        workers = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "api", "worker"),
                env={**environment, "BANGPATH_HOME": f"{home}/{number}"},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            for number in range(processes)
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert await worker.stdout.readline(), "the worker has not started"
        await fill(engine, nodes, count)
        begun = time.perf_counter()
        await emptied()
        seconds = time.perf_counter() - begun
        for worker in workers:
            worker.terminate()
            await worker.wait()
    return seconds


async def claim(engine: Engine, backlog: int) -> None:
    """What it takes to take one, with so many queued behind it."""
    await Execution.all().delete()
    await fill(engine, [], backlog)
    queue = make_queue(LEASE)
    seconds = []
    for _ in range(min(CLAIMS, backlog)):
        begun = time.perf_counter()
        [_] = await queue.take(Room(1))
        seconds.append((time.perf_counter() - begun) * 1000)
    middle, far = percentile(seconds, 50), percentile(seconds, 95)
    print(f"{f'a claim, {backlog} queued':<40} p50 {middle:8.1f} ms   p95 {far:8.1f} ms   n {len(seconds)}", flush=True)


async def fill(engine: Engine, nodes: Sequence[Any], count: int) -> None:
    """Queue so many executions of a new workflow, as writes do it but many at once."""
    key = f"drain{time.perf_counter_ns()}"
    document = {"key": key, "title": key, "type": "action", "config": {"collection": "posts"}, "nodes": list(nodes)}
    workflow = await engine.versions.create({**document, "enabled": True})
    queue = make_queue(LEASE)
    for begin in range(0, count, AT_ONCE):
        async with unit_of_work():
            numbers = range(begin, min(begin + AT_ONCE, count))
            await Execution.bulk_create([queued(workflow.id, key, document, number) for number in numbers])
            latest = await Execution.filter(key=key).order_by("-id").limit(len(numbers)).values_list("id", flat=True)
            await queue.put(sorted(latest))


async def emptied() -> None:
    while await Execution.filter(status__in=(Status.QUEUED, Status.RUNNING)).exists():
        await asyncio.sleep(0.01)
    assert not await Execution.filter(status=Status.ERROR).exists()


def queued(workflow: int, key: str, document: Any, number: int) -> Execution:
    context = {"data": {"title": "x"}, "user": None}
    known = {"workflow_id": workflow, "version": 1, "document": document, "sync": False, "status": Status.QUEUED}
    return Execution(once=f"{key}:{number}", key=key, context=context, **known)


@asynccontextmanager
async def answering() -> AsyncIterator[str]:
    """The address of a service in this process that answers every request at once."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@asynccontextmanager
async def opened(kind: Callable[[Path], Databases]) -> AsyncIterator[tuple[Engine, str]]:
    """An engine that does not run executions yet, over a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        databases = kind(Path(folder))
        database = await databases.empty()
        models = await open_database(database, MODELS)
        accounts = Accounts(Tokens("x" * 32), Passwords(), Attempts())
        yield Engine(read_collections(models, SERVED), accounts, reach=Reach((LOCAL,))), database
        await close_database()
        await databases.drop(database)


if __name__ == "__main__":
    asyncio.run(main())
