"""Reads the nodes of a workflow's document, and what hangs in their branches, as the steps that run."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from engine.workflow.complaints import Complaints
from engine.workflow.definition import Retry, Step
from engine.workflow.members import Members
from engine.workflow.nodes import NODES_BY_KIND
from engine.workflow.nodes.base import Effect, Node
from engine.workflow.scope import Known
from engine.workflow.templates import Path
from engine.workflow.unfit import MAX_BRANCHES

MAX_NODES = 200
MAX_PATH = 200
"""Characters of a node's place; it is kept with each run of the node, with the numbers of the rounds of loops."""
MAX_ATTEMPTS = 10
FIRST_PAUSE, MAX_FIRST_PAUSE = 1.0, 3_600
MAX_NODE_SECONDS = 3_600

KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
KEY_RULE = "letters, digits, '_' and '-', at most 64"
# What may fail of something that passes is attempted again, unless the document says otherwise.
_ATTEMPTS: Mapping[Effect, int] = MappingProxyType({Effect.NONE: 1, Effect.READ: 3, Effect.WRITE: 3, Effect.OUTSIDE: 3})


@dataclass(slots=True)
class Nodes:
    """Reads lists of nodes, and what hangs in their branches. `keys` are those met so far."""

    complaints: Complaints
    sync: bool = False
    atomic: bool = False
    keys: set[str] = field(default_factory=set)
    count: int = 0

    def read(
        self, given: Sequence[Any], known: Known, place: Path, prefix: str, depth: int
    ) -> tuple[tuple[Step, ...], Known]:
        """The steps of a list, and what is known behind it. `prefix` begins their paths."""
        steps = []
        for index, node in enumerate(given):
            self.count += 1
            if self.count > MAX_NODES:
                if self.count == MAX_NODES + 1:
                    self.complaints.add(f"A workflow has at most {MAX_NODES} nodes.", *place)
                break
            step, known = self._node(node, known, (*place, index), prefix, depth)
            if step:
                steps.append(step)
        return tuple(steps), known

    def _node(self, given: Any, known: Known, place: Path, prefix: str, depth: int) -> tuple[Step | None, Known]:
        complaints = self.complaints.at(*place)
        if not isinstance(given, Mapping):
            complaints.add("A node is an object with 'key', 'type' and 'config'.")
            return None, known
        members = Members(given, complaints)
        members.refuse_others("key", "type", "title", "config", "branches", "retry", "timeout")
        key = self._key(members, prefix)
        title = members.text("title") if given.get("title") is not None else None
        kind = members.choice("type", NODES_BY_KIND)
        node = NODES_BY_KIND[kind] if kind else None
        if node:
            self._fit(node, known, complaints)
        config = members.object("config")
        retry = self._retry(members, node)
        timeout = members.seconds("timeout", MAX_NODE_SECONDS, None)
        branches = self._branches(members, node.branches if node else None, depth)
        inside, behind = self._inside(branches, known, key, node, (*place, "branches"), prefix, depth)
        around = replace(known, inside=behind.jobs - known.jobs - {key or ""})
        read = node.read(config, branches.keys(), around, complaints.at("config")) if node else None
        if key and node and read is not None:
            step = Step(key, node.kind, title, read, node.effect, inside, node.loops, retry, timeout)
            return step, behind
        return None, behind

    def _fit(self, node: type[Node[Any]], known: Known, complaints: Complaints) -> None:
        """Complain about a kind of node that this workflow, or this place in it, cannot have."""
        if self.atomic and node.effect is Effect.OUTSIDE:
            complaints.add(f"A '{node.kind}' cannot be undone, so an 'atomic' workflow has none.", "type")
        if self.sync and node.waits:
            complaints.add(f"A '{node.kind}' waits, and so would the caller of a sync workflow: make it async.", "type")
        if node.leaves and not known.loops:
            complaints.add(f"A '{node.kind}' is for the inside of a 'loop'.", "type")

    def _retry(self, members: Members, node: type[Node[Any]] | None) -> Retry:
        given = Members(members.object("retry"), members.complaints.at("retry"))
        given.refuse_others("attempts", "seconds")
        default = _ATTEMPTS[node.effect] if node and not self.sync else 1
        if given.given and self.sync:
            members.complaints.add("A sync workflow is not retried: somebody waits for it.", "retry")
        elif given.given and node and node.effect is Effect.NONE:
            members.complaints.add(f"A '{node.kind}' only computes: nothing would come of another attempt.", "retry")
        attempts = given.number("attempts", 1, MAX_ATTEMPTS, default)
        return Retry(attempts, given.seconds("seconds", MAX_FIRST_PAUSE, FIRST_PAUSE))

    def _key(self, members: Members, prefix: str) -> str | None:
        key = members.text("key")
        if key is None:
            return None
        if not KEY.fullmatch(key):
            members.complaints.add(f"A key is made of {KEY_RULE}.", "key")
        elif key.startswith("_"):
            members.complaints.add("A node's key does not begin with '_': variables could not name it.", "key")
        elif key in self.keys:
            members.complaints.add(f"Another node has the key '{key}' already.", "key")
        elif len(prefix) + len(key) > MAX_PATH:
            members.complaints.add(f"The keys on the way to a node have at most {MAX_PATH} characters in all.", "key")
        else:
            self.keys.add(key)
            return key
        return None

    def _branches(self, members: Members, names: tuple[str, ...] | None, depth: int) -> dict[str, tuple[Any, ...]]:
        """The lists of nodes by branch, of branches that this kind has; None for a kind that is not known."""
        branches = Members(members.object("branches"), members.complaints.at("branches"))
        if branches.given and depth == MAX_BRANCHES:
            members.complaints.add(f"Branches nest at most {MAX_BRANCHES} deep.", "branches")
            return {}
        if names is None:
            names = tuple(branches.given)
        branches.refuse_others(*names)
        return {name: branches.list(name) for name in names if name in branches.given}

    def _inside(
        self,
        branches: Mapping[str, tuple[Any, ...]],
        known: Known,
        key: str | None,
        node: type[Node[Any]] | None,
        place: Path,
        prefix: str,
        depth: int,
    ) -> tuple[dict[str, tuple[Step, ...]], Known]:
        """The steps in the branches of a node, and what is known behind it.

        One branch does not know what another does, what comes behind them knows both.
        """
        behind = replace(known, jobs=known.jobs | {key}) if key else known
        within = replace(behind, loops=(*known.loops, key)) if key and node and node.loops else behind
        inside = {}
        for name, given in branches.items():
            steps, reached = self.read(given, within, (*place, name), f"{prefix}{key or ''}/{name}/", depth + 1)
            inside[name] = steps
            behind = replace(behind, jobs=behind.jobs | reached.jobs)
        return inside, behind
