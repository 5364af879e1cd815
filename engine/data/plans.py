"""What shall be stored, as values: plans of records, links to others, and the keys that name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from engine.data import values
from engine.data.collections import Collection, Relation
from engine.data.relations import RelationKind
from engine.errors import Code, Complaint

MAX_DEPTH = 5
MAX_RECORDS = 1000
"""Records that one write may store and link."""
MAX_COMPLAINTS = 100
"""Nothing more is looked at once so much is wrong: neither the answer nor the work may grow with the mistakes."""

Path: TypeAlias = tuple[str | int, ...]


class Link(Struct, frozen=True):
    """A record to link, by its key.

    It is `changed` where its own column says what it is linked to. `changes` are what else is written to it, if
    anything; `new` is what is stored should it not be there, with what that `lacks` if it cannot be.
    """

    key: Any
    path: Path
    changed: bool = False
    changes: Plan | None = None
    new: Plan | None = None
    lacks: tuple[Complaint, ...] = ()


class Plan(Struct, frozen=True):
    """One record to store: `columns` by attribute, and what is linked or stored with it.

    `to_one` holds relations whose key is a column of this record; `to_other` those whose key is elsewhere: one
    record, or all that shall hang on it.
    """

    collection: Collection
    columns: Mapping[str, Any]
    to_one: tuple[tuple[Relation, Plan | Link | None], ...]
    to_other: tuple[tuple[Relation, tuple[Plan | Link, ...]], ...]
    path: Path


def parse_key(collection: Collection, given: Any, path: Path = ("filterByTk",)) -> tuple[Any, list[Complaint]]:
    """The Python value of a key that came as text or JSON."""
    try:
        if given is None:
            raise ValueError("must not be null")
        return values.parse(collection.key, given), []
    except ValueError as error:
        return None, [Complaint(Code.BAD_KEY, f"The key of '{collection.name}' {error}.", path)]


def is_filled(relation: Relation) -> bool:
    """Whether records of the other side hold our key in a column of theirs, which storing them with us fills."""
    return relation.column is None and relation.kind is not RelationKind.MANY_TO_MANY
