"""What the answer of a write of ours tells: the record, as far as the role may read it."""

from engine.outcomes import Record
from schema.context import Context
from schema.permissions import Verb, may, seen_by, signed_in
from schema.resolvers.masking import masked


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
    return {name: value for name, value in record.items() if name in seen.fields or name in seen.relations}
