"""The object types of collections: columns with their nullability, relations through the loaders, pages."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from strawberry import Info

from engine.data.collections import Collection, Field, Relation
from engine.errors import Code, refuse
from engine.outcomes import Record
from schema.loaders import Request
from schema.resolvers.history import EXECUTIONS, has_history
from schema.types.declare import Member, declare_object, list_of
from schema.types.enums import Enums
from schema.types.history import executions_of
from schema.types.names import check_name
from schema.types.scalars import scalar_of


def declare_record(cls: type[Any], collection: Collection, records: dict[str, type[Any]], enums: Enums) -> None:
    """Make `cls` the type of the collection's records; `records` has the types of all collections by name."""
    members = [*_columns(collection, enums), *_relations(collection, records)]
    if has_history(collection):
        members.append(executions_of(collection, records[EXECUTIONS]))
    declare_object(cls, members, collection.description)


def declare_page(cls: type[Any], collection: Collection, record: type[Any]) -> type[Any]:
    """The type of a page of the collection's records."""
    members = [
        Member("items", list_of(record), attribute="records"),
        Member("count", int, "How many records the filter finds, on all pages."),
        Member("page", int),
        Member("pageSize", int, attribute="page_size"),
        Member("totalPage", int, "How many pages there are.", attribute="total_page"),
    ]
    return declare_object(cls, members, f"Part of the {collection.name} that were asked for.")


def read(source: Any, name: str) -> Any:
    """A member of a record, which is a mapping, or of any other object."""
    if not isinstance(source, dict):
        return getattr(source, name)
    if name not in source:
        raise refuse(Code.NO_PERMISSION, f"Your role may not read '{name}'.")
    return source[name]


def column_type(collection: Collection, field: Field, enums: Enums) -> Any:
    """The type of a column, without its nullability."""
    return enums.of(collection, field) or scalar_of(field)


def _columns(collection: Collection, enums: Enums) -> Iterator[Member]:
    for field in collection.readable:
        check_name(field.name, collection.type_name)
        made = column_type(collection, field, enums)
        yield Member(field.name, made | None if field.null else made, field.description)


def _relations(collection: Collection, records: dict[str, type[Any]]) -> Iterator[Member]:
    for relation in collection.relations.values():
        check_name(relation.name, collection.type_name)
        target = records[relation.target]
        made = list_of(target) if relation.kind.to_many else target | None
        yield Member(relation.name, made, relation.description, resolver=_related(collection, relation))


def _related(collection: Collection, relation: Relation) -> Callable[..., Awaitable[Any] | None]:
    key = collection.key.name
    column = _column_name(collection, relation)

    def related(root: Any, info: Info[Request, None]) -> Any:
        record: Record = root
        if column is not None and column in record and record[column] is None:
            return None
        return info.context.loaders.load(collection.name, relation.name, record[key])

    return related


def _column_name(collection: Collection, relation: Relation) -> str | None:
    """The name on the wire of the column that holds the relation's key, if this side has it and it can be read."""
    held = (field.name for field in collection.readable if field.relation == relation.name)
    return next(held, None)
