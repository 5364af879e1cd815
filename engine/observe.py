"""Everything notable that has happened, as values on one stream; whoever wants to know of it reads from there."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from msgspec import Struct

from engine.data.unit import after_commit
from engine.errors import Code, refuse
from engine.system.models import Status

BUFFER = 100
"""Events that a reader may be behind."""
REMEMBERED = 10_000
"""Executions of which it is known what readers were told last."""

EXECUTION, WORKFLOW = "execution", "workflow"

Topic: TypeAlias = tuple[str, int | str]


class ExecutionChanged(Struct, frozen=True):
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
        self.began = datetime.now(UTC)
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
    that they have then. These values go from one process to the others, `engine/exchange` brings them.
    """

    def __init__(self) -> None:
        self._readers: dict[Topic, set[Reader]] = {}
        self._watches: list[Callable[[Event], None]] = []
        self._told: dict[int, Status] = {}

    def watched_by(self, watch: Callable[[Event], None]) -> None:
        """Let this be called with everything that happens in this process, after its commit."""
        self._watches.append(watch)

    @property
    def is_read(self) -> bool:
        """Whether anybody reads anything now."""
        return bool(self._readers)

    @property
    def topics(self) -> set[Topic]:
        """What is read now."""
        return set(self._readers)

    def publish(self, event: Event) -> None:
        """Let it be known after the commit of the unit that is open, never after a rollback."""
        # Whether somebody reads is asked then, not now: who begins in between has read the rows as they were before.
        after_commit(partial(self._published, event))

    def _published(self, event: Event) -> None:
        for watch in self._watches:
            watch(event)
        self.deliver(event)

    def deliver(self, event: Event, at: datetime | None = None) -> None:
        """Bring an event that is committed to those who read now, or who did `at` the time that it came from."""
        for reader in self._readers_of(event):
            if at is None or reader.began <= at:
                self._note(event)
                reader.put(event)

    def deliver_missed(self, event: Event, at: datetime) -> None:
        """Bring them what another process has told nobody of, or not us; what was brought already is not told twice."""
        if self._told.get(event.execution) is not event.status:
            self.deliver(event, at)

    def _readers_of(self, event: Event) -> list[Reader]:
        return [reader for topic in event.topics for reader in self._readers.get(topic, ())]

    def _note(self, event: Event) -> None:
        # The newest last, so that the one forgotten is the oldest.
        self._told.pop(event.execution, None)
        self._told[event.execution] = event.status
        if len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]

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
    return EXECUTION, key


def about_workflow(key: str) -> Topic:
    return WORKFLOW, key


def unheard(event: Event) -> None:
    """For who publishes where nobody reads."""
