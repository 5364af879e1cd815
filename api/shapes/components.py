"""The schemas of a document that have a name, made when they are first referred to: what nobody needs is not there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from engine.data.collections import Collection, Collections

Schema: TypeAlias = dict[str, Any]
"""A JSON schema, draft 2020-12, as OpenAPI 3.1 has them."""


@dataclass(slots=True)
class Components:
    """The named schemas of one document, which speaks of the collections that its reader `sees`."""

    collections: Collections
    sees: Callable[[str], bool] = lambda _: True
    schemas: dict[str, Schema] = field(default_factory=dict)

    def ref(self, name: str, make: Callable[[], Schema]) -> Schema:
        """A reference to the schema with this name.

        Those of a collection have the name of its model; all others have a dot in theirs, which no model's has, or are
        among the names that models cannot have because of GraphQL.
        """
        if name not in self.schemas:
            # The place is taken first: schemas refer to each other in circles.
            self.schemas[name] = {}
            self.schemas[name] = make()
        return {"$ref": f"#/components/schemas/{name}"}

    def ref_of(self, collection: Collection, part: str, make: Callable[[], Schema]) -> Schema:
        """A reference to something that belongs to a collection, such as its `create`."""
        return self.ref(f"{collection.type_name}.{part}" if part else collection.type_name, make)


Shape: TypeAlias = Callable[[Components, str], Schema]
"""What a body or an answer looks like, of the resource with this name."""


def anything(components: Components, resource: str) -> Schema:
    """No more than that it is JSON."""
    return {}


def closed(properties: Schema, *required: str, **more: Any) -> Schema:
    """An object with these properties and no others."""
    needed: Schema = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **needed, "additionalProperties": False, **more}


def nullable(schema: Schema) -> Schema:
    """The schema, or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if "type" not in schema:
        return schema
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    listed: Schema = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [*kinds, "null"], **listed}
