"""How many executions a process runs at once, and how many of one workflow."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence, Set

from engine.outgoing.hosts import HostBusy
from engine.queue.base import Claim, Room

COMMON = 8
OF_ONE = COMMON - 2
"""How many of one workflow have common places, so that a slow one leaves some for others."""
QUICK = 88
"""Places beside these, for workflows that are quick."""
QUICK_SECONDS = 0.5
MAX_ATTEMPTS = 3


class Places:
    """The places of one process for executions that it takes.

    A workflow is quick as far as its executions end within `QUICK_SECONDS`: each that does gains it a place, and one
    that does not costs half of them. Where requests come as fast as they are answered, too few would end otherwise, as
    each step of a run waits until all of those have had their turn. `stays_inside` says of a workflow that it does
    nothing outside of the database. One that does stays at the common places, since whoever is under way when the
    process is killed may tell others again what they were told.
    """

    def __init__(self, stays_inside: Callable[[str], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stays_inside = stays_inside
        self._since: dict[Claim, float] = {}
        self._quick: dict[str, int] = {}
        self._busy: dict[str, HostBusy] = {}
        self._careful: set[str] = set()

    def room(self) -> Room:
        """What is to be taken now."""
        self._busy = {key: busy for key, busy in self._busy.items() if not busy.is_free()}
        full = {*self._busy, *(self._careful if self._has_last() else ())}
        return _Room(Counter(claim.key for claim in self._since), self._quick, full, self._careful)

    def give(self, claims: Sequence[Claim]) -> list[Claim]:
        """Let those that were taken have places; answers the others, which have to be put back.

        An execution that has had two processes end may have been beside the one that ends them, so on its last attempt
        it is beside no other such: else that one would take all that came with it along.
        """
        others = []
        for claim in claims:
            if claim.attempt < MAX_ATTEMPTS:
                self._careful.discard(claim.key)
            elif claim.attempt == MAX_ATTEMPTS:
                self._careful.add(claim.key)
                if self._has_last():
                    others.append(claim)
                    continue
            self._since[claim] = self._clock()
        return others

    def leave(self, claim: Claim) -> None:
        """The execution has ended, or rests, or is another's."""
        seconds = self._clock() - self._since.pop(claim)
        quick = self._quick.pop(claim.key, 0)
        quick = min(quick + 1, QUICK) if seconds <= QUICK_SECONDS else quick // 2
        if quick and self._stays_inside(claim.key):
            self._quick[claim.key] = quick

    def close(self, key: str, busy: HostBusy) -> None:
        """Take nothing of a workflow as long as the host is busy that it calls."""
        self._busy[key] = busy

    def _has_last(self) -> bool:
        return any(claim.attempt == MAX_ATTEMPTS for claim in self._since)


class _Room(Room):
    """`quick` has how many a workflow may have beside the common ones. One at a time is taken of those to be `careful`
    with."""

    def __init__(self, taken: Counter[str], quick: Mapping[str, int], full: Collection[str], careful: Set[str]) -> None:
        super().__init__(COMMON + QUICK - taken.total())
        self._before = taken
        self._taken = taken.copy()
        self._quick = quick
        self._careful = careful
        self._common, self._beside = self._left()
        self.full = {*full, *(key for key in taken if not self.of(key))}

    def of(self, key: str) -> int:
        if key in self.full:
            return 0
        taken, quick = self._taken[key], self._quick.get(key, 0)
        common = min(OF_ONE - max(taken - quick, 0), self._common)
        beside = min(quick - taken, self._beside)
        most = 1 - taken + self._before[key] if key in self._careful else self.total
        return min(max(common, 0) + max(beside, 0), most)

    def fill(self, key: str, count: int = 1) -> None:
        super().fill(key, count)
        self._taken[key] += count
        self._common, self._beside = self._left()

    def _left(self) -> tuple[int, int]:
        """How many of the common places, and of those for the quick. Who is quick has these first."""
        beside = sum(min(count, self._quick.get(key, 0)) for key, count in self._taken.items())
        return COMMON - self._taken.total() + beside, QUICK - beside
