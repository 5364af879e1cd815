"""The types of every collection, made together: they refer to each other in circles."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.data.collections import Collection, Collections
from schema.types.declare import bare
from schema.types.enums import Enums
from schema.types.filters import Comparisons, declare_filter
from schema.types.inputs import InputTypes, declare_nested, make_inputs
from schema.types.names import RootNames, TypeNames, root_names
from schema.types.payloads import make_list_payload, make_payload
from schema.types.records import declare_page, declare_record
from schema.types.system import STATIC

Bare = Callable[[str], type[Any]]


@dataclass(frozen=True, slots=True)
class WriteTypes:
    """What the writes of a data collection take, and what those of several records answer."""

    inputs: InputTypes
    list_payload: type[Any]


@dataclass(frozen=True, slots=True)
class CollectionTypes:
    """What GraphQL has for one collection. `writes` are those of data collections alone: ours have their own rules."""

    collection: Collection
    names: RootNames
    record: type[Any]
    page: type[Any]
    filter: type[Any]
    payload: type[Any]
    writes: WriteTypes | None


def make_types(collections: Collections) -> list[CollectionTypes]:
    """The types of all collections; raises `StartError` where names collide."""
    names = TypeNames(dict.fromkeys(STATIC, "the service itself"))
    named = {name: partial(_claim, names, collection) for name, collection in collections.items()}
    records = {name: claim("") for name, claim in named.items()}
    filters = {name: claim("Filter") for name, claim in named.items()}
    nested = {name: claim("Input") for name, claim in named.items()}
    enums = Enums(names)
    comparisons = Comparisons(names, enums)
    made = []
    for name, collection in collections.items():
        declare_record(records[name], collection, records, enums)
        declare_filter(filters[name], collection, filters, comparisons)
        declare_nested(nested[name], collection, nested, enums)
        claim, record = named[name], records[name]
        made.append(
            CollectionTypes(
                collection=collection,
                names=root_names(collection),
                record=record,
                page=declare_page(claim("Page"), collection, record),
                filter=filters[name],
                payload=make_payload(claim("Payload"), record, followed=not collection.system),
                writes=None if collection.system else _writes(claim, collection, record, nested, enums),
            )
        )
    return made


def _writes(
    claim: Bare, collection: Collection, record: type[Any], nested: dict[str, type[Any]], enums: Enums
) -> WriteTypes:
    inputs = make_inputs(claim, collection, nested, enums)
    return WriteTypes(inputs, make_list_payload(claim("ListPayload"), record))


def _claim(names: TypeNames, collection: Collection, suffix: str) -> type[Any]:
    owner = f"the model {collection.model.__module__}.{collection.model.__qualname__}"
    return bare(names.claim(f"{collection.type_name}{suffix}", owner))
