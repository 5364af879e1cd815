"""The root of mutations on records: each makes the same action value as REST and hands it to the same resolver."""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, TypeAlias

import strawberry
from strawberry import UNSET, Info

from engine.actions import CreateRecords, DestroyRecords, UpdateRecords
from schema.loaders import Request
from schema.types.collections import CollectionTypes
from schema.types.declare import Member, annotated, bare, declare_object, list_of, plain
from schema.types.outcomes import WorkflowTriggerInput, references
from schema.types.payloads import DestroyPayload, destroyed, written_many, written_one

Asked = Info[Request, None]

Triggers: TypeAlias = Annotated[
    list[WorkflowTriggerInput] | None,
    strawberry.argument(description="Workflows to run after the write, at most 20."),
]


def make_mutation(types: Iterable[CollectionTypes], others: Iterable[Member]) -> type[Any]:
    """The type `Mutation` of these collections; `others` are the mutations of what the service itself has.

    All fields are nullable, so that a refused one does not hide what its siblings have committed.
    """
    members = [member for made in types for member in _members(made)]
    return declare_object(bare("Mutation"), [*members, *others])


def _members(types: CollectionTypes) -> Iterator[Member]:
    if (writes := types.writes) is None:
        return
    name, one, many = types.collection.name, types.names.one, types.names.many
    payload, list_payload, filter_type = types.payload | None, writes.list_payload | None, types.filter | None
    if values := writes.inputs.create:
        yield Member(f"create{one}", payload, "A new record.", resolver=_create(name, values))
        yield Member(f"create{many}", list_payload, f"New {name}, all or none.", resolver=_create_many(name, values))
    if values := writes.inputs.update:
        several = f"New values for all {name} that a filter finds."
        yield Member(f"update{one}", payload, "New values for one record.", resolver=_update(name, values))
        yield Member(f"update{many}", list_payload, several, resolver=_update_many(name, values, filter_type))
    several = f"The end of all {name} that a filter finds."
    yield Member(f"destroy{one}", DestroyPayload | None, "The end of one record.", resolver=_destroy(name))
    yield Member(f"destroy{many}", DestroyPayload | None, several, resolver=_destroy_many(name, filter_type))


def _create(collection: str, values_type: Any) -> Callable[..., Any]:
    async def create(info: Asked, values: Any, trigger_workflows: Triggers = UNSET) -> Any:
        workflows = references(trigger_workflows)
        action = CreateRecords(collection=collection, values=(plain(values),), workflows=workflows)
        return written_one(await info.context.perform(action))

    return annotated(create, values=values_type)


def _create_many(collection: str, values_type: Any) -> Callable[..., Any]:
    async def create_many(info: Asked, values: Any, trigger_workflows: Triggers = UNSET) -> Any:
        workflows = references(trigger_workflows)
        action = CreateRecords(collection=collection, values=tuple(plain(values)), many=True, workflows=workflows)
        return written_many(await info.context.perform(action))

    return annotated(create_many, values=list_of(values_type))


def _update(collection: str, values_type: Any) -> Callable[..., Any]:
    async def update(info: Asked, id: strawberry.ID, values: Any, trigger_workflows: Triggers = UNSET) -> Any:
        workflows = references(trigger_workflows)
        action = UpdateRecords(collection=collection, values=plain(values), keys=(id,), workflows=workflows)
        return written_one(await info.context.perform(action))

    return annotated(update, values=values_type)


def _update_many(collection: str, values_type: Any, filter_type: Any) -> Callable[..., Any]:
    async def update_many(info: Asked, values: Any, filter: Any = UNSET, trigger_workflows: Triggers = UNSET) -> Any:
        workflows, wanted = references(trigger_workflows), plain(filter) or None
        action = UpdateRecords(collection=collection, values=plain(values), filter=wanted, workflows=workflows)
        return written_many(await info.context.perform(action))

    return annotated(update_many, values=values_type, filter=filter_type)


def _destroy(collection: str) -> Callable[..., Any]:
    async def destroy(info: Asked, id: strawberry.ID, trigger_workflows: Triggers = UNSET) -> Any:
        action = DestroyRecords(collection=collection, keys=(id,), workflows=references(trigger_workflows))
        return destroyed(await info.context.perform(action))

    return destroy


def _destroy_many(collection: str, filter_type: Any) -> Callable[..., Any]:
    async def destroy_many(info: Asked, filter: Any = UNSET, trigger_workflows: Triggers = UNSET) -> Any:
        workflows, wanted = references(trigger_workflows), plain(filter) or None
        action = DestroyRecords(collection=collection, filter=wanted, workflows=workflows)
        return destroyed(await info.context.perform(action))

    return annotated(destroy_many, filter=filter_type)
