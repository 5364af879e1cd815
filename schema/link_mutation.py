"""The mutations that link and unlink: which records hang on another, by one field for each way to change that."""

from collections.abc import Callable, Iterator
from typing import Any

import strawberry
from strawberry import UNSET, Info

from engine.actions import LinkMode, LinkRecords, Owner
from engine.data.collections import Collection, Relation
from schema.loaders import Request
from schema.types.arguments import DryRun
from schema.types.collections import CollectionTypes
from schema.types.declare import Member
from schema.types.payloads import LinkPayload

Asked = Info[Request, None]


def link_mutations(types: CollectionTypes) -> Iterator[Member]:
    """Fields such as `addPostTags` and `setPostAuthor`, for every relation of a data collection."""
    if types.writes is None:
        return
    for relation in types.collection.relations.values():
        place = f"{types.names.one}{relation.name[:1].upper()}{relation.name[1:]}"
        for mode, about, resolver in _fields(types.collection, relation):
            yield Member(f"{mode}{place}", LinkPayload | None, about, resolver=resolver)


def _fields(collection: Collection, relation: Relation) -> Iterator[tuple[LinkMode, str, Callable[..., Any]]]:
    link = _Link(collection.name, relation)
    if not relation.kind.to_many:
        yield (
            LinkMode.SET,
            f"Link one of the {relation.target} instead of the one that is linked.",
            link.one(LinkMode.SET),
        )
        yield LinkMode.REMOVE, "Unlink the record that is linked; it stays.", link.none(LinkMode.REMOVE)
        return
    yield LinkMode.ADD, f"Link more {relation.target}.", link.many(LinkMode.ADD)
    yield LinkMode.SET, f"Link these {relation.target} and no others.", link.many(LinkMode.SET)
    yield LinkMode.REMOVE, f"Unlink {relation.target}; they stay.", link.many(LinkMode.REMOVE)
    yield LinkMode.TOGGLE, f"Link one of the {relation.target}, or unlink it if it is.", link.one(LinkMode.TOGGLE)


class _Link:
    """Makes the resolvers of one relation, by how many keys they take."""

    def __init__(self, collection: str, relation: Relation) -> None:
        self._collection = collection
        self._relation = relation

    def many(self, mode: LinkMode) -> Callable[..., Any]:
        async def link(info: Asked, id: strawberry.ID, keys: list[strawberry.ID], dry_run: DryRun = UNSET) -> Any:
            return await self._perform(info, mode, id, tuple(keys), dry_run)

        return link

    def one(self, mode: LinkMode) -> Callable[..., Any]:
        async def link(info: Asked, id: strawberry.ID, key: strawberry.ID, dry_run: DryRun = UNSET) -> Any:
            return await self._perform(info, mode, id, (key,), dry_run)

        return link

    def none(self, mode: LinkMode) -> Callable[..., Any]:
        async def link(info: Asked, id: strawberry.ID, dry_run: DryRun = UNSET) -> Any:
            return await self._perform(info, mode, id, None, dry_run)

        return link

    async def _perform(
        self, info: Asked, mode: LinkMode, id: str, keys: tuple[str, ...] | None, dry_run: DryRun
    ) -> LinkPayload:
        owner = Owner(self._collection, id, self._relation.name)
        target = self._relation.target
        action = LinkRecords(collection=target, owner=owner, mode=mode, keys=keys, dry_run=dry_run is True)
        return LinkPayload(keys=await info.context.write(info.context.read(action)))
