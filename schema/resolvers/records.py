"""Reads and writes of records: identity, then what there is, then the grant, then the engine. Both doors come here."""

from typing import Any

from engine.actions import (
    Action,
    CountRecords,
    CreateRecords,
    DestroyRecords,
    GetRecord,
    ListRecords,
    LoadRelated,
    UpdateRecords,
)
from engine.data.filters import did_you_mean
from engine.errors import Code, refuse
from schema.context import Context
from schema.permissions import authorize, signed_in


async def resolve(context: Context, action: Action) -> Any:
    """What the action answers: a `Page` for a list, a `Record`, an `int` for a count, `Written` for a write.

    Raises a `Refusal`; the order of its checks is that of contract §3.
    """
    engine = context.engine
    actor = signed_in(context.actor)
    _refuse_unknown(context, action)
    _refuse_boundless(action)
    allowed = authorize(actor, action, engine.collections)
    match allowed:
        case ListRecords():
            return await engine.records.page(allowed)
        case GetRecord():
            return await engine.records.get(allowed)
        case CountRecords():
            return await engine.records.count(allowed)
        case LoadRelated():
            return await engine.records.load_related(allowed)
        case CreateRecords() | UpdateRecords() | DestroyRecords():
            return await engine.perform(allowed, actor, context.request_id)
        case _:
            raise TypeError(f"{type(action).__name__} has no resolver")


def _refuse_unknown(context: Context, action: Action) -> None:
    collection = context.engine.collections.get(action.collection)
    # Our own tables are written by their own resolvers alone, which know their rules.
    if collection is None or (collection.system and isinstance(action, CreateRecords | UpdateRecords | DestroyRecords)):
        hint = did_you_mean(action.collection, context.engine.collections)
        raise refuse(Code.NOT_FOUND, f"There is no collection '{action.collection}' to do this with.{hint}")


def _refuse_boundless(action: Action) -> None:
    if isinstance(action, UpdateRecords | DestroyRecords) and not action.keys and not action.filter:
        raise refuse(Code.FILTER_REQUIRED, "Say which records are meant: by filterByTk or a filter that is not empty.")
