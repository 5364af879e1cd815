"""The GraphQL schema, made at start from the collections."""

import logging

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from engine.data.collections import Collections
from engine.errors import Refusal
from schema.execution_mutation import execution_mutations
from schema.extensions import extensions, is_callers, request_of
from schema.limits import Limits
from schema.mutation import make_mutation
from schema.query import make_query
from schema.subscription import make_subscription
from schema.system_mutation import system_mutations
from schema.types.collections import make_types
from schema.types.records import read
from schema.types.scalars import SCALARS

log = logging.getLogger("bangpath.graphql")


class Schema(strawberry.Schema):
    """Strawberry's schema, but that what is logged is what nobody foresaw, with the id of the request."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        for error in errors:
            if isinstance(error.original_error, Refusal) or is_callers(error):
                continue
            number = request_of(execution_context).context.request_id if execution_context else "-"
            place = ".".join(map(str, error.path or ()))
            log.error("GraphQL field '%s' failed in request %s", place, number, exc_info=error.original_error or error)


def build_schema(
    collections: Collections, limits: Limits | None = None, *, introspection: bool = True
) -> strawberry.Schema:
    """The schema of these collections. Run it with a `schema.loaders.Request` as the context.

    Raises `StartError` where names collide or are none in GraphQL.
    """
    types = make_types(collections)
    config = StrawberryConfig(default_resolver=read, scalar_map=SCALARS, disable_field_suggestions=not introspection)
    return Schema(
        query=make_query(types),
        mutation=make_mutation(types, [*system_mutations(types), *execution_mutations(types)]),
        subscription=make_subscription(types),
        extensions=extensions(limits or Limits(), introspection=introspection),
        config=config,
    )
