"""Carries out plans: inserts, updates and ends rows with everything that hangs on them, and tells what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.models import Model

from engine.actions import Action
from engine.data.collections import Collection, Collections, Relation
from engine.data.conflicts import conflicts, is_free, taken_target
from engine.data.links import Relinked
from engine.data.plans import Link, Path, Plan
from engine.data.reading import NOTHING_STORED, Stored
from engine.data.relations import RelationKind
from engine.data.unit import unit_of_work
from engine.data.values import json_text, render
from engine.errors import Code, Refusal, refuse, refuse_all
from engine.outcomes import Record

ActionName: TypeAlias = Literal["create", "update", "destroy"]


@dataclass(frozen=True, slots=True)
class Change:
    """One record that a write made, changed or is about to end.

    `previous` is an updated record as it was; `changed` the names of the columns whose value is another now. One that
    is `linked` was only hung on another record, or taken from it. `row` is a new record as it was stored.
    """

    collection: Collection
    action: ActionName
    key: Any
    nested: bool = False
    previous: Record | None = None
    changed: tuple[str, ...] = ()
    linked: bool = False
    row: Model | None = field(default=None, compare=False, repr=False)

    @classmethod
    def ending(cls, collection: Collection, row: Model) -> Change:
        return cls(collection, "destroy", row.pk)


def stored(changes: Sequence[Change]) -> Stored:
    """The rows of new records, as they are stored: a write that only inserts does not change them again.

    Who writes after it, such as a workflow, makes them old.
    """
    if any(change.row is None for change in changes):
        return NOTHING_STORED
    return {(change.collection.name, change.key): change.row for change in changes}


class Store:
    """Writes the rows of one request, inside its unit of work. A refusal means that the unit must be undone."""

    def __init__(self, collections: Collections, action: Action, acting_user: int | None = None) -> None:
        self.changes: list[Change] = []
        self._collections = collections
        self._action = action
        self._acting_user = acting_user

    async def create(self, plans: Sequence[Plan]) -> None:
        """Insert the records of the plans with their nested ones."""
        async with self._alone_with(plans):
            for plan in plans:
                await self._insert(plan)

    async def create_on(self, row: Model, relation: Relation, plans: Sequence[Plan]) -> None:
        """Insert the records of the plans and hang them on a row. Which of them is linked so far is not looked at."""
        async with self._alone_with(plans):
            if relation.column:
                for plan in plans:
                    setattr(row, relation.column, await self._insert(plan))
                    await _save(row, [relation.column])
            else:
                await self._hang(row, relation, plans)

    async def update(self, plan: Plan, rows: Sequence[Model]) -> None:
        """Give every row the values of the plan."""
        async with self._alone_with([plan], [row.pk for row in rows]):
            for row in rows:
                await self._update(plan, row)

    async def relink(self, row: Model, collection: Collection, relation: Relation, change: Relinked) -> None:
        """Change which records hang on a row. A relation to one of them, kept in a column of the row, is an update."""
        if relation.column:
            link = next(iter(change.added), None)
            if link is None and change.gone and not relation.null:
                raise refuse(Code.REQUIRED, f"'{relation.name}' must not be without a record.", relation.name)
            if link or change.gone:
                await self.update(Plan(collection, {}, ((relation, link),), (), ()), [row])
            return
        plan = Plan(collection, {}, (), ((relation, change.added),), ())
        async with self._alone_with([plan], [row.pk]):
            await self._unhang(row, collection, relation, Q(pk__in=list(change.gone)))
            await self._hang(row, relation, change.added)

    async def destroy(self, collection: Collection, keys: Sequence[Any]) -> None:
        """End records; one that others refer to and that would go with it is a refusal `STILL_REFERENCED`."""
        for referrer in collection.referrers:
            held = referrer.model.filter(**{f"{referrer.attribute}__in": list(keys)})
            if referrer.on_delete in ("CASCADE", "RESTRICT", "NO ACTION"):
                # Records that end in the same request do not hold each other.
                same = referrer.model is collection.model
                if await (held.exclude(pk__in=list(keys)) if same else held).exists():
                    table = referrer.model._meta.db_table
                    raise _still_referenced(collection, table if self._action.may_read(table) else "others")
        try:
            async with unit_of_work():
                await collection.model.filter(pk__in=list(keys)).delete()
        except IntegrityError as error:
            raise _still_referenced(collection, "others") from error

    @asynccontextmanager
    async def _alone_with(self, plans: Sequence[Plan], own: Sequence[Any] = ()) -> AsyncIterator[None]:
        """Refuses what the database would, before anything is written, and once more when somebody was faster.

        In a unit of its own where something is asked then: PostgreSQL answers nothing any more in one that an error
        has left.
        """
        is_asked = not all(map(is_free, plans))
        if is_asked:
            refuse_all(await conflicts(self._action, self._collections, plans, own))
        try:
            async with unit_of_work() if is_asked else nullcontext():
                yield
        except IntegrityError as error:
            refuse_all(await conflicts(self._action, self._collections, plans, own))
            message = "The values break a rule of the database, such as two columns that must be unique together."
            raise refuse(Code.UNIQUE_VIOLATION, message) from error

    async def _insert(self, plan: Plan, came: Mapping[str, Any] | None = None) -> Any:
        """Store one record and what hangs on it; answers its key. `came` has the columns its parent fills."""
        place = len(self.changes)
        columns = {**plan.columns, **await self._to_one(plan), **(came or {})}
        acting = plan.collection.acting_user
        if acting and acting.column and self._acting_user is not None:
            columns.setdefault(acting.column, self._acting_user)
        texts = {name: columns.pop(name) for name in plan.collection.json & columns.keys()}
        # Tortoise looks at each default anew, whether it is a function and of what kind.
        row = plan.collection.model(**{**plan.collection.defaults, **columns})
        _set(row, plan.collection, texts)
        await row.save(force_create=True)
        # The parent's change stands before those of the records it was linked to, which had to be stored first.
        self.changes.insert(place, Change(plan.collection, "create", row.pk, nested=_is_nested(plan), row=row))
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
            await _save(row, changed)
        names = tuple(field.name for field in plan.collection.readable if field.attribute in changed)
        nested = _is_nested(plan)
        self.changes.insert(place, Change(plan.collection, "update", row.pk, nested, previous, names))
        for relation, items in plan.to_other:
            kept = [item.key for item in items if isinstance(item, Link)]
            await self._unhang(row, plan.collection, relation, ~Q(pk__in=kept))
            await self._hang(row, relation, items)

    async def _to_one(self, plan: Plan) -> dict[str, Any]:
        columns = {}
        for relation, item in plan.to_one:
            assert relation.column is not None, "a plan's to_one relations have their column on this side"
            columns[relation.column] = None if item is None else (await self._settle(item))[0]
        return columns

    async def _settle(self, item: Plan | Link, came: Mapping[str, Any] | None = None) -> tuple[Any, bool]:
        """The key of a record to link, after it was stored where it is new, and whether it is."""
        if isinstance(item, Plan):
            return await self._insert(item, came), True
        if item.new and not await item.new.collection.model.exists(pk=item.key):
            return await self._insert(item.new, came), True
        if item.changes:
            await self._update(item.changes, await item.changes.collection.model.get(pk=item.key))
        return item.key, False

    async def _hang(self, row: Model, relation: Relation, items: Sequence[Plan | Link]) -> None:
        """Link records whose own column, or a table between, holds the key of this one."""
        target = self._collections[relation.target]
        if relation.kind is RelationKind.MANY_TO_MANY:
            keys = [(await self._settle(item))[0] for item in items]
            await getattr(row, relation.attribute).add(*await target.model.filter(pk__in=keys))
            return
        came = {relation.reverse_column: row.pk}
        await self._refuse_taken(row, relation, items)
        for item in items:
            key, stored = await self._settle(item, came)
            if not stored:
                await self._link(target, relation, key, row.pk, item.path)

    async def _refuse_taken(self, row: Model, relation: Relation, items: Sequence[Plan | Link]) -> None:
        """Refuse to hang a record where only one can, and one does that is hidden from the role, so that it stays."""
        if (
            relation.kind is not RelationKind.ONE_TO_ONE
            or not self._action.seen(self._collections)[relation.target].rows
        ):
            return
        hanging = self._collections[relation.target].model.filter(**{relation.reverse_column: row.pk})
        for item in items:
            if await hanging.exclude(pk__in=[item.key] if isinstance(item, Link) else []).exists():
                message = f"'{relation.name}': another record of '{relation.target}' is linked there already."
                raise refuse(Code.UNIQUE_VIOLATION, message, *item.path)

    async def _link(self, target: Collection, relation: Relation, key: Any, owner: Any, path: Path) -> None:
        column = relation.reverse_column
        [row] = await target.model.filter(pk=key).select_for_update()
        if relation.kind is RelationKind.ONE_TO_ONE and getattr(row, column) not in (None, owner):
            raise Refusal([taken_target(relation, path)])
        await self._point(target, [row], column, owner)

    async def _point(self, target: Collection, rows: Sequence[Model], column: str, owner: Any) -> None:
        """Have these rows, which were read just now, hang on another one, or on none."""
        moved = [row for row in rows if getattr(row, column) != owner]
        if not moved:
            return
        names = tuple(field.name for field in target.readable if field.attribute == column)
        for row in moved:
            previous = _record(target, row)
            self.changes.append(Change(target, "update", row.pk, True, previous, names, linked=True))
        await target.model.filter(pk__in=[row.pk for row in moved]).update(**{column: owner})

    async def _unhang(self, row: Model, collection: Collection, relation: Relation, which: Q) -> None:
        """Unlink those of the records that hang on this one. What is hidden from the role stays where it is."""
        target = self._collections[relation.target]
        seen = self._action.seen(self._collections)[relation.target]
        if relation.kind is RelationKind.MANY_TO_MANY:
            linked = getattr(row, relation.attribute)
            if left := await linked.filter(which, *([seen.rows()] if seen.rows else ())):
                await linked.remove(*left)
            return
        column = relation.reverse_column
        left = seen.records(which, **{column: row.pk})
        if target.model._meta.fields_map[column].null:
            rows = await left.select_for_update()
            await self._refuse_held(relation, [held.pk for held in rows])
            await self._point(target, rows, column, None)
        elif await left.exists():
            message = f"Records of '{target.name}' cannot be without '{collection.name}': destroy them instead."
            raise refuse(Code.REQUIRED, message, relation.name)

    async def _refuse_held(self, relation: Relation, keys: Sequence[Any]) -> None:
        """Refuse to unlink records that the role may see, and not change."""
        writable = self._action.written(self._collections, "update")[relation.target]
        if keys and writable.rows and {*keys} - await writable.among(keys):
            message = f"'{relation.name}': your role may not update all of the '{relation.target}' that are linked."
            raise refuse(Code.NO_PERMISSION, message, relation.name)


async def _save(row: Model, changed: Iterable[str]) -> None:
    """Write these attributes of a row, with those that tell when it was written."""
    automatic = [name for name, column in row._meta.fields_map.items() if getattr(column, "auto_now", False)]
    await row.save(update_fields=[*changed, *automatic])


def _set(row: Model, collection: Collection, columns: Mapping[str, Any]) -> None:
    for attribute, value in columns.items():
        setattr(row, attribute, json_text(value) if attribute in collection.json else value)


def _record(collection: Collection, row: Model) -> Record:
    return {field.name: render(getattr(row, field.attribute)) for field in collection.readable}


def _is_nested(plan: Plan) -> bool:
    return any(isinstance(step, str) for step in plan.path)


def _still_referenced(collection: Collection, by: str) -> Refusal:
    """`by` is the name of a collection, or `others` where none is told."""
    who = "Other records" if by == "others" else f"Records of '{by}'"
    message = f"{who} refer to this one of '{collection.name}': change or destroy those before."
    return refuse(Code.STILL_REFERENCED, message)
