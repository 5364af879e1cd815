"""The workflows in memory: what a write asks of them costs no statement."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from engine.data.collections import Collections
from engine.system.models import Workflow
from engine.workflow.definition import Definition
from engine.workflow.documents import read_definition

log = logging.getLogger("bangpath.workflow")


class Catalog:
    """The enabled versions by key, and which keys there are at all. Reloaded after each change of a workflow."""

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        self._reloading = asyncio.Lock()
        self._enabled: dict[str, Definition] = {}
        self._globals: tuple[Definition, ...] = ()
        self._keys: tuple[str, ...] = ()

    def find(self, key: str) -> Definition | None:
        """The enabled version of a key."""
        return self._enabled.get(key)

    def knows(self, key: str) -> bool:
        """Whether any version has the key."""
        return key in self._keys

    def keys(self) -> Sequence[str]:
        """Every key in alphabetical order, enabled or not."""
        return self._keys

    def globals(self) -> Sequence[Definition]:
        """The global workflows in the order of their keys."""
        return self._globals

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
        self._globals = tuple(item for item in self._enabled.values() if item.config.globally)

    def _read(self, row: Workflow) -> Definition | None:
        document = document_of(row)
        definition, faults = read_definition(
            document, self._collections, id=row.id, version=row.version, enabled=row.enabled
        )
        for fault in faults:
            place = ".".join(map(str, fault.path))
            log.error("workflow '%s' version %s is left out: %s %s", row.key, row.version, place, fault.message)
        return definition


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
