"""Reads a workflow's document: everything that is wrong with it together, or the definition that runs."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from engine.data.collections import Collections
from engine.data.values import refuse_unstorable
from engine.errors import Complaint
from engine.outgoing.secrets import Secrets
from engine.system.models import WorkflowType
from engine.workflow.complaints import Complaints
from engine.workflow.definition import Definition, Options, Retry, Step
from engine.workflow.members import Members
from engine.workflow.nodes import NODES_BY_KIND
from engine.workflow.nodes.base import Effect, Node
from engine.workflow.scope import Known
from engine.workflow.templates import Path
from engine.workflow.triggers import TRIGGERS_BY_KIND
from engine.workflow.triggers.changes import ChangeConfig

MAX_BYTES = 64 * 1024
MAX_NESTING = 64
MAX_NODES = 200
MAX_BRANCHES = 10
MAX_TITLE = 255
MAX_PATH = 200
"""Characters of a node's place; it is kept with each run of the node, with the numbers of the rounds of loops."""
MAX_ATTEMPTS = 10
FIRST_PAUSE, MAX_FIRST_PAUSE = 1.0, 3_600
MAX_NODE_SECONDS = 3_600
MAX_CONCURRENCY = 1_000
REENTRIES, MAX_REENTRIES = 1, 8
MAX_RUN_SECONDS = 366 * 24 * 60 * 60

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEY_RULE = "letters, digits, '_' and '-', at most 64"
# What may fail of something that passes is attempted again, unless the document says otherwise.
_ATTEMPTS: Mapping[Effect, int] = MappingProxyType({Effect.NONE: 1, Effect.READ: 3, Effect.WRITE: 3, Effect.OUTSIDE: 3})


def read_definition(
    document: Mapping[str, Any],
    collections: Collections,
    *,
    id: int = 0,
    version: int = 1,
    enabled: bool = False,
    secrets: Secrets | None = None,
) -> tuple[Definition | None, list[Complaint]]:
    """The definition of a document and no complaints, or None and all of them.

    Both what a caller wants to save and what was saved are read by this; nothing is validated when a workflow runs.
    Only what is saved is read with the `secrets` that there are: where one is taken away the calls that show it fail,
    and not the whole workflow.
    """
    complaints = Complaints()
    if (unfit := _unfit(document)) is not None:
        complaints.add(*unfit)
        return None, complaints.found
    members = Members(document, complaints)
    members.refuse_others("key", "title", "type", "sync", "config", "options", "nodes")
    key, title = _key(members), _title(members)
    kind = members.choice("type", WorkflowType)
    sync = members.flag("sync")
    if kind and sync and not TRIGGERS_BY_KIND[kind].may_be_sync:
        complaints.add(f"Nobody waits for a workflow of type '{kind}': leave 'sync' out.", "sync")
    config = _config(members, kind, collections)
    options = _options(members, kind, sync=sync)
    known = Known(collections, secrets=secrets)
    if config:
        known = replace(known, collection=config.collection, appends=config.appends)
    steps, _ = _Nodes(complaints, sync=sync, atomic=options.atomic).read(
        members.list("nodes"), known, ("nodes",), "", 0
    )
    if complaints.found or key is None or title is None or kind is None or config is None:
        return None, complaints.found
    whole = {
        "key": key,
        "title": title,
        "type": kind.value,
        "sync": sync,
        "config": document.get("config") or {},
        "options": document.get("options") or {},
        "nodes": document.get("nodes") or [],
    }
    return Definition(id, key, version, title, kind, sync, enabled, config, options, steps, whole), []


def _key(members: Members) -> str | None:
    key = members.text("key")
    if key is not None and not _KEY.fullmatch(key):
        members.complaints.add(f"A key is made of {_KEY_RULE}.", "key")
    return key


def _title(members: Members) -> str | None:
    title = members.text("title")
    if title is not None and len(title) > MAX_TITLE:
        members.complaints.add(f"A title has at most {MAX_TITLE} characters.", "title")
    return title


def _config(members: Members, kind: WorkflowType | None, collections: Collections) -> ChangeConfig | None:
    given = members.object("config")
    if kind is None:
        return None
    config: ChangeConfig | None = TRIGGERS_BY_KIND[kind].read(given, collections, members.complaints.at("config"))
    return config


def _options(members: Members, kind: WorkflowType | None, *, sync: bool) -> Options:
    options = Members(members.object("options"), members.complaints.at("options"))
    options.refuse_others("atomic", "runAs", "timeout", "ordering", "concurrency", "reentries")
    atomic = options.flag("atomic")
    if atomic and not sync:
        options.complaints.add("'atomic' needs 'sync': true, since it decides whether the write stands.", "atomic")
    as_caller = options.choice("runAs", ("system", "caller"), "system") == "caller"
    if as_caller and kind and not TRIGGERS_BY_KIND[kind].for_callers:
        options.complaints.add(f"No caller starts a workflow of type '{kind}': it runs as 'system'.", "runAs")
    for name in ("ordering", "concurrency"):
        if sync and options.given.get(name) is not None:
            options.complaints.add(f"'{name}' may let a run wait, and so the caller of a sync workflow.", name)
    in_order = options.choice("ordering", ("per_record", "none"), "none") == "per_record"
    concurrency = options.number("concurrency", 1, MAX_CONCURRENCY, 0) or None
    reentries = options.number("reentries", 0, MAX_REENTRIES, REENTRIES)
    timeout = options.seconds("timeout", MAX_RUN_SECONDS, None)
    return Options(atomic, timeout, in_order, concurrency, reentries, as_caller)


@dataclass(slots=True)
class _Nodes:
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
        if not _KEY.fullmatch(key):
            members.complaints.add(f"A key is made of {_KEY_RULE}.", "key")
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


def _unfit(document: Any) -> tuple[Any, ...] | None:
    """Why a value cannot be a document at all, with the place; so that the rest need not fear it."""
    if not isinstance(document, Mapping):
        return ("A workflow is an object with 'key', 'title', 'type', 'config' and 'nodes'.",)
    too_long = f"A workflow has at most {MAX_BYTES // 1024} KiB of JSON text."
    for count, (value, path) in enumerate(_walk(document)):
        # Each value takes at least one byte, so this also ends on structures that contain themselves.
        if count > MAX_BYTES:
            return (too_long,)
        if len(path) > MAX_NESTING:
            return (f"A workflow nests at most {MAX_NESTING} deep.", *path[:MAX_BRANCHES])
        if (fault := _fault(value)) is not None:
            return (fault, *path)
    return (too_long,) if len(json.dumps(document, ensure_ascii=False, default=dict).encode()) > MAX_BYTES else None


def _walk(document: Any) -> Iterator[tuple[Any, Path]]:
    """Every value in a document with its place, deeper ones later; not by recursion, which depth would end."""
    waiting: list[tuple[Any, Path]] = [(document, ())]
    for value, path in waiting:
        yield value, path
        if isinstance(value, Mapping):
            waiting += ((member, (*path, name)) for name, member in value.items())
        elif isinstance(value, list | tuple):
            waiting += ((item, (*path, index)) for index, item in enumerate(value))


def _fault(value: Any) -> str | None:
    match value:
        case Mapping():
            for name in value:
                if not isinstance(name, str):
                    return "Names of members are texts."
                if (fault := _fault(name)) is not None:
                    return fault
        case str():
            try:
                refuse_unstorable(value)
            except ValueError as error:
                return f"A text {error}."
        case bool() | None | list() | tuple():
            return None
        case int() if abs(value) >= 2**63:
            return "A number has at most 64 bits: write it as text."
        case float() if not math.isfinite(value):
            return "A number is finite."
        case int() | float():
            return None
        case _:
            return "Only JSON values can be in a workflow."
    return None
