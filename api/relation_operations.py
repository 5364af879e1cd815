"""The actions on what hangs on one record: those on records, narrowed, and those that link and unlink."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from api import answers, params
from api.answers import Body
from api.operations import READS, RECORDS, Asked, Operation, Operations, Run, writing
from api.shapes import answers as shapes
from api.shapes import records
from engine.actions import LinkMode, LinkRecords
from engine.data.collections import Collection, Relation
from engine.data.plans import is_filled
from engine.errors import Code, Complaint

_ABOUT: Mapping[LinkMode, str] = MappingProxyType(
    {
        LinkMode.ADD: "Link more records",
        LinkMode.SET: "Link these records and no others",
        LinkMode.REMOVE: "Unlink records, which stay",
        LinkMode.TOGGLE: "Link a record, or unlink it if it is",
    }
)

_SINGLE = ("get", "create", "firstOrCreate", "updateOrCreate", "update", "destroy", "set", "remove")
"""What can be asked where no more than one record hangs."""

_CREATING = ("create", "firstOrCreate", "updateOrCreate")


def related_operations(owner: Collection, relation: Relation, target: Collection) -> Operations:
    """What can be asked of the records that hang on one by this relation.

    Ours are written by their own actions alone, so neither through a relation nor by linking something with one.
    """
    offered = dict(READS if target.system else RECORDS)
    if not owner.system:
        offered |= LINKS
    elif not is_filled(relation):
        offered = {name: each for name, each in offered.items() if name not in _CREATING}
    if not relation.kind.to_many:
        offered = {name: each for name, each in offered.items() if name in _SINGLE}
    return {name: _of(target.name, each) for name, each in offered.items()}


def _of(target: str, operation: Operation) -> Operation:
    """The operation as it is described where the path names a relation, and not the collection it leads to."""
    body = shapes.of(target, operation.body) if operation.body else None
    return replace(operation, body=body, answer=shapes.of(target, operation.answer))


def _link(mode: LinkMode) -> Run:
    async def link(asked: Asked) -> Body:
        keys, complaints = _keys(asked)
        action = LinkRecords(**asked.subject, mode=mode, keys=keys, dry_run=asked.params.dry_run)
        action = replace(action, complaints=(*action.complaints, *complaints))
        return answers.data(await asked.resolve(asked.context, action))

    return link


def _keys(asked: Asked) -> tuple[tuple[Any, ...] | None, list[Complaint]]:
    """The keys in the query or in the body, where they are the whole, or `values`; a single one needs no list."""
    given = asked.values
    if isinstance(given, dict) and given.keys() == {"values"}:
        given = given["values"]
    named = asked.params.keys
    if given == {}:
        return named or None, []
    if named:
        return named, [Complaint(Code.BAD_KEY, "The query and the body both name keys: give one of them.")]
    if isinstance(given, dict) or given is None:
        return (), [Complaint(Code.BAD_VALUE, "The body is a list of keys.")]
    return tuple(given) if isinstance(given, list) else (given,), []


LINKS: Operations = MappingProxyType(
    {
        mode.value: writing(
            _link(mode),
            *params.LINK,
            about=about,
            body=records.keys,
            answer=shapes.data(shapes.listed(records.key)),
        )
        for mode, about in _ABOUT.items()
    }
)
