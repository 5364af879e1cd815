"""How many queued executions one worker brings to their end in a second, and how long a loop of 100 creates takes.

The worker runs in this process over a database of its own, without doors. What is queued is inserted before the clock
starts; the write that would have caused it is not part of what is measured.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.data.collections import read_collections
from engine.data.unit import unit_of_work
from engine.database import close_database, open_database
from engine.engine import Engine
from engine.identity.accounts import Accounts
from engine.identity.attempts import Attempts
from engine.identity.passwords import Passwords
from engine.identity.tokens import Tokens
from engine.system.models import SERVED, Execution, Status

MODELS = ["schema.sample.models"]
QUEUED = 1_000
NOTE = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": "x"}}}
LOOP = {"key": "loop", "type": "loop", "config": {"count": 100}, "branches": {"do": [NOTE]}}


async def main() -> None:
    async with opened() as engine:
        for name, nodes in (("no nodes", []), ("one create node", [NOTE])):
            seconds = await drain(engine, nodes, QUEUED)
            print(f"{name:<40} {QUEUED / seconds:8.0f} executions a second   n {QUEUED}")
        seconds = await drain(engine, [LOOP], 1)
        print(f"{'a loop of 100 creates, end to end':<40} {seconds * 1000:8.0f} ms")


async def drain(engine: Engine, nodes: Sequence[Any], count: int) -> float:
    """Seconds until as many executions of a workflow of these nodes have ended as were queued."""
    key = f"drain{time.perf_counter_ns()}"
    document = {"key": key, "title": key, "type": "action", "config": {"collection": "posts"}, "nodes": list(nodes)}
    workflow = await engine.versions.create(document)
    async with unit_of_work():
        made = [queued(workflow.id, key, document, number) for number in range(count)]
        await Execution.bulk_create(made)
    begun = time.perf_counter()
    engine.worker.start()
    while await Execution.filter(status__in=(Status.QUEUED, Status.RUNNING)).exists():
        await asyncio.sleep(0.01)
    seconds = time.perf_counter() - begun
    await engine.worker.stop()
    return seconds


def queued(workflow: int, key: str, document: Any, number: int) -> Execution:
    context = {"data": {"title": "x"}, "user": None}
    known = {"workflow_id": workflow, "version": 1, "document": document, "sync": False, "status": Status.QUEUED}
    return Execution(once=f"{key}:{number}", key=key, context=context, **known)


@asynccontextmanager
async def opened() -> AsyncIterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        models = await open_database(str(Path(folder) / "bench.db"), MODELS)
        accounts = Accounts(Tokens("x" * 32), Passwords(), Attempts())
        yield Engine(read_collections(models, SERVED), accounts)
        await close_database()


if __name__ == "__main__":
    asyncio.run(main())
