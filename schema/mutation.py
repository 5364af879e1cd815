"""The root of mutations on records: each makes the same action value as REST and hands it to the same resolver."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Any, TypeAlias

import strawberry
from strawberry import UNSET, Info
from strawberry.extensions import FieldExtension

from engine.actions import (
    CreateRecords,
    DestroyRecords,
    FindOrCreate,
    FirstOrCreateRecord,
    UpdateOrCreateRecord,
    UpdateRecords,
)
from schema.link_mutation import link_mutations
from schema.loaders import Request
from schema.types.arguments import Associations, DryRun, Triggers, written
from schema.types.collections import CollectionTypes
from schema.types.declare import Member, bare, declare_object, list_of, plain
from schema.types.payloads import DestroyPayload, destroyed, written_many, written_one

Asked = Info[Request, None]

FilterKeys: TypeAlias = Annotated[
    list[str], strawberry.argument(description="The fields whose values say whether the record is there.")
]


def make_mutation(types: Iterable[CollectionTypes], others: Iterable[Member]) -> type[Any]:
    """The type `Mutation` of these collections; `others` are the mutations of what the service itself has.

    All fields are nullable, so that a refused one does not hide what its siblings have committed.
    """
    members = [member for made in types for member in (*_members(made), *link_mutations(made))]
    begins = (Begins(),)
    begun = [replace(member, extensions=begins) for member in (*members, *others)]
    return declare_object(bare("Mutation"), begun)


class Begins(FieldExtension):
    """Tells the request which of its root fields begins: those of a mutation run one after another."""

    async def resolve_async(self, next_: Callable[..., Awaitable[Any]], source: Any, info: Asked, **kwargs: Any) -> Any:
        info.context.begin(str(info.path.key))
        return await next_(source, info, **kwargs)


def _members(types: CollectionTypes) -> Iterator[Member]:
    if (writes := types.writes) is None:
        return
    name, one, many = types.collection.name, types.names.one, types.names.many
    payload, list_payload, found = types.payload | None, writes.list_payload | None, {"filter": types.filter | None}
    if values := writes.inputs.create:
        told = {"values": values}
        yield Member(f"create{one}", payload, "A new record.", resolver=_create(name), arguments=told)
        about, several = f"New {name}, all or none.", {"values": list_of(values)}
        yield Member(f"create{many}", list_payload, about, resolver=_create_many(name), arguments=several)
        about = "The record with these values, new if there is none."
        first = _find_or_create(FirstOrCreateRecord, name)
        yield Member(f"firstOrCreate{one}", payload, about, resolver=first, arguments=told)
        about = "New values for the record with these, or a new one."
        update = _find_or_create(UpdateOrCreateRecord, name)
        yield Member(f"updateOrCreate{one}", payload, about, resolver=update, arguments=told)
    if values := writes.inputs.update:
        told = {"values": values}
        about = f"New values for all {name} that a filter finds."
        yield Member(f"update{one}", payload, "New values for one record.", resolver=_update(name), arguments=told)
        yield Member(f"update{many}", list_payload, about, resolver=_update_many(name), arguments={**told, **found})
    about = f"The end of all {name} that a filter finds."
    yield Member(f"destroy{one}", DestroyPayload | None, "The end of one record.", resolver=_destroy(name))
    yield Member(f"destroy{many}", DestroyPayload | None, about, resolver=_destroy_many(name), arguments=found)


def _create(collection: str) -> Callable[..., Any]:
    async def create(
        info: Asked,
        values: Any,
        trigger_workflows: Triggers = UNSET,
        update_association_values: Associations = UNSET,
        dry_run: DryRun = UNSET,
    ) -> Any:
        options = written(collection, trigger_workflows, dry_run, update_association_values)
        return written_one(await info.context.perform(CreateRecords(values=(plain(values),), **options)))

    return create


def _create_many(collection: str) -> Callable[..., Any]:
    async def create_many(
        info: Asked,
        values: Any,
        trigger_workflows: Triggers = UNSET,
        update_association_values: Associations = UNSET,
        dry_run: DryRun = UNSET,
    ) -> Any:
        options = written(collection, trigger_workflows, dry_run, update_association_values)
        action = CreateRecords(values=tuple(plain(values)), many=True, **options)
        return written_many(await info.context.perform(action))

    return create_many


def _find_or_create(kind: type[FindOrCreate], collection: str) -> Callable[..., Any]:
    async def find_or_create(
        info: Asked,
        values: Any,
        filter_keys: FilterKeys,
        trigger_workflows: Triggers = UNSET,
        update_association_values: Associations = UNSET,
        dry_run: DryRun = UNSET,
    ) -> Any:
        options = written(collection, trigger_workflows, dry_run, update_association_values)
        action = kind(values=plain(values), filter_keys=tuple(filter_keys), **options)
        return written_one(await info.context.perform(action))

    return find_or_create


def _update(collection: str) -> Callable[..., Any]:
    async def update(
        info: Asked,
        id: strawberry.ID,
        values: Any,
        trigger_workflows: Triggers = UNSET,
        update_association_values: Associations = UNSET,
        dry_run: DryRun = UNSET,
    ) -> Any:
        options = written(collection, trigger_workflows, dry_run, update_association_values)
        return written_one(await info.context.perform(UpdateRecords(values=plain(values), keys=(id,), **options)))

    return update


def _update_many(collection: str) -> Callable[..., Any]:
    async def update_many(
        info: Asked,
        values: Any,
        filter: Any = UNSET,
        trigger_workflows: Triggers = UNSET,
        update_association_values: Associations = UNSET,
        dry_run: DryRun = UNSET,
    ) -> Any:
        options = written(collection, trigger_workflows, dry_run, update_association_values)
        action = UpdateRecords(values=plain(values), filter=plain(filter) or None, **options)
        return written_many(await info.context.perform(action))

    return update_many


def _destroy(collection: str) -> Callable[..., Any]:
    async def destroy(
        info: Asked, id: strawberry.ID, trigger_workflows: Triggers = UNSET, dry_run: DryRun = UNSET
    ) -> Any:
        action = DestroyRecords(keys=(id,), **written(collection, trigger_workflows, dry_run))
        return destroyed(await info.context.perform(action))

    return destroy


def _destroy_many(collection: str) -> Callable[..., Any]:
    async def destroy_many(
        info: Asked, filter: Any = UNSET, trigger_workflows: Triggers = UNSET, dry_run: DryRun = UNSET
    ) -> Any:
        options = written(collection, trigger_workflows, dry_run)
        return destroyed(await info.context.perform(DestroyRecords(filter=plain(filter) or None, **options)))

    return destroy_many
