"""What a GraphQL request carries: its context, and the loaders that fetch relations for many records at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, TypeVar

from msgspec.structs import replace
from strawberry.dataloader import DataLoader

from engine.actions import Action, Actor, LoadRelated, Write
from engine.outcomes import Written
from schema.context import Context
from schema.resolvers import resolve

MAX_BATCH = 500

T = TypeVar("T")

Resolve: TypeAlias = Callable[[Context, Action], Awaitable[Any]]


class Loaders:
    """One loader per relation: records that ask in the same tick are answered by one action, and none asks twice."""

    def __init__(self, context: Context, resolve: Resolve) -> None:
        self._context = context
        self._resolve = resolve
        self._loaders: dict[tuple[str, str], DataLoader[Any, Any]] = {}

    def load(self, collection: str, relation: str, key: Any) -> Awaitable[Any]:
        """What hangs on the record with this key: a record, None, or a list."""
        loader = self._loaders.get((collection, relation))
        if loader is None:
            loader = DataLoader(partial(self._load, collection, relation), max_batch_size=MAX_BATCH)
            self._loaders[collection, relation] = loader
        return loader.load(key)

    def forget(self) -> None:
        """Forget what was loaded: a write has happened."""
        self._loaders.clear()

    async def _load(self, collection: str, relation: str, keys: list[Any]) -> list[Any]:
        action = LoadRelated(collection=collection, relation=relation, keys=tuple(keys))
        found = await self._resolve(self._context, action)
        return [found.get(key) for key in keys]


@dataclass(slots=True)
class Request:
    """The context of one GraphQL request. `unhurry` takes the limit of time away, which queries alone have; `identify`
    asks anew who is asking, which subscriptions need: theirs is a long request."""

    context: Context
    resolve: Resolve = resolve
    unhurry: Callable[[], None] = lambda: None
    identify: Callable[[], Awaitable[Actor]] | None = None
    writes: bool = field(init=False, default=False)
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.loaders = Loaders(self.context, self.resolve)

    async def read(self, action: Action) -> Any:
        """What the resolver both doors share answers to an action that reads."""
        return await self.resolve(self.context, action)

    async def read_anew(self, action: Action) -> Any:
        """The same for what is asked again and again: who asks may have lost the right since, and rows have changed."""
        assert self.identify is not None, "what is asked again comes with a way to ask who asks"
        self.context = replace(self.context, actor=await self.identify())
        self.loaders = Loaders(self.context, self.resolve)
        return await self.read(action)

    def begin(self, name: str) -> None:
        """Begin with the next root field of a mutation, by the name it has in the answer. They run one after another,
        and each is repeated for itself."""
        self.writes = True
        terms = self.context.terms
        if terms.repetition is not None:
            repetition = self.context.engine.repetitions.at(terms.repetition, name)
            self.context = replace(self.context, terms=replace(terms, repetition=repetition))

    async def write(self, work: Awaitable[T]) -> T:
        """Wait for a write: nothing cuts it off, and what was loaded before it is not true any more."""
        self.unhurry()
        try:
            return await work
        finally:
            self.loaders.forget()

    async def perform(self, action: Write) -> Written:
        """What the resolver both doors share answers to an action that writes."""
        written: Written = await self.write(self.resolve(self.context, action))
        return written
