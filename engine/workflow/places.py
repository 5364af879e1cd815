"""How many executions a process runs at once, and how many of one workflow."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

from engine.outgoing.hosts import HostBusy
from engine.queue.base import Claim, Room

COMMON = 8
OF_ONE = COMMON - 2
"""How many of one workflow have common places, so that a slow one leaves some for others."""
QUICK = 88
"""Places beside these, for workflows that are quick."""
QUICK_SECONDS = 0.3


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

    def room(self) -> Room:
        """What is to be taken now."""
        self._busy = {key: busy for key, busy in self._busy.items() if not busy.is_free()}
        # A workflow that was quick may have another version by now.
        quick = {key: places for key, places in self._quick.items() if self._stays_inside(key)}
        return _Room(Counter(claim.key for claim in self._since), quick, self._busy)

    def give(self, claims: Iterable[Claim]) -> None:
        """Let those that were taken have places."""
        self._since |= dict.fromkeys(claims, self._clock())

    def leave(self, claim: Claim) -> None:
        """The execution has ended, or rests, or is another's."""
        seconds = self._clock() - self._since.pop(claim)
        quick = self._quick.pop(claim.key, 0)
        if quick := min(quick + 1, QUICK) if seconds <= QUICK_SECONDS else quick // 2:
            self._quick[claim.key] = quick

    def close(self, key: str, busy: HostBusy) -> None:
        """Take nothing of a workflow as long as the host is busy that it calls."""
        self._busy[key] = busy


class _Room(Room):
    """`quick` has how many a workflow may have beside the common places."""

    def __init__(self, taken: Counter[str], quick: Mapping[str, int], busy: Collection[str]) -> None:
        super().__init__(0)
        self._taken = taken
        self._quick = quick
        self._count()
        self._at_first = self.common, self._beside
        self.full = {*busy, *(key for key in taken if not self.of(key))}
        if not self.common:
            self.only = [key for key in quick if self.of(key)]

    def of(self, key: str) -> int:
        if key in self.full:
            return 0
        taken, quick = self._taken[key], self._quick.get(key, 0)
        common = min(OF_ONE - _in_common(taken, quick), self.common)
        return common + min(max(quick - taken, 0), self._beside)

    def share(self, key: str, among: int) -> int:
        common, beside = (-(-places // among) for places in self._at_first)
        return common + min(max(self._quick.get(key, 0) - self._taken[key], 0), beside)

    def fill(self, key: str, count: int = 1) -> None:
        self._taken[key] += count
        self._count()

    def _count(self) -> None:
        """How many of the common places are left, of those for the quick, and in all."""
        common = sum(_in_common(count, self._quick.get(key, 0)) for key, count in self._taken.items())
        beside = self._taken.total() - common
        self.common = max(COMMON - common - max(beside - QUICK, 0), 0)
        self._beside = max(QUICK - beside - max(common - COMMON, 0), 0)
        gained = sum(max(quick - self._taken[key], 0) for key, quick in self._quick.items())
        self.total = self.common + min(gained, self._beside)


def _in_common(taken: int, quick: int) -> int:
    """How many of one workflow have common places. More than it has gained, and these, it has of a time when it had
    gained more: what has turned slow keeps no other waiting."""
    return min(max(taken - quick, 0), OF_ONE)
