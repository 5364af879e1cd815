"""The port of the queue: it says that somebody should look at an execution; the execution's row is the truth."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from engine.system.models import Status


@dataclass(frozen=True, slots=True)
class Claim:
    """An execution that this process may run, until the lease ends. `lease` is the fencing token of its writes, `key`
    that of its workflow; `begun` is false where nothing can be recorded of it yet."""

    execution: int
    lease: str
    attempt: int = 1
    key: str = field(default="", compare=False)
    begun: bool = field(default=True, compare=False)


class Inserted(Struct, frozen=True):
    """A new execution, as far as who offers it and who caused it have to know. `key` and `slots` are its workflow's."""

    id: int
    key: str
    status: Status
    slots: int | None


class Room:
    """How many executions a process takes: `total`, `common` of them of whatever workflow, but none of those that are
    `full`; where there are `only` some that have room, of these."""

    def __init__(self, total: int, full: Collection[str] = (), only: Collection[str] | None = None) -> None:
        self.total = self.common = total
        self.full = full
        self.only = only

    def of(self, key: str) -> int:
        """How many of one workflow."""
        return 0 if key in self.full or (self.only is not None and key not in self.only) else self.total

    def share(self, key: str, among: int) -> int:
        """How many of one workflow where so many have their turn. To be asked before any is taken."""
        return -(-self.total // among)

    def fill(self, key: str, count: int = 1) -> None:
        """So many of it are taken, or after all not where that is less than nothing."""
        self.total -= count


MAX_ATTEMPTS = 3
"""How often an execution is claimed; whoever claims it once more gives it up."""
AT_ONCE = 8
"""Of how many workflows executions are taken together, where more have some queued."""


class Queue(Protocol):
    """Both adapters keep these promises: what was put and committed is taken, by one process at a time."""

    def start(self) -> None:
        """Hear from now on what other processes put, and let them hear what is put here."""

    async def stop(self) -> None:
        """Hear and say no more."""

    async def put(self, executions: Sequence[int], at: datetime | None = None, rows: Sequence[Inserted] = ()) -> None:
        """Offer executions, in the unit of work that inserts them: rolled back with it, seen after its commit.

        Those that rest are offered `at` the moment that their rows name. Whoever has `rows` of them spares the queue
        to read them.
        """

    async def take(self, room: Room) -> list[Claim]:
        """Claim executions that nobody holds, as many as there is room for: new ones, those that have rested, and
        those of dead processes; of each workflow the oldest first.

        A workflow whose `options.concurrency` is reached gets no more, and none is kept waiting by a flood of another.
        """

    async def extend(self, claims: Sequence[Claim]) -> None:
        """Hold these a whole lease longer."""

    async def give_back(self, claims: Sequence[Claim]) -> None:
        """Let others have these at once; their attempt does not count."""

    async def wait(self, seconds: float) -> None:
        """Return when something may have been put, after `seconds` at the latest."""
