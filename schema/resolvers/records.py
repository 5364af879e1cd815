"""Reads and writes of records: identity, then what there is, then the grant, then the engine. Both doors come here."""

from collections.abc import Awaitable
from typing import Any, TypeVar

from msgspec.structs import replace

from engine.actions import (
    Action,
    CountRecords,
    CreateRecords,
    DestroyRecords,
    FindOrCreate,
    GetRecord,
    LinkRecords,
    ListRecords,
    LoadRelated,
    Rights,
    UpdateRecords,
    Write,
)
from engine.data.collections import Collections
from engine.data.filters import did_you_mean, finds_all
from engine.data.plans import is_filled
from engine.errors import Code, Complaint, Refusal, refuse
from schema.context import Context
from schema.permissions import authorize, known_relation, rights, signed_in
from schema.resolvers.masking import masked, told_refusal

T = TypeVar("T")


async def resolve(context: Context, action: Action) -> Any:
    """What the action answers: a `Page` for a list, a `Record`, an `int` for a count, `Written` for a write, keys for
    links.

    Raises a `Refusal`; the order of its checks is that of contract §3.
    """
    engine = context.engine
    actor = signed_in(context.actor)
    _refuse_unknown(engine.collections, rights(actor, engine.collections), action)
    _refuse_boundless(engine.collections, action)
    allowed = authorize(actor, action, engine.collections, context.zone)
    if isinstance(allowed, CreateRecords):
        _refuse_bulk(allowed, engine.bulk_limit)
    match allowed:
        case ListRecords():
            page = await engine.records.page(_bounded(allowed, engine.page_limit))
            return replace(page, records=await masked(context, allowed.collection, page.records))
        case GetRecord():
            [record] = await masked(context, allowed.collection, [await engine.records.get(allowed)])
            return record
        case CountRecords():
            return await engine.records.count(allowed)
        case LoadRelated():
            return await _related(context, allowed)
        case CreateRecords() | UpdateRecords() | DestroyRecords() | FindOrCreate():
            return await _written(context, engine.perform(allowed, actor, context.request_id, context.terms))
        case LinkRecords():
            return await _written(context, engine.link(allowed, actor, context.request_id, context.terms))
        case _:
            raise TypeError(f"{type(action).__name__} has no resolver")


async def _related(context: Context, action: LoadRelated) -> dict[Any, Any]:
    engine = context.engine
    found = await engine.records.load_related(action)
    target = engine.collections[action.collection].relations[action.relation].target
    if not engine.collections[target].system:
        return found
    several = {key: value if isinstance(value, list) else [value] if value else [] for key, value in found.items()}
    told = iter(await masked(context, target, [record for records in several.values() for record in records]))
    again = {key: [next(told) for _ in records] for key, records in several.items()}
    return {
        key: again[key] if isinstance(value, list) else next(iter(again[key]), None) for key, value in found.items()
    }


async def _written(context: Context, write: Awaitable[T]) -> T:
    try:
        return await write
    except Refusal as refusal:
        raise told_refusal(context, refusal) from refusal


def _refuse_unknown(collections: Collections, allowed: Rights, action: Action) -> None:
    """Also what is only asked of the wrong collection: our own are written by their own resolvers, by their rules.

    A relation that is hidden is none.
    """
    collection = collections.get(action.collection)
    if collection is None or (collection.system and isinstance(action, Write)):
        hint = did_you_mean(action.collection, allowed.read)
        raise refuse(Code.NOT_FOUND, f"There is no collection '{action.collection}' to do this with.{hint}")
    if action.owner is None:
        return
    owner, name = action.owner.collection, action.owner.relation
    relation = known_relation(allowed, collections, owner, name, linking=isinstance(action, LinkRecords))
    if relation is None or relation.target != action.collection:
        raise refuse(Code.NOT_FOUND, f"'{owner}' has no such relation.")
    linking = isinstance(action, LinkRecords) or (
        isinstance(action, CreateRecords | FindOrCreate) and not is_filled(relation)
    )
    if collections[owner].system and linking:
        raise refuse(Code.NOT_FOUND, f"Nothing can be linked with '{owner}' here.")


def _bounded(action: ListRecords, limit: int) -> ListRecords:
    """A page that there can be; of one that is too large, as much as is allowed."""
    counted = {"page": action.page, "pageSize": action.page_size}
    wrong = (
        Complaint(Code.BAD_PAGE, f"'{name}' is a number from 1 on.", (name,))
        for name, number in counted.items()
        if number < 1
    )
    return replace(action, page_size=min(action.page_size, limit), complaints=(*action.complaints, *wrong))


def _refuse_boundless(collections: Collections, action: Action) -> None:
    if not isinstance(action, UpdateRecords | DestroyRecords) or action.keys or not finds_all(action.filter):
        return
    # The owner says which record is meant where no other can hang on it.
    if action.owner and not collections[action.owner.collection].relations[action.owner.relation].kind.to_many:
        return
    raise refuse(Code.FILTER_REQUIRED, "Say which records are meant: by filterByTk or a filter that is not empty.")


def _refuse_bulk(action: CreateRecords, limit: int) -> None:
    """Before any of them is looked at: what is wrong with each of ten thousand records nobody wants to know."""
    if (count := len(action.values)) > limit:
        message = f"One request may create {limit} records, these are {count}: send them in parts."
        raise refuse(Code.BODY_TOO_LARGE, message, limit=limit)
