"""The workflows in memory: what a write asks of them costs no statement."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

from engine.data.collections import Collections
from engine.system.models import Status, Workflow, WorkflowType
from engine.workflow.definition import Definition
from engine.workflow.documents import read_definition
from engine.workflow.nodes.base import Effect
from engine.workflow.triggers.action import ActionConfig
from engine.workflow.triggers.execution import ExecutionConfig

log = logging.getLogger("bangpath.workflow")


class Catalog:
    """The enabled versions by key, and which keys there are at all. Reloaded after each change of a workflow."""

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        self._reloading = asyncio.Lock()
        self._enabled: dict[str, Definition] = {}
        self._globals: Mapping[str, Sequence[Definition]] = {}
        self._followers: Mapping[str, Sequence[Definition]] = {}
        self._hooks: tuple[Definition, ...] = ()
        self._keys: tuple[str, ...] = ()
        self._inside: frozenset[str] = frozenset()

    def find(self, key: str) -> Definition | None:
        """The enabled version of a key."""
        return self._enabled.get(key)

    def knows(self, key: str) -> bool:
        """Whether any version has the key."""
        return key in self._keys

    def keys(self) -> Sequence[str]:
        """Every key in alphabetical order, enabled or not."""
        return self._keys

    def stays_inside(self, key: str) -> bool:
        """Whether all that the enabled version of a key does is in the database, which a transaction takes back."""
        return key in self._inside

    def globals(self, collections: Iterable[str]) -> Sequence[Definition]:
        """The workflows of type `action` that follow these collections unnamed, in the order of their keys."""
        return _of(collections, self._globals)

    def followers(self, collections: Iterable[str]) -> Sequence[Definition]:
        """The workflows of type `collection` that follow these, in the order of their keys."""
        return _of(collections, self._followers)

    def hooks(self, workflow: str, status: Status) -> Sequence[Definition]:
        """The workflows of type `execution` that follow an end of this one in this status."""
        return [hook for hook in self._hooks if _is_hook(hook, workflow, status)]

    async def reload(self) -> None:
        """Read all workflows anew. One that no longer fits the models is left out, and an error line says so."""
        # One after the other: what was read before a change must not be put in place after what was read behind it.
        async with self._reloading:
            await self._reload()

    async def _reload(self) -> None:
        keys = await Workflow.all().distinct().values_list("key", flat=True)
        definitions = [self._read(row) for row in await Workflow.filter(enabled=True).order_by("key")]
        self._keys = tuple(sorted({str(key) for key in keys}))
        self._enabled = {definition.key: definition for definition in definitions if definition}
        self._inside = frozenset(key for key, each in self._enabled.items() if _stays_inside(each))
        by_type = {kind: [each for each in self._enabled.values() if each.type is kind] for kind in WorkflowType}
        self._globals = _by_collection(each for each in by_type[WorkflowType.ACTION] if _is_global(each))
        self._followers = _by_collection(by_type[WorkflowType.COLLECTION])
        self._hooks = tuple(by_type[WorkflowType.EXECUTION])

    def _read(self, row: Workflow) -> Definition | None:
        document = document_of(row)
        definition, faults = read_definition(
            document, self._collections, id=row.id, version=row.version, enabled=row.enabled
        )
        for fault in faults:
            place = ".".join(map(str, fault.path))
            log.error("workflow '%s' version %s is left out: %s %s", row.key, row.version, place, fault.message)
        return definition


def _by_collection(definitions: Iterable[Definition]) -> Mapping[str, Sequence[Definition]]:
    """So that a write does not look at the workflows of others."""
    found: dict[str, list[Definition]] = {}
    for definition in definitions:
        found.setdefault(definition.collection, []).append(definition)
    return found


def _of(collections: Iterable[str], by_collection: Mapping[str, Sequence[Definition]]) -> Sequence[Definition]:
    found = [definition for name in collections for definition in by_collection.get(name, ())]
    return sorted(found, key=lambda definition: definition.key)


def _is_global(definition: Definition) -> bool:
    return isinstance(definition.config, ActionConfig) and definition.config.globally


def _stays_inside(definition: Definition) -> bool:
    return all(step.effect is not Effect.OUTSIDE for step in definition.walk())


def _is_hook(definition: Definition, workflow: str, status: Status) -> bool:
    return isinstance(definition.config, ExecutionConfig) and definition.config.follows(workflow, status)


def document_of(row: Workflow) -> dict[str, object]:
    """The document of a stored version."""
    return {
        "key": row.key,
        "title": row.title,
        "type": row.type.value,
        "sync": row.sync,
        "config": row.config,
        "options": row.options,
        "nodes": row.nodes,
    }
