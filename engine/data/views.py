"""What a role sees of the collections: views, in which the columns, relations and rows that are hidden do not exist.

Whoever looks a name up in a view, or takes rows from `Collection.records`, cannot come by what is hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from tortoise.expressions import Q

from engine.data.collections import Collection, Collections
from engine.data.filters import NOTHING


@dataclass(frozen=True, slots=True)
class Views:
    """The collections as a role may read them, and as it may write them.

    Those to write have the columns and relations that may be read or written, `writable` where they may be written,
    and the rows that may be written: of what is changed or ended those that may be read as well, where any may.
    """

    read: Collections
    create: Collections
    update: Collections
    destroy: Collections


class View(Collections):
    """Collections of which each is narrowed when it is first asked for: a request is about few of them."""

    def __init__(self, whole: Collections, narrow: Callable[[Collection], Collection]) -> None:
        super().__init__(())
        self._whole = whole
        self._narrow = narrow
        self._narrowed: dict[str, Collection] = {}

    def __getitem__(self, name: str) -> Collection:
        if name not in self._narrowed:
            self._narrowed[name] = self._narrow(self._whole[name])
        return self._narrowed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)


def names_of(collection: Collection, named: Iterable[str]) -> frozenset[str]:
    """The columns and relations that a list of fields means: the key too, and of a relation and the column that holds
    its key both, as they say the same."""
    listed = {collection.key.name, *named}
    names = set(listed)
    for column in collection.readable:
        if column.relation in collection.relations and {column.name, column.relation} & listed:
            names |= {column.name, str(column.relation)}
    return frozenset(names)


def with_names(collection: Collection, seen: frozenset[str]) -> Collection:
    """The collection with these of its columns and relations, and no secret ones."""
    fields = {name: column for name, column in collection.fields.items() if name in seen and not column.secret}
    relations = {name: relation for name, relation in collection.relations.items() if name in seen}
    return replace(collection, fields=fields, relations=relations)


def without_names(collection: Collection, hidden: frozenset[str]) -> Collection:
    """The collection but for these of its columns and relations."""
    fields = {name: column for name, column in collection.fields.items() if name not in hidden}
    relations = {name: relation for name, relation in collection.relations.items() if name not in hidden}
    return replace(collection, fields=fields, relations=relations)


def with_writable(collection: Collection, writable: frozenset[str]) -> Collection:
    """The collection, of whose columns and relations only these may be written."""
    fields = {
        name: column if name in writable or not column.writable else replace(column, writable=False)
        for name, column in collection.fields.items()
    }
    relations = {
        name: relation if name in writable else replace(relation, writable=False)
        for name, relation in collection.relations.items()
    }
    return replace(collection, fields=fields, relations=relations)


def without_comparing(collection: Collection, names: frozenset[str]) -> Collection:
    """The collection, of whose columns these are neither filtered nor sorted by."""
    fields = {
        name: replace(column, comparable=False) if name in names else column
        for name, column in collection.fields.items()
    }
    return replace(collection, fields=fields)


def with_rows(collection: Collection, *rows: Callable[[], Q] | None) -> Collection:
    """The collection with the rows that all of these find."""
    limits = [found for found in rows if found is not None]
    if not limits:
        return collection
    return replace(collection, rows=limits[0] if len(limits) == 1 else lambda: Q(*(found() for found in limits)))


def closed(collection: Collection) -> Collection:
    """A collection of which nothing is to be seen: it has its key, which others may hold, and no row."""
    return replace(with_names(collection, frozenset({collection.key.name})), rows=_none)


def _none() -> Q:
    return NOTHING
