"""What kind of relation a Tortoise field is, and which association paths a trigger may cross."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise.fields.relational import (
    BackwardFKRelation,
    BackwardOneToOneRelation,
    ForeignKeyFieldInstance,
    ManyToManyFieldInstance,
    OneToOneFieldInstance,
    RelationalField,
)

from engine.errors import Code, Complaint

if TYPE_CHECKING:
    from engine.data.collections import Collection, Collections, Relation


class RelationKind(StrEnum):
    """How many records stand on either side of a relation, seen from the collection that has it."""

    ONE_TO_ONE = "oneToOne"
    MANY_TO_ONE = "manyToOne"
    ONE_TO_MANY = "oneToMany"
    MANY_TO_MANY = "manyToMany"

    @property
    def to_many(self) -> bool:
        return self in (RelationKind.ONE_TO_MANY, RelationKind.MANY_TO_MANY)


# Subclasses stand before their bases: a one-to-one field is also a foreign key field, and its reverse side is also
# the reverse side of a foreign key. `unique` decides nothing: it is set on every many-to-many field, and a foreign
# key that says unique has no UNIQUE in the database.
_KINDS: tuple[tuple[type[RelationalField[Any]], RelationKind], ...] = (
    (ManyToManyFieldInstance, RelationKind.MANY_TO_MANY),
    (OneToOneFieldInstance, RelationKind.ONE_TO_ONE),
    (ForeignKeyFieldInstance, RelationKind.MANY_TO_ONE),
    (BackwardOneToOneRelation, RelationKind.ONE_TO_ONE),
    (BackwardFKRelation, RelationKind.ONE_TO_MANY),
)


def classify(field: RelationalField[Any]) -> RelationKind:
    """The kind of a relation, from the class of its Tortoise field alone."""
    for base, kind in _KINDS:
        if isinstance(field, base):
            return kind
    raise TypeError(f"{type(field).__name__} is not a relation that Tortoise documents")


def cross(collections: Collections, start: Collection, path: Sequence[str]) -> tuple[Collection, ...] | Complaint:
    """The collections that `path` reaches, hop by hop from `start`, or why a trigger may not go there.

    Every hop must be one-to-one, in either direction. The complaint has no path of its own: the caller knows which
    trigger it read.
    """
    reached = [start]
    for name in path:
        relation = reached[-1].relations.get(name)
        if relation is None:
            return _unknown(reached[-1], name)
        if relation.kind is not RelationKind.ONE_TO_ONE:
            return _not_one_to_one(reached[-1], relation)
        reached.append(collections[relation.target])
    return tuple(reached)


def crossable_paths(collections: Collections, start: Collection, hops: int = 3) -> list[str]:
    """Every association path of at most `hops` relations that a trigger may cross, never the way it came."""
    found: list[str] = []

    def follow(reached: Collection, prefix: tuple[str, ...], seen: tuple[str, ...]) -> None:
        for relation in reached.relations.values():
            if relation.kind is RelationKind.ONE_TO_ONE and relation.target not in seen:
                path = (*prefix, relation.name)
                found.append(".".join(path))
                if len(path) < hops:
                    follow(collections[relation.target], path, (*seen, relation.target))

    follow(start, (), (start.name,))
    return found


def _unknown(reached: Collection, name: str) -> Complaint:
    advice = f"Its relations are {', '.join(reached.relations)}." if reached.relations else "It has no relations."
    return Complaint(
        Code.TRIGGER_PATH_UNKNOWN,
        f"'{name}' is not a relation of '{reached.name}'. {advice}",
        details={"collection": reached.name, "relation": name},
    )


def _not_one_to_one(reached: Collection, relation: Relation) -> Complaint:
    named = f"'{relation.name}' of '{reached.name}'"
    details = {"relation": relation.name, "from": reached.name, "to": relation.target, "kind": relation.kind}
    if relation.kind is RelationKind.MANY_TO_ONE:
        advice = " It is declared unique: declare a OneToOneField instead of a ForeignKeyField." * relation.unique
        return Complaint(
            Code.TRIGGER_MANY_TO_ONE,
            f"{named} is many-to-one to '{relation.target}': many {reached.name} share one of them, so it cannot be "
            f"handed to a workflow. Only one-to-one relations can be crossed.{advice}",
            details=details,
        )
    return Complaint(
        Code.TRIGGER_TO_MANY,
        f"{named} leads to many {relation.target} and a workflow takes one record. "
        "Only one-to-one relations can be crossed.",
        details=details,
    )
