"""Nodes read from a config as a document has it and run once, where needed over a database with the sample's tables."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.data.collections import Collections
from engine.data.metadata import read_collections
from engine.data.records import Records
from engine.database import close_database, open_database
from engine.outgoing.addresses import Reach
from engine.outgoing.calls import Caller
from engine.outgoing.secrets import Secrets
from engine.outgoing.transport import CheckedTransport
from engine.system.models import Execution, Job, Role, User, Workflow
from engine.workflow.complaints import Complaints
from engine.workflow.nodes.base import Left, Node, Outcome, Tools
from engine.workflow.scope import Known, Scope
from tests.databases import MakeDatabase

NOW = datetime(2026, 5, 3, 10, 0, tzinfo=UTC)


@dataclass
class Bench:
    """Reads configs and runs nodes as one place of a workflow about posts, behind the node `find`."""

    collections: Collections
    data: dict[str, Any] = field(default_factory=lambda: {"id": 7, "title": "Hello", "content": None})
    user: dict[str, Any] | None = None
    found: Any = None
    now: datetime = NOW
    caller: Caller = field(default_factory=lambda: Caller(CheckedTransport(Reach()), Secrets()))

    @property
    def scope(self) -> Scope:
        return Scope({"data": self.data, "user": self.user}, {"find": self.found}, self.now, "12:node")

    def read(self, kind: type[Node[Any]], config: Mapping[str, Any], branches: Iterable[str] = ()) -> Any:
        read, complaints = self._read(kind, config, branches)
        assert {} == complaints
        return read

    def told(self, kind: type[Node[Any]], config: Mapping[str, Any], branches: Iterable[str] = ()) -> dict[str, str]:
        """The complaints about a config by place."""
        return self._read(kind, config, branches)[1]

    async def run(self, kind: type[Node[Any]], config: Mapping[str, Any], branches: Iterable[str] = ()) -> Outcome:
        return await self.node(kind).run(self.read(kind, config, branches), self.scope)

    async def resume(
        self, kind: type[Node[Any]], config: Mapping[str, Any], left: Left, branches: Iterable[str] = ()
    ) -> Outcome:
        return await self.node(kind).resume(self.read(kind, config, branches), self.scope, left)

    def input(self, kind: type[Node[Any]], config: Mapping[str, Any], branches: Iterable[str] = ()) -> Any:
        """What the history shows."""
        return self.node(kind).input(self.read(kind, config, branches), self.scope)

    def node(self, kind: type[Node[Any]]) -> Node[Any]:
        return kind(Tools(Records(self.collections), self.caller))

    def _read(self, kind: type[Node[Any]], config: Any, branches: Iterable[str]) -> tuple[Any, dict[str, str]]:
        complaints = Complaints()
        inside = frozenset({"inner"} if branches else ())
        known = Known(self.collections, "posts", (), frozenset({"find"}), inside=inside)
        read = kind.read(config, frozenset(branches), known, complaints)
        return read, {".".join(map(str, complaint.path)): complaint.message for complaint in complaints.found}


@pytest.fixture
def bench(collections: Collections) -> Bench:
    """For nodes that are only read, or touch no record."""
    return Bench(collections)


@pytest.fixture
async def bench_with_tables(make_database: MakeDatabase) -> AsyncIterator[Bench]:
    models = await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    yield Bench(read_collections(models, [User, Role, Workflow, Execution, Job]))
    await close_database()
