"""What only the database knows of a plan, told before anything is written: links to nothing, and taken values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from tortoise.expressions import Q

from engine.actions import Action
from engine.data.collections import Collection, Collections, Field, Relation
from engine.data.plans import Link, Path, Plan, is_filled
from engine.data.relations import RelationKind
from engine.data.values import render
from engine.errors import Code, Complaint

Present: TypeAlias = set[tuple[str, Any]]
"""Records that are there, by collection and key."""

Written: TypeAlias = tuple[Plan, Sequence[Any]]
"""A plan that will be carried out, and the keys of the records that are updated by it; none for a new record."""


async def conflicts(
    action: Action, collections: Collections, plans: Sequence[Plan], own: Sequence[Any] = ()
) -> list[Complaint]:
    """Everything in the plans that the database would refuse. `own` are the records that an update gives values.

    A record that is hidden from the role is not there to be linked.
    """
    links = [(relation.target, link) for plan in plans for relation, link in _links(plan)]
    present = await _present(action.seen(collections), links)
    written = [each for plan in plans for each in _written(plan, own, present)]
    forbidden = await _forbidden(action.written(collections, "update"), links, present)
    return [
        *_missing(written, present),
        *(_untouchable(target, link) for target, link in forbidden),
        *await _taken(written, present),
        # Of a record that is not theirs to link nobody is told whether it is free: that may be hidden from them.
        *await _taken_targets(collections, written, present - {(target, link.key) for target, link in forbidden}),
        *_shared(written, present),
    ]


def is_free(plan: Plan) -> bool:
    """Whether a plan has neither links nor unique values, as most have: there is nothing to be asked then."""
    return not (plan.to_one or plan.to_other or plan.collection.unique & plan.columns.keys())


async def _present(collections: Collections, links: Iterable[tuple[str, Link]]) -> Present:
    wanted: dict[str, set[Any]] = {}
    for target, link in links:
        wanted.setdefault(target, set()).add(link.key)
    return {
        (target, key)
        for target, keys in wanted.items()
        for collection in [collections[target]]
        for key in await collection.among(keys)
    }


async def _forbidden(
    writable: Collections, links: Sequence[tuple[str, Link]], present: Present
) -> list[tuple[str, Link]]:
    """Which links change records that are there, and that the role may not change."""
    changed = [(target, link) for target, link in links if link.changed or link.changes]
    limited = [each for each in changed if writable[each[0]].rows]
    allowed = await _present(writable, limited)
    return [(target, link) for target, link in limited if (target, link.key) in present - allowed]


def _untouchable(target: str, link: Link) -> Complaint:
    message = f"Your role may not update record '{render(link.key)}' of '{target}'."
    return Complaint(Code.NO_PERMISSION, message, link.path)


def _missing(written: Sequence[Written], present: Present) -> Iterator[Complaint]:
    for plan, _ in written:
        for relation, item in _items(plan):
            if not isinstance(item, Link) or (relation.target, item.key) in present:
                continue
            if item.new is None and not item.lacks:
                message = f"'{relation.target}' has no record '{render(item.key)}' to link."
                yield Complaint(Code.BAD_VALUE, message, item.path)
            yield from item.lacks


async def _taken(written: Sequence[Written], present: Present) -> list[Complaint]:
    """Which values some other record has, of this request too, though it must be the only one."""
    complaints: list[Complaint] = []
    seen: set[tuple[str, str, Any]] = set()
    for plan, own in written:
        for field, value, path in _unique_values(plan, present):
            mark = (plan.collection.name, field.attribute, value)
            others = plan.collection.model.filter(**{field.attribute: value}).exclude(pk__in=list(own))
            if mark in seen or await others.exists():
                complaints.append(_twin(plan.collection, field, path))
            seen.add(mark)
    return complaints


async def _taken_targets(collections: Collections, written: Sequence[Written], present: Present) -> list[Complaint]:
    """Which records to link one-to-one, by a column of theirs, are linked to another one already."""
    complaints: list[Complaint] = []
    for plan, own in written:
        for relation, item in _items(plan):
            if relation.kind is not RelationKind.ONE_TO_ONE or not is_filled(relation) or not isinstance(item, Link):
                continue
            target, column = collections[relation.target].model, relation.reverse_column
            free: dict[str, Any] = {f"{column}__isnull": True}
            ours: dict[str, Any] = {f"{column}__in": list(own)}
            found = target.filter(Q(**free) | Q(**ours), pk=item.key)
            if (relation.target, item.key) in present and not await found.exists():
                complaints.append(taken_target(relation, item.path))
    return complaints


def _shared(written: Sequence[Written], present: Present) -> Iterator[Complaint]:
    for plan, own in written:
        if len(own) > 1 and (shared := next((field for field, _, _ in _unique_values(plan, present)), None)):
            message = f"'{shared.name}' is unique, so {len(own)} records cannot be given the same."
            yield Complaint(Code.UNIQUE_VIOLATION, message, (*plan.path, shared.name))


def taken_target(relation: Relation, path: Path) -> Complaint:
    message = f"'{relation.name}': that record of '{relation.target}' is linked to another one already."
    return Complaint(Code.UNIQUE_VIOLATION, message, path)


def _written(plan: Plan, own: Sequence[Any], present: Present) -> Iterator[Written]:
    """The plan and those in it that will be carried out: of a link, its changes or what is stored without it."""
    yield plan, own
    for relation, item in _items(plan):
        if isinstance(item, Plan):
            yield from _written(item, (), present)
        elif (relation.target, item.key) not in present:
            if item.new:
                yield from _written(item.new, (), present)
        elif item.changes:
            yield from _written(item.changes, (item.key,), present)


def _links(plan: Plan) -> Iterator[tuple[Relation, Link]]:
    """Every link in a plan, and in what may be carried out because of one."""
    for relation, item in _items(plan):
        if isinstance(item, Link):
            yield relation, item
        inside = [item] if isinstance(item, Plan) else [item.changes, item.new]
        for nested in inside:
            if nested:
                yield from _links(nested)


def _items(plan: Plan) -> Iterator[tuple[Relation, Plan | Link]]:
    yield from ((relation, item) for relation, item in plan.to_one if item is not None)
    for relation, items in plan.to_other:
        yield from ((relation, item) for item in items)


def _unique_values(plan: Plan, present: Present) -> Iterator[tuple[Field, Any, Path]]:
    """The values that a plan gives to unique columns. Of a link to what is not there, which may be hidden, no more is
    told than that."""
    links = {relation.column: (relation.target, item) for relation, item in plan.to_one if isinstance(item, Link)}
    for field in plan.collection.fields.values():
        if not field.unique:
            continue
        if (found := links.get(field.attribute)) is not None:
            target, link = found
            if (target, link.key) in present:
                yield field, link.key, link.path
        elif (value := plan.columns.get(field.attribute)) is not None:
            yield field, value, (*plan.path, field.name)


def _twin(collection: Collection, field: Field, path: Path) -> Complaint:
    if field.relation:
        message = f"'{field.relation}': another record of '{collection.name}' is linked to that one already."
    else:
        message = f"Another record of '{collection.name}' has this '{field.name}'."
    return Complaint(Code.UNIQUE_VIOLATION, message, path)
