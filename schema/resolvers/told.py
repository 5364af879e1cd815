"""What whoever writes ours is told: of the records that their role reads, and of these what it reads."""

from collections.abc import Sequence
from typing import Any

from engine.data.owners import not_found
from engine.outcomes import Record
from schema.context import Context
from schema.permissions import Verb, may, seen_by, signed_in
from schema.resolvers.masking import masked


async def refuse_hidden(context: Context, collection: str, keys: Sequence[Any]) -> None:
    """Those that the role does not see are not there."""
    if hidden := await hidden_of(context, collection, keys):
        raise not_found(context.engine.collections[collection], hidden[0])


async def hidden_of(context: Context, collection: str, keys: Sequence[Any]) -> list[Any]:
    """Those that the role does not see. Who may not read any at all says what they know by themselves."""
    actor = signed_in(context.actor)
    seen = seen_by(actor, context.engine.collections)[collection]
    if not may(actor, collection, Verb.READ) or not seen.rows:
        return []
    there = await seen.among(keys)
    return [each for each in keys if each not in there]


async def told(context: Context, collection: str, record: Record) -> Record:
    """The record without what is hidden from the role, the key alone where the whole record is."""
    actor = signed_in(context.actor)
    key = context.engine.collections[collection].key.name
    if not may(actor, collection, Verb.READ):
        return {key: record[key]}
    seen = seen_by(actor, context.engine.collections)[collection]
    if seen.rows and not await seen.among([record[key]]):
        return {key: record[key]}
    [record] = await masked(context, collection, [record])
    shown = {name: value for name, value in record.items() if name in seen.fields}
    for name, relation in seen.relations.items():
        # The keys of what hangs on it, such as the names of a user's roles.
        if name in record and may(actor, relation.target, Verb.READ):
            hidden = await hidden_of(context, relation.target, record[name])
            shown[name] = [each for each in record[name] if each not in hidden]
    return shown
