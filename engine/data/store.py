"""Carries out plans: inserts, updates and ends rows with everything that hangs on them, and tells what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from engine.data.collections import Collection, Collections, Field, FieldKind, Relation
from engine.data.plans import Link, Path, Plan
from engine.data.relations import RelationKind
from engine.data.unit import unit_of_work
from engine.data.values import json_text, render
from engine.errors import Code, Complaint, Refusal, raise_for, refuse
from engine.outcomes import Record

ActionName: TypeAlias = Literal["create", "update", "destroy"]


@dataclass(frozen=True, slots=True)
class Change:
    """One record that a write made, changed or is about to end.

    `previous` is an updated record as it was; `changed` the names of the columns whose value is another now.
    """

    collection: Collection
    action: ActionName
    key: Any
    nested: bool = False
    previous: Record | None = None
    changed: tuple[str, ...] = ()

    @classmethod
    def ending(cls, collection: Collection, row: Model) -> Change:
        return cls(collection, "destroy", row.pk)


class Store:
    """Writes the rows of one request, inside its unit of work. A refusal means that the unit must be undone."""

    def __init__(self, collections: Collections, acting_user: int | None) -> None:
        self.changes: list[Change] = []
        self._collections = collections
        self._acting_user = acting_user

    async def create(self, plans: Sequence[Plan]) -> None:
        """Insert the records of the plans with their nested ones."""
        await self._check(plans)
        with _refusing_conflicts():
            for plan in plans:
                await self._insert(plan)

    async def update(self, plan: Plan, rows: Sequence[Model]) -> None:
        """Give every row the values of the plan."""
        await self._check([plan], [row.pk for row in rows])
        with _refusing_conflicts():
            for row in rows:
                await self._update(plan, row)

    async def destroy(self, collection: Collection, keys: Sequence[Any]) -> None:
        """End records; one that others refer to and that would go with it is a refusal `STILL_REFERENCED`."""
        for referrer in collection.referrers:
            held = referrer.model.filter(**{f"{referrer.attribute}__in": list(keys)})
            if referrer.on_delete in ("CASCADE", "RESTRICT", "NO ACTION"):
                # Records that end in the same request do not hold each other.
                same = referrer.model is collection.model
                if await (held.exclude(pk__in=list(keys)) if same else held).exists():
                    raise _still_referenced(collection, referrer.model._meta.db_table)
        try:
            async with unit_of_work():
                await collection.model.filter(pk__in=list(keys)).delete()
        except IntegrityError as error:
            raise _still_referenced(collection, "other records") from error

    async def _check(self, plans: Sequence[Plan], own: Sequence[Any] = ()) -> None:
        """What only the database knows and can be told before anything is written: links to nothing, taken values."""
        complaints = [*await self._missing(plans), *await twins(plans, own)]
        if len(own) > 1 and (shared := next(_unique_columns(plans[0]), None)):
            message = f"'{shared.name}' is unique, so {len(own)} records cannot be given the same."
            complaints.append(Complaint(Code.UNIQUE_VIOLATION, message, (*plans[0].path, shared.name)))
        raise_for(complaints)

    async def _missing(self, plans: Sequence[Plan]) -> list[Complaint]:
        links: dict[str, list[Link]] = {}
        for plan in plans:
            for relation, item in _linked(plan):
                links.setdefault(relation.target, []).append(item)
        complaints = []
        for target, listed in links.items():
            collection = self._collections[target]
            wanted = collection.model.filter(pk__in=list({link.key for link in listed}))
            there = set(await wanted.values_list(collection.key.attribute, flat=True))
            for link in listed:
                if link.key not in there:
                    message = f"'{target}' has no record '{render(link.key)}' to link."
                    complaints.append(Complaint(Code.BAD_VALUE, message, link.path))
        return complaints

    async def _insert(self, plan: Plan, came: Mapping[str, Any] | None = None) -> Any:
        """Store one record and what hangs on it; answers its key. `came` has the columns its parent fills."""
        place = len(self.changes)
        columns = {**plan.columns, **await self._to_one(plan), **(came or {})}
        acting = plan.collection.acting_user
        if acting and acting.column and self._acting_user is not None:
            columns.setdefault(acting.column, self._acting_user)
        texts = {name: columns.pop(name) for name in _json(plan.collection) & columns.keys()}
        row = plan.collection.model(**columns)
        _set(row, plan.collection, texts)
        await row.save(force_create=True)
        # The parent's change stands before those of the records it was linked to, which had to be stored first.
        self.changes.insert(place, Change(plan.collection, "create", row.pk, nested=_is_nested(plan)))
        for relation, items in plan.to_other:
            await self._hang(row, relation, items)
        return row.pk

    async def _update(self, plan: Plan, row: Model) -> None:
        place, previous = len(self.changes), _record(plan.collection, row)
        columns = {**plan.columns, **await self._to_one(plan)}
        before = {attribute: getattr(row, attribute) for attribute in columns}
        changed = [attribute for attribute, value in columns.items() if before[attribute] != value]
        if changed:
            _set(row, plan.collection, {attribute: columns[attribute] for attribute in changed})
            automatic = [name for name, column in row._meta.fields_map.items() if getattr(column, "auto_now", False)]
            await row.save(update_fields=[*changed, *automatic])
        names = tuple(field.name for field in plan.collection.readable if field.attribute in changed)
        change = Change(plan.collection, "update", row.pk, previous=previous, changed=names)
        self.changes.insert(place, change)
        for relation, items in plan.to_other:
            await self._unhang(row, plan.collection, relation, items)
            await self._hang(row, relation, items)

    async def _to_one(self, plan: Plan) -> dict[str, Any]:
        columns = {}
        for relation, item in plan.to_one:
            assert relation.column is not None, "a plan's to_one relations have their column on this side"
            columns[relation.column] = None if item is None else await self._key_of(item)
        return columns

    async def _key_of(self, item: Plan | Link, came: Mapping[str, Any] | None = None) -> Any:
        """The key of a record to link, after it was stored where it is new."""
        if isinstance(item, Link):
            return item.key
        if item.key is not None and await item.collection.model.exists(pk=item.key):
            return item.key
        return await self._insert(item, came)

    async def _hang(self, row: Model, relation: Relation, items: Iterable[Plan | Link]) -> None:
        """Link records whose own column, or a table between, holds the key of this one."""
        target = self._collections[relation.target].model
        if relation.kind is RelationKind.MANY_TO_MANY:
            keys = [await self._key_of(item) for item in items]
            await getattr(row, relation.attribute).add(*await target.filter(pk__in=keys))
            return
        came = {relation.reverse_column: row.pk}
        for item in items:
            stored = len(self.changes)
            key = await self._key_of(item, came)
            if len(self.changes) == stored:  # it was there before
                await self._link(target, relation, key, came, item.path)

    async def _link(
        self, target: type[Model], relation: Relation, key: Any, came: Mapping[str, Any], path: Path
    ) -> None:
        if relation.kind is RelationKind.ONE_TO_ONE:
            [linked] = await target.filter(pk=key).values_list(relation.reverse_column, flat=True)
            if linked not in (None, *came.values()):
                message = f"'{relation.name}': that record of '{relation.target}' is linked to another one already."
                raise refuse(Code.UNIQUE_VIOLATION, message, *path)
        await target.filter(pk=key).update(**came)

    async def _unhang(
        self, row: Model, collection: Collection, relation: Relation, items: Sequence[Plan | Link]
    ) -> None:
        """Unlink what shall hang on this record no longer: the list, or the one record, is the whole of it."""
        kept = [item.key for item in items if item.key is not None]
        if relation.kind is RelationKind.MANY_TO_MANY:
            await getattr(row, relation.attribute).clear()
            return
        column = relation.reverse_column
        target = self._collections[relation.target]
        left = target.model.filter(**{column: row.pk}).exclude(pk__in=kept)
        if target.model._meta.fields_map[column].null:
            await left.update(**{column: None})
        elif await left.exists():
            message = f"Records of '{target.name}' cannot be without '{collection.name}': destroy them instead."
            raise refuse(Code.REQUIRED, message, relation.name)


@contextmanager
def _refusing_conflicts() -> Iterator[None]:
    """Turns what the database refuses all the same into a refusal: another process was first, or a rule of its own."""
    try:
        yield
    except IntegrityError as error:
        message = "The values break a rule of the database, such as two columns that must be unique together."
        raise refuse(Code.UNIQUE_VIOLATION, message) from error


async def twins(plans: Sequence[Plan], own: Sequence[Any] = ()) -> list[Complaint]:
    """Which values of the plans some other record has, though it must be the only one. `own` are the records' keys."""
    complaints: list[Complaint] = []
    seen: set[tuple[str, str, Any]] = set()
    for plan in plans:
        for nested in _walk(plan):
            if nested.key is not None:  # linked where it exists, so nobody's twin
                continue
            for field, value, path in _unique_values(nested):
                mark = (nested.collection.name, field.attribute, value)
                others = nested.collection.model.filter(**{field.attribute: value})
                if nested is plan and own:
                    others = others.exclude(pk__in=list(own))
                if mark in seen or await others.exists():
                    complaints.append(_taken(nested.collection, field, path))
                seen.add(mark)
    return complaints


def _walk(plan: Plan) -> Iterator[Plan]:
    yield plan
    for item in _items(plan):
        if isinstance(item, Plan):
            yield from _walk(item)


def _items(plan: Plan) -> Iterator[Plan | Link]:
    yield from (item for _, item in plan.to_one if item is not None)
    for _, items in plan.to_other:
        yield from items


def _linked(plan: Plan) -> Iterator[tuple[Relation, Link]]:
    for nested in _walk(plan):
        for relation, item in nested.to_one:
            if isinstance(item, Link):
                yield relation, item
        for relation, items in nested.to_other:
            yield from ((relation, item) for item in items if isinstance(item, Link))


def _unique_columns(plan: Plan) -> Iterator[Field]:
    yield from (field for field, _, _ in _unique_values(plan))


def _unique_values(plan: Plan) -> Iterator[tuple[Field, Any, Path]]:
    """The values that a plan gives to unique columns."""
    links = {relation.column: item for relation, item in plan.to_one if isinstance(item, Link)}
    for field in plan.collection.fields.values():
        if not field.unique:
            continue
        if (link := links.get(field.attribute)) is not None:
            yield field, link.key, link.path
        elif (value := plan.columns.get(field.attribute)) is not None:
            yield field, value, (*plan.path, field.name)


def _taken(collection: Collection, field: Field, path: Path) -> Complaint:
    if field.relation:
        message = f"'{field.relation}': another record of '{collection.name}' is linked to that one already."
    else:
        message = f"Another record of '{collection.name}' has this '{field.name}'."
    return Complaint(Code.UNIQUE_VIOLATION, message, path)


def _json(collection: Collection) -> set[str]:
    """The attributes of JSON columns."""
    return {field.attribute for field in collection.fields.values() if field.kind is FieldKind.JSON}


def _set(row: Model, collection: Collection, columns: Mapping[str, Any]) -> None:
    texts = _json(collection)
    for attribute, value in columns.items():
        setattr(row, attribute, json_text(value) if attribute in texts else value)


def _record(collection: Collection, row: Model) -> Record:
    return {field.name: render(getattr(row, field.attribute)) for field in collection.readable}


def _is_nested(plan: Plan) -> bool:
    return any(isinstance(step, str) for step in plan.path)


def _still_referenced(collection: Collection, by: str) -> Refusal:
    message = f"Records of '{by}' refer to this one of '{collection.name}': change or destroy those before."
    return refuse(Code.STILL_REFERENCED, message)
