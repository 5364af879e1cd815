"""What is served, as far as the caller may read it: fields, relations, and the paths that a trigger may cross."""

from engine.data.collections import Collection, Collections
from engine.data.relations import crossable_paths
from engine.outcomes import Record
from schema.context import Context
from schema.permissions import Verb, may, seen_by, signed_in


async def describe(context: Context) -> list[Record]:
    """Every collection that the caller's role may read."""
    actor = signed_in(context.actor)
    collections = seen_by(actor, context.engine.collections)
    readable = (collection for name, collection in collections.items() if may(actor, name, Verb.READ))
    return [_describe(collection, collections) for collection in readable]


def _describe(collection: Collection, collections: Collections) -> Record:
    return {
        "name": collection.name,
        "key": collection.key.name,
        "fields": [
            {
                "name": field.name,
                "type": field.kind.value,
                "null": field.null,
                "required": field.required,
                "writable": field.writable,
                "key": field.key,
                "choices": [str(choice.value) for choice in field.choices] if field.choices else None,
            }
            for field in collection.readable
        ],
        "relations": [
            {"name": relation.name, "kind": relation.kind.value, "target": relation.target}
            for relation in collection.relations.values()
        ],
        "associations": crossable_paths(collections, collection),
    }
