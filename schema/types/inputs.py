"""The inputs of writes: the writable columns of a collection, and nested records.

All may be absent: the resolver knows what is required, and tells it alike through both doors.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.data.collections import Collection, Field
from schema.types.declare import Member, declare_input, list_of
from schema.types.enums import Enums
from schema.types.records import column_type


@dataclass(frozen=True, slots=True)
class InputTypes:
    """The inputs of one data collection: as a new record, as changes to one, and inside another record."""

    create: type[Any] | None
    update: type[Any] | None


def make_inputs(
    bare: Callable[[str], type[Any]], collection: Collection, nested: dict[str, type[Any]], enums: Enums
) -> InputTypes:
    """The inputs of a data collection, None where nothing can be written.

    `nested` has the inputs of all collections inside other records.
    """
    writable = [field for field in collection.readable if field.writable]
    relations = list(_relations(collection, nested))
    created = [*_columns(collection, writable, enums), *relations]
    updated = [member for member in created if member.name != collection.key.name]
    return InputTypes(
        create=declare_input(bare("CreateInput"), created, f"A new record of {collection.name}.") if created else None,
        update=declare_input(bare("UpdateInput"), updated, f"New values for {collection.name}.") if updated else None,
    )


def declare_nested(cls: type[Any], collection: Collection, nested: dict[str, type[Any]], enums: Enums) -> None:
    """Make `cls` the input of a collection's record inside another: its key alone links, an object creates."""
    if collection.system:
        declare_input(cls, _columns(collection, [collection.key], enums), f"The key of one of the {collection.name}.")
        return
    written = [field for field in collection.readable if field.writable or field.key]
    members = [*_columns(collection, written, enums), *_relations(collection, nested)]
    declare_input(
        cls,
        members,
        f"A record of {collection.name} inside another: `{collection.key.name}` alone links one that exists, "
        "anything else is stored with it.",
    )


def _columns(collection: Collection, fields: Iterable[Field], enums: Enums) -> Iterator[Member]:
    for field in fields:
        yield Member(field.name, column_type(collection, field, enums), field.description)


def _relations(collection: Collection, nested: dict[str, type[Any]]) -> Iterator[Member]:
    for relation in collection.relations.values():
        target = nested[relation.target]
        made = list_of(target) if relation.kind.to_many else target
        yield Member(relation.name, made, relation.description)
