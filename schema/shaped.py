"""The GraphQL schema as a role sees it: without the columns and relations that are hidden from it.

Documents are validated and run against it, so what is hidden is told like what does not exist, by graphql-core itself.
"""

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, cast

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
)

from engine.actions import LinkMode
from engine.data.collections import Collection
from schema.context import Context
from schema.narrowing import Narrowing, Verb
from schema.permissions import narrowing_of
from schema.types.names import root_names

Hidden = frozenset[tuple[str, str]]
"""Fields that are left out, each with the type that has it."""

KEPT = 64
"""Shapes that are kept; roles that hide the same share one."""


def seen_by(schema: strawberry.Schema, context: Context) -> strawberry.Schema:
    """The schema as the caller's role sees it: the very same where nothing is hidden."""
    if context.actor is None:
        return schema
    narrowing = narrowing_of(context.actor, context.engine.collections)
    if narrowing.shape is None:
        narrowing.shape = frozenset(_hidden(narrowing))
    # What may not be read at all is still there, to be told that it may not; no suggestion shall name its fields.
    suggesting = len(narrowing.may[Verb.READ]) == len(narrowing.whole)
    return _shaped(schema, narrowing.shape, suggesting)


def _hidden(narrowing: Narrowing) -> Iterator[tuple[str, str]]:
    """The fields that a role does not see. Of a collection that it may not use at all, nothing is left out."""
    for collection in narrowing.whole.values():
        unseen = {verb: narrowing.hidden(collection, verb) for verb in (Verb.READ, Verb.CREATE, Verb.UPDATE)}
        one = collection.type_name
        if collection.name in narrowing.may[Verb.READ]:
            yield from ((one, name) for name in unseen[Verb.READ])
            yield from ((f"{one}Filter", name) for name in unseen[Verb.READ])
            yield from ((f"{one}Filter", f"{name}Exists") for name in unseen[Verb.READ] & {*collection.relations})
        if any(collection.name in names for names in narrowing.may.values()):
            yield from ((f"{one}CreateInput", name) for name in unseen[Verb.CREATE])
            yield from ((f"{one}UpdateInput", name) for name in unseen[Verb.UPDATE])
            yield from ((f"{one}Input", name) for name in unseen[Verb.CREATE] & unseen[Verb.UPDATE])
            yield from _links(collection, unseen[Verb.UPDATE])


def _links(collection: Collection, unseen: frozenset[str]) -> Iterator[tuple[str, str]]:
    one = root_names(collection).one
    for name in unseen & {*collection.relations}:
        yield from (("Mutation", f"{mode}{one}{name[:1].upper()}{name[1:]}") for mode in LinkMode)


@lru_cache(maxsize=KEPT)
def _shaped(schema: strawberry.Schema, hidden: Hidden, suggesting: bool) -> strawberry.Schema:
    if suggesting and not hidden:
        return schema
    shaped = copy.copy(schema)
    if not suggesting:
        shaped.config = replace(schema.config, disable_field_suggestions=True)
    if hidden:
        left_out: defaultdict[str, set[str]] = defaultdict(set)
        for owner, name in hidden:
            left_out[owner].add(name)
        shaped._schema = _Shaping(schema._schema, left_out).schema()
        # Where Strawberry looks for itself while it runs a document.
        cast("Any", shaped._schema)._strawberry_schema = shaped
    return shaped


class _Shaping:
    """Makes a schema without some fields. Types refer to each other in circles, so all that have fields are made anew;
    scalars and enums are shared."""

    def __init__(self, schema: GraphQLSchema, left_out: Mapping[str, set[str]]) -> None:
        self._schema = schema
        self._left_out = left_out
        self._made: dict[str, GraphQLNamedType] = {}

    def schema(self) -> GraphQLSchema:
        types = [self._named(each) for each in self._schema.type_map.values() if not is_introspection_type(each)]
        roots = {
            name: self._named(root) if root else None
            for name, root in (
                ("query", self._schema.query_type),
                ("mutation", self._schema.mutation_type),
                ("subscription", self._schema.subscription_type),
            )
        }
        # It is a part of one that was found to be valid.
        made: dict[str, Any] = {**self._schema.to_kwargs(), **roots, "types": types, "assume_valid": True}
        return GraphQLSchema(**made)

    def _named(self, given: GraphQLNamedType) -> Any:
        if not isinstance(given, GraphQLObjectType | GraphQLInputObjectType):
            return given
        if given.name not in self._made:
            members = partial(
                self._fields if isinstance(given, GraphQLObjectType) else self._inputs, cast("Any", given)
            )
            made: dict[str, Any] = {**given.to_kwargs(), "fields": members}
            self._made[given.name] = type(given)(**made)
        return self._made[given.name]

    def _type(self, given: Any) -> Any:
        if isinstance(given, GraphQLNonNull | GraphQLList):
            return type(given)(self._type(given.of_type))
        return self._named(given)

    def _fields(self, owner: GraphQLObjectType) -> dict[str, GraphQLField]:
        return {name: self._field(field) for name, field in owner.fields.items() if self._stays(owner, name)}

    def _inputs(self, owner: GraphQLInputObjectType) -> dict[str, GraphQLInputField]:
        return {
            name: GraphQLInputField(**self._typed(field))
            for name, field in owner.fields.items()
            if self._stays(owner, name)
        }

    def _field(self, field: GraphQLField) -> GraphQLField:
        arguments = {name: GraphQLArgument(**self._typed(each)) for name, each in field.args.items()}
        return GraphQLField(**{**self._typed(field), "args": arguments})

    def _typed(self, member: GraphQLField | GraphQLInputField | GraphQLArgument) -> dict[str, Any]:
        return {**member.to_kwargs(), "type_": self._type(member.type)}

    def _stays(self, owner: GraphQLNamedType, name: str) -> bool:
        return name not in self._left_out.get(owner.name, ())
