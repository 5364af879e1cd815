"""Which part of a record is wanted: a selection of names → a tree of columns and relations, checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.actions import Selection
from engine.data.collections import Collection, Collections, Relation
from engine.data.filters import did_you_mean
from engine.data.reading import Shape
from engine.errors import Code, Complaint

MAX_DEPTH = 5

_MOST_KEPT = 256
"""Callers choose among more selections than a process could keep."""


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
    collections: Collections, collection: Collection, selection: Selection, readable: frozenset[str] | None = None
) -> tuple[Shape, list[Complaint]]:
    """The shape of a selection, and every name in it that is not one. Relations to collections that are not `readable`
    are complained of; None is all.

    `fields` and `except` may name columns of relations (`category.title`), which brings the relation along.
    """
    asked = (collection.name, selection, readable)
    if asked in collections.shapes:
        return collections.shapes[asked], []
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
    shape = _resolve(collections, collection, tree, readable, complaints, ())
    if not complaints and len(collections.shapes) < _MOST_KEPT:
        collections.shapes[asked] = shape
    return shape, complaints


def _resolve(
    collections: Collections,
    collection: Collection,
    wanted: _Wanted,
    readable: frozenset[str] | None,
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
            if readable is not None and target.name not in readable:
                message = f"Your role may not read '{target.name}', to which '{name}' leads."
                complaints.append(Complaint(Code.NO_PERMISSION, message, (*path, name)))
            elif len(path) >= MAX_DEPTH:
                message = f"Relations may be followed {MAX_DEPTH} deep."
                complaints.append(Complaint(Code.BAD_VALUE, message, (*path, name)))
            else:
                relations[relation] = _resolve(collections, target, inner, readable, complaints, (*path, name))
    shown = tuple(columns[name] for name in names if name in columns and name not in wanted.hidden)
    return Shape(collection, shown, relations)


def _unknown(collection: Collection, name: str, known: Iterable[str], path: tuple[str, ...]) -> Complaint:
    message = f"'{name}' is not a field or relation of '{collection.name}'.{did_you_mean(name, known)}"
    return Complaint(Code.UNKNOWN_FIELD, message, (*path, name))
