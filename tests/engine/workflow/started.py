"""Executions over a real database, started without a door: for tests of what carries them on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from engine.data.metadata import read_collections
from engine.data.unit import unit_of_work
from engine.database import close_database, open_database
from engine.queue.base import Claim
from engine.system.models import SERVED, Execution
from engine.workflow.documents import read_definition
from engine.workflow.events import Pending
from engine.workflow.journal import Journal
from engine.workflow.loading import Loading
from engine.workflow.processor import Run


def note(key, text="x"):
    """A node that writes."""
    return {"key": key, "type": "create", "config": {"collection": "notes", "values": {"text": text}}}


@asynccontextmanager
async def journal_over(database: str) -> AsyncIterator[Journal]:
    models = await open_database(database, ["schema.sample.models"])
    yield Journal(read_collections(models, SERVED))
    await close_database()


def defined(journal: Journal, *nodes: Any, **changed: Any) -> Any:
    document = {"key": "k", "title": "K", "type": "action", "config": {"collection": "posts"}, "nodes": list(nodes)}
    definition, faults = read_definition({**document, **changed}, journal.collections, id=1)
    assert [] == faults
    return definition


async def start(journal: Journal, definition: Any, once: str = "once", lease: str = "mine") -> Run:
    """An execution that is leased to the caller."""
    context = {"data": {"title": "x"}, "user": None}
    pending = Pending(definition, once, context, "posts", "1", None, None, None, None)
    async with unit_of_work():
        row = await journal.insert(pending, lease)
    return await load(journal, row.id, lease)


async def load(journal: Journal, execution: int, lease: str) -> Run:
    claim = Claim(execution, lease)
    return await Loading(journal, [claim]).run(claim)


async def row_of(run: Run) -> Execution:
    return await Execution.get(id=run.execution)
