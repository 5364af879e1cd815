"""Stand-ins for what would be slow or out of reach in a test; they keep the promises of what they stand for."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from engine.queue.base import Claim, Room
from engine.system.models import Execution


class MemoryQueue:
    """A queue in memory. `taking` is what `take` goes through before it answers, a crash for instance."""

    def __init__(self) -> None:
        self.offered: list[int] = []
        self.resting: list[tuple[int, datetime]] = []
        self.extended: list[Claim] = []
        self.given_back: list[Claim] = []
        self.asked: list[int] = []
        self.full: list[set[str]] = []
        self.keys: dict[int, str] = {}
        self.may_take = asyncio.Event()
        self.may_take.set()
        self.fault: Exception | None = None
        self.give_back_fault: Exception | None = None
        self._woken = asyncio.Event()

    def start(self) -> None:
        """Nobody else is there to be heard."""

    async def stop(self) -> None:
        """Nothing was begun."""

    async def put(self, executions: Sequence[int], at: datetime | None = None, rows: Sequence[Execution] = ()) -> None:
        if at is None:
            self.offered += executions
        else:
            self.resting += [(execution, at) for execution in executions]
        self._woken.set()

    async def take(self, room: Room) -> list[Claim]:
        self.asked.append(room.total)
        self.full.append(set(room.full))
        taken = []
        for execution in list(self.offered):
            if room.of(self.keys.get(execution, "")):
                room.fill(self.keys.get(execution, ""))
                taken.append(execution)
                self.offered.remove(execution)
        await self.may_take.wait()
        if self.fault is not None:
            fault, self.fault, self.offered = self.fault, None, taken + self.offered
            raise fault
        return [Claim(execution, "lease", key=self.keys.get(execution, "")) for execution in taken]

    async def extend(self, claims: Sequence[Claim]) -> None:
        self.extended += claims

    async def give_back(self, claims: Sequence[Claim]) -> None:
        if self.give_back_fault is not None:
            fault, self.give_back_fault = self.give_back_fault, None
            raise fault
        self.given_back += claims

    async def wait(self, seconds: float) -> None:
        await self._woken.wait()
        self._woken.clear()
