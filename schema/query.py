"""The root of queries: two fields per collection, and what is known about the caller and the service."""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any

import strawberry
from strawberry import UNSET, Info

from engine.actions import GetRecord, ListRecords
from engine.outcomes import Page, Record
from schema.loaders import Request
from schema.resolvers import api_keys, sign_in
from schema.resolvers import collections as described
from schema.resolvers.history import EXECUTIONS
from schema.types.collections import CollectionTypes
from schema.types.declare import Member, bare, declare_object, given
from schema.types.history import request_query
from schema.types.system import ApiKey, ApiKeyPage, CheckedRole, CollectionInfo, Me

Asked = Info[Request, None]


def make_query(types: Iterable[CollectionTypes]) -> type[Any]:
    """The type `Query` of these collections."""
    listed = list(types)
    members = [member for made in listed for member in _members(made)]
    known = [
        request_query(next(made.record for made in listed if made.collection.name == EXECUTIONS)),
        Member("collections", list[CollectionInfo], "What is served.", resolver=_collections),
        Member("apiKey", ApiKey | None, "A key for programs, one of one's own.", resolver=_get_key),
        Member("apiKeys", ApiKeyPage, "A page of one's own keys.", resolver=_list_keys),
        Member("checkAuth", Me, "Who the token says is asking.", resolver=_check_auth),
        Member("checkRole", CheckedRole, "The role asked in, with what it may do.", resolver=_check_role),
    ]
    return declare_object(bare("Query"), [*members, *known])


def _members(types: CollectionTypes) -> Iterator[Member]:
    names, collection = types.names, types.collection
    yield Member(
        names.singular,
        types.record | None,
        f"One of the {collection.name}, by its key.",
        resolver=_get(collection.name),
    )
    yield Member(
        names.plural,
        types.page,
        f"A page of {collection.name}.",
        resolver=_list(collection.name),
        arguments={"filter": types.filter | None},
    )


def _get(collection: str) -> Callable[..., Any]:
    async def get(info: Asked, id: strawberry.ID) -> Any:
        record: Record = await info.context.read(GetRecord(collection=collection, key=id))
        return record

    return get


def _list(collection: str) -> Callable[..., Any]:
    async def listed(
        info: Asked,
        filter: Any = UNSET,
        sort: Annotated[
            list[str] | None, strawberry.argument(description="Names of fields, a leading `-` for descending.")
        ] = UNSET,
        page: Annotated[int | None, strawberry.argument(description="Counts from 1.")] = UNSET,
        page_size: Annotated[int | None, strawberry.argument(description="20 when absent.")] = UNSET,
    ) -> Any:
        wanted = given({"filter": filter, "page": page, "page_size": page_size})
        action = ListRecords(collection=collection, sort=tuple(given({"sort": sort}).get("sort", ())), **wanted)
        found: Page = await info.context.read(action)
        return found

    return listed


async def _collections(info: Asked) -> Any:
    return await described.describe(info.context.context)


async def _get_key(info: Asked, id: strawberry.ID) -> Any:
    return await api_keys.get_key(info.context.context, id)


async def _list_keys(info: Asked, page: int | None = UNSET, page_size: int | None = UNSET) -> Any:
    wanted = given({"page": page, "page_size": page_size})
    found = await api_keys.page_of_keys(info.context.context, wanted.get("page", 1), wanted.get("page_size", 20))
    return {
        "items": found.records,
        "count": found.count,
        "page": found.page,
        "page_size": found.page_size,
        "total_page": found.total_page,
    }


async def _check_auth(info: Asked) -> Any:
    return await sign_in.check(info.context.context)


async def _check_role(info: Asked) -> Any:
    return await sign_in.check_role(info.context.context)
