"""The mutations on executions: ending them before their time, and running them again."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, TypeAlias

import strawberry
from strawberry import UNSET, Info

from schema.loaders import Request
from schema.resolvers import interventions
from schema.types.collections import CollectionTypes
from schema.types.declare import Member, bare, declare_object, list_of, plain
from schema.types.enums import RerunVersion

Asked = Info[Request, None]

FromNode: TypeAlias = Annotated[
    str | None, strawberry.argument(description="The key of a node: what ran before it is taken as it was.")
]


def execution_mutations(types: Iterable[CollectionTypes]) -> Iterator[Member]:
    """The fields of `Mutation` for executions."""
    made = next(each for each in types if each.collection.name == interventions.EXECUTIONS)
    records = Member("records", list_of(made.record), "The new executions, queued.")
    reruns = declare_object(bare("RerunPayload"), (records,))
    one = made.payload | None
    yield Member("cancelExecution", one, "The end of an execution that has not ended yet.", resolver=_cancel)
    version = {"version": RerunVersion | None}
    about = "Run again what has ended, as a new execution."
    yield Member("rerunExecution", one, about, resolver=_rerun_one, arguments=version)
    about, found = "Run again all that a filter finds, at most 100.", {"filter": made.filter}
    yield Member("rerunExecutions", reruns | None, about, resolver=_rerun_many, arguments={**version, **found})


async def _cancel(info: Asked, id: strawberry.ID) -> Any:
    return {"record": await info.context.write(interventions.cancel(info.context.context, id))}


async def _rerun_one(info: Asked, id: strawberry.ID, from_node: FromNode = UNSET, version: Any = UNSET) -> Any:
    work = interventions.rerun(info.context.context, id, from_node or None, _given(version))
    return {"record": await info.context.write(work)}


async def _rerun_many(info: Asked, filter: Any, version: Any = UNSET) -> Any:
    work = interventions.rerun_many(info.context.context, plain(filter), _given(version))
    return {"records": await info.context.write(work)}


def _given(version: Any) -> Any:
    return None if version is UNSET else plain(version)
