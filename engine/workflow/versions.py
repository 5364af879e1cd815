"""The versions of workflows: made, changed, revised and ended, at most one of a key enabled at a time."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from engine.data.collections import Collections
from engine.data.filters import did_you_mean
from engine.data.unit import take_turns, unit_of_work
from engine.errors import Code, Complaint, Refusal, raise_for, refuse
from engine.exchange.changes import Topic, announce
from engine.outgoing.secrets import NO_SECRETS, Secrets
from engine.system.models import Execution, Workflow
from engine.workflow.catalog import Catalog, document_of
from engine.workflow.definition import Definition
from engine.workflow.documents import read_definition

_DOCUMENT = ("title", "type", "sync", "config", "options", "nodes")
_FROZEN = ("config", "options", "nodes")
_CHANGEABLE = ("title", "enabled", *_FROZEN)
_FIXED = ("key", "type", "sync")


@dataclass(frozen=True, slots=True)
class Versions:
    """Reads and writes the rows of workflows, and keeps the catalog up to date."""

    collections: Collections
    catalog: Catalog
    secrets: Secrets = NO_SECRETS

    async def create(self, values: Mapping[str, Any]) -> Workflow:
        """The first version of a key, which is made where none is given."""
        given = {name: value for name, value in values.items() if name != "enabled"}
        if given.get("key") is None:
            given["key"] = secrets.token_hex(6)
        enabled, faults = _enabled(values, default=False)
        document, wrong = self._checked(given, self.secrets)
        raise_for([*faults, *wrong, *self._unknown(document)])
        async with _unit():
            if await Workflow.exists(key=document["key"]):
                raise refuse(Code.WORKFLOW_KEY_TAKEN, f"The key '{document['key']}' is taken: revise it.", "key")
            row = await Workflow.create(version=1, **document)
            await _settle(row, enabled=enabled)
        return await self._reloaded(row.id)

    async def update(self, key: int, values: Mapping[str, Any]) -> Workflow:
        """New values for a version. What it does may change only as long as it has not run."""
        raise_for(_names(values))
        enabled, faults = _enabled(values, default=None)
        async with _unit():
            row = await _find(key)
            given = {name: value for name, value in values.items() if name != "enabled"}
            changed = {name: value for name, value in given.items() if getattr(row, name) != value}
            # A workflow whose secret was taken away can still be disabled.
            named = self.secrets if enabled or "nodes" in changed else None
            document, wrong = self._checked({**document_of(row), **changed}, named)
            # One that names a workflow which has ended since can still be disabled.
            unknown = self._unknown(document) if enabled or "config" in changed else ()
            raise_for([*faults, *wrong, *unknown])
            if changed.keys() & set(_FROZEN) and await Execution.exists(workflow_id=row.id):
                message = f"Version {row.version} of '{row.key}' has run and stays as it is: make a revision."
                raise refuse(Code.WORKFLOW_FROZEN, message)
            await row.update_from_dict({name: document[name] for name in changed}).save()
            if enabled is not None:
                await _settle(row, enabled=enabled)
        return await self._reloaded(row.id)

    async def revise(self, key: int) -> Workflow:
        """A disabled copy as the next version of the same key."""
        async with _unit():
            row = await _find(key)
            newest = await Workflow.filter(key=row.key).order_by("-version").first()
            assert newest is not None, "the version itself has the key"
            copied = {name: getattr(row, name) for name in ("key", *_DOCUMENT)}
            copy = await Workflow.create(version=newest.version + 1, **copied)
            await _settle(copy, enabled=False)
        return await self._reloaded(copy.id)

    async def sisters(self, key: int) -> list[int]:
        """All versions of the key that this one has, itself among them."""
        row = await _find(key)
        return [each.id for each in await Workflow.filter(key=row.key)]

    async def destroy(self, key: int, *, every: bool) -> int:
        """End a version, or with `every` all of its key with their executions; answers how many versions ended.

        The executions of a version that ends alone keep their copy of its document.
        """
        async with _unit():
            row = await _find(key)
            ending = Workflow.filter(key=row.key) if every else Workflow.filter(id=row.id)
            if every:
                await Execution.filter(key=row.key).delete()
            count = await ending.delete()
            if left := await Workflow.filter(key=row.key).first():
                await _settle(left, enabled=left.enabled)
        await self.catalog.reload()
        return count

    async def definition(self, key: int) -> Definition:
        """A stored version as the engine sees it, enabled or not."""
        row = await _find(key)
        read, faults = read_definition(
            document_of(row), self.collections, id=row.id, version=row.version, enabled=row.enabled
        )
        if read is None:
            raise Refusal(faults)
        return read

    def _checked(self, document: Mapping[str, Any], named: Secrets | None) -> tuple[dict[str, Any], list[Complaint]]:
        """The document with its defaults, as it is stored."""
        definition, faults = read_definition(document, self.collections, secrets=named)
        return (dict(definition.document) if definition else {}), faults

    def _unknown(self, document: Mapping[str, Any]) -> Iterator[Complaint]:
        """The workflows that one of the type `execution` would follow, and that there are none of."""
        for index, key in enumerate(document.get("config", {}).get("workflows", ())):
            if not self.catalog.knows(key):
                yield Complaint(Code.WORKFLOW_INVALID, f"There is no workflow '{key}'.", ("config", "workflows", index))

    async def _reloaded(self, key: int) -> Workflow:
        await self.catalog.reload()
        return await _find(key)


@asynccontextmanager
async def _unit() -> AsyncIterator[None]:
    """A unit that has the versions to itself: which one is current or enabled follows from all of a key."""
    async with unit_of_work():
        await take_turns("workflows")
        yield
        await announce(Topic.WORKFLOWS)


async def _find(key: int) -> Workflow:
    row = await Workflow.get_or_none(id=key)
    if row is None:
        raise refuse(Code.NOT_FOUND, f"'workflows' has no record '{key}'.")
    return row


async def _settle(row: Workflow, *, enabled: bool) -> None:
    """Enable or disable a version, its sisters with it, and mark which one is current.

    The unique columns are emptied before they are set: on the way no two rows may hold the key.
    """
    sisters = Workflow.filter(key=row.key)
    if enabled:
        await sisters.update(enabled=False, enabled_key=None)
    await Workflow.filter(id=row.id).update(enabled=enabled, enabled_key=row.key if enabled else None)
    current = await sisters.order_by("-enabled", "-version").first()
    assert current is not None, "the version itself has the key"
    await sisters.update(current=False, current_key=None)
    await Workflow.filter(id=current.id).update(current=True, current_key=row.key)


def _enabled(values: Mapping[str, Any], default: bool | None) -> tuple[Any, list[Complaint]]:
    enabled = values.get("enabled", default)
    if isinstance(enabled, bool) or "enabled" not in values:
        return enabled, []
    return None, [Complaint(Code.WORKFLOW_INVALID, "'enabled' must be true or false.", ("enabled",))]


def _names(values: Mapping[str, Any]) -> list[Complaint]:
    complaints = []
    for name in values:
        if name in _FIXED:
            message = f"'{name}' of a workflow never changes: create another workflow."
            complaints.append(Complaint(Code.FIELD_NOT_WRITABLE, message, (name,)))
        elif name not in _CHANGEABLE:
            message = f"'{name}' cannot be written.{did_you_mean(str(name), _CHANGEABLE)}"
            complaints.append(Complaint(Code.WORKFLOW_INVALID, message, (name,)))
    return complaints
