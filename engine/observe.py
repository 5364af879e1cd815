"""Everything notable that has happened, as values on one stream; whoever wants to know of it reads from there."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from engine.data.unit import after_commit
from engine.errors import Code, refuse
from engine.system.models import Status

BUFFER = 100
"""Events that a reader may be behind."""

Topic: TypeAlias = tuple[str, int | str]


@dataclass(frozen=True, slots=True)
class ExecutionChanged:
    """An execution was inserted, taken up or given back, or has ended. `workflow` is the key of its workflow."""

    execution: int
    workflow: str
    status: Status

    @property
    def topics(self) -> tuple[Topic, ...]:
        return about_execution(self.execution), about_workflow(self.workflow)


Event: TypeAlias = ExecutionChanged
Publish: TypeAlias = Callable[[Event], None]


class Reader:
    """What one reader has not taken yet. Who falls too far behind is cut off: memory stays bounded."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: list[Event] = []
        self._lost = False
        self._woken = asyncio.Event()

    def put(self, event: Event) -> None:
        if len(self._events) < self._limit:
            self._events.append(event)
        else:
            self._lost = True
        self._woken.set()

    async def take(self) -> list[Event]:
        """Everything since the last time, at least one event; raises a refusal `TOO_SLOW` when some were lost."""
        await self._woken.wait()
        self._woken.clear()
        if self._lost:
            raise refuse(Code.TOO_SLOW, f"More than {self._limit} events were waiting to be read, some are lost.")
        events, self._events = self._events, []
        return events


class Stream:
    """Brings events to readers, by topic: where nobody reads, an event costs a look into a dictionary.

    What is published is small and says what to look at, not what is there: readers look themselves, with the rights
    that they have then. With several processes these values are what goes from one to the other.
    """

    def __init__(self) -> None:
        self._readers: dict[Topic, set[Reader]] = {}
        self._watch: Callable[[Event], None] = unheard

    def watched_by(self, watch: Callable[[Event], None]) -> None:
        """Let this be called with everything that happens in this process, after its commit."""
        self._watch = watch

    @property
    def topics(self) -> set[Topic]:
        """What is read now."""
        return set(self._readers)

    def publish(self, event: Event) -> None:
        """Let it be known after the commit of the unit that is open, never after a rollback."""
        # Whether somebody reads is asked then, not now: who begins in between has read the rows as they were before.
        after_commit(partial(self._published, event))

    def _published(self, event: Event) -> None:
        self._watch(event)
        self.deliver(event)

    def deliver(self, event: Event) -> None:
        """Bring an event that is committed to those who read now."""
        for topic in event.topics:
            for reader in self._readers.get(topic, ()):
                reader.put(event)

    @contextmanager
    def read(self, topic: Topic, limit: int = BUFFER) -> Iterator[Reader]:
        """A reader of this topic, from now on until the block is left."""
        reader = Reader(limit)
        readers = self._readers.setdefault(topic, set())
        readers.add(reader)
        try:
            yield reader
        finally:
            readers.discard(reader)
            if not readers:
                del self._readers[topic]


def about_execution(key: int) -> Topic:
    return "execution", key


def about_workflow(key: str) -> Topic:
    return "workflow", key


def unheard(event: Event) -> None:
    """For who publishes where nobody reads."""
