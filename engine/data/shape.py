"""Which part of a record is wanted: a selection of names → a tree of columns and relations, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from tortoise.expressions import F
from tortoise.query_utils import Prefetch

from engine.actions import Selection
from engine.data.collections import Collection, Collections, Field, Relation
from engine.data.filters import MayRead, did_you_mean
from engine.data.values import render
from engine.errors import Code, Complaint
from engine.outcomes import Record

MAX_DEPTH = 5
Stored: TypeAlias = Mapping[tuple[str, Any], Any]
"""Rows that are known as they are in the database, by collection and key."""
NOTHING_STORED: Stored = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns and relations of one collection that go into an answer."""

    collection: Collection
    fields: tuple[Field, ...]
    relations: Mapping[Relation, Shape]
    _emptied: frozenset[str] = field(init=False, repr=False, compare=False)
    """The columns that Tortoise empties where it does not load the record that they name, since it is hidden."""

    def __post_init__(self) -> None:
        limited = (relation.column for relation, shape in self.relations.items() if shape.collection.rows)
        object.__setattr__(self, "_emptied", frozenset(column for column in limited if column))

    def prefetches(self) -> list[Prefetch]:
        """What Tortoise must load before `render`: one statement per relation, whatever the number of records."""
        return [Prefetch(relation.attribute, queryset=shape.query()) for relation, shape in self.relations.items()]

    def query(self) -> Any:
        """The collection's records in the order of their keys, with what this shape needs."""
        return self.load(self.collection.records().order_by(self.collection.key.attribute))

    def load(self, records: Any) -> Any:
        """A query of the collection's records, with what `render` needs."""
        kept = {_kept(column): F(column) for column in self._emptied}
        return (records.annotate(**kept) if kept else records).prefetch_related(*self.prefetches())

    async def read(self, keys: Iterable[Any], stored: Stored = NOTHING_STORED) -> dict[Any, Record]:
        """The records with these keys, by key; whoever is not there is left out.

        Those that were `stored` just now are not asked for again, where all that is wanted is in their own rows and
        none is hidden.
        """
        marks = {(self.collection.name, key): key for key in keys}
        if stored.keys() >= marks.keys() and not self.relations and not self.collection.rows:
            rows = [stored[mark] for mark in marks]
        else:
            rows = await self.query().filter(pk__in=list(marks.values()))
        return {row.pk: self.render(row) for row in rows}

    def render(self, record: Any) -> Record:
        """A loaded record as it leaves."""
        rendered: Record = {
            field.name: render(
                _kept_value(record, field) if field.attribute in self._emptied else getattr(record, field.attribute)
            )
            for field in self.fields
        }
        for relation, shape in self.relations.items():
            related = getattr(record, relation.attribute)
            if relation.kind.to_many:
                rendered[relation.name] = [shape.render(item) for item in related]
            else:
                rendered[relation.name] = shape.render(related) if related else None
        return rendered


def _kept(column: str) -> str:
    return f"kept_{column}"


def _kept_value(record: Any, field: Field) -> Any:
    """What a column had. What was added to a query comes as the database has it."""
    return field.column.to_python_value(getattr(record, _kept(field.attribute)))


@dataclass(slots=True)
class _Wanted:
    """A node of the tree of names, before it is held against the collections."""

    fields: list[str] | None = None
    hidden: set[str] = field(default_factory=set)
    relations: dict[str, _Wanted] = field(default_factory=dict)

    def at(self, path: Iterable[str]) -> _Wanted:
        node = self
        for name in path:
            node = node.relations.setdefault(name, _Wanted())
        return node


def shape_of(
    collections: Collections, collection: Collection, selection: Selection, may_read: MayRead = lambda _: True
) -> tuple[Shape, list[Complaint]]:
    """The shape of a selection, and every name in it that is not one.

    `fields` and `except` may name columns of relations (`category.title`), which brings the relation along.
    """
    complaints: list[Complaint] = []
    tree = _Wanted()
    for path in selection.appends:
        tree.at(path.split("."))
    for path in selection.fields or ():
        *relations, name = path.split(".")
        node = tree.at(relations)
        node.fields = [*(node.fields or []), name]
    if selection.fields is not None and tree.fields is None:
        tree.fields = []
    for path in selection.except_:
        *relations, name = path.split(".")
        tree.at(relations).hidden.add(name)
    return _resolve(collections, collection, tree, may_read, complaints, ()), complaints


def _resolve(
    collections: Collections,
    collection: Collection,
    wanted: _Wanted,
    may_read: MayRead,
    complaints: list[Complaint],
    path: tuple[str, ...],
) -> Shape:
    columns = {column.name: column for column in collection.readable}
    names = list(columns) if wanted.fields is None else list(dict.fromkeys(wanted.fields))
    for name in names:
        if name in collection.relations:
            wanted.at([name])
    for name in [*names, *wanted.hidden]:
        if name not in columns and name not in collection.relations:
            complaints.append(_unknown(collection, name, [*columns, *collection.relations], path))
    relations: dict[Relation, Shape] = {}
    for name, inner in wanted.relations.items():
        relation = collection.relations.get(name)
        if relation is None:
            complaints.append(_unknown(collection, name, collection.relations, path))
        elif name not in wanted.hidden:
            target = collections[relation.target]
            if not may_read(target.name):
                message = f"Your role may not read '{target.name}', to which '{name}' leads."
                complaints.append(Complaint(Code.NO_PERMISSION, message, (*path, name)))
            elif len(path) >= MAX_DEPTH:
                message = f"Relations may be followed {MAX_DEPTH} deep."
                complaints.append(Complaint(Code.BAD_VALUE, message, (*path, name)))
            else:
                relations[relation] = _resolve(collections, target, inner, may_read, complaints, (*path, name))
    shown = tuple(columns[name] for name in names if name in columns and name not in wanted.hidden)
    return Shape(collection, shown, relations)


def _unknown(collection: Collection, name: str, known: Iterable[str], path: tuple[str, ...]) -> Complaint:
    message = f"'{name}' is not a field or relation of '{collection.name}'.{did_you_mean(name, known)}"
    return Complaint(Code.UNKNOWN_FIELD, message, (*path, name))
