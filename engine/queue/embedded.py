"""The queue that needs nothing else: the rows of executions themselves, and an event that wakes the worker."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from tortoise.expressions import F
from tortoise.queryset import QuerySet

from engine.data.unit import after_commit, take_turns, unit_of_work
from engine.observe import ExecutionChanged, Publish, unheard
from engine.queue import rows
from engine.queue.base import AT_ONCE, Claim, Inserted, Room
from engine.system.models import Execution, Status

_SOON = 1.0


class EmbeddedQueue:
    """Claims in a unit of its own, in which no other process can claim the same."""

    def __init__(self, lease: timedelta, publish: Publish = unheard) -> None:
        self._lease = lease
        self._publish = publish
        self._woken = asyncio.Event()
        self._last = ""

    def start(self) -> None:
        """Nobody else is there to be heard."""

    async def stop(self) -> None:
        """Nothing was begun."""

    async def put(self, executions: Sequence[int], at: datetime | None = None, rows: Sequence[Inserted] = ()) -> None:
        if at is not None:
            # What is further away than the worker's next look by itself is found by that.
            seconds = (at - datetime.now(UTC)).total_seconds()
            asyncio.get_running_loop().call_later(min(max(seconds, 0), _SOON), self._woken.set)
        elif executions:
            after_commit(self._woken.set)

    async def take(self, room: Room) -> list[Claim]:
        # Looked at without the write lock first: an idle worker keeps nobody waiting.
        if not await _queued(room).exists() and not await rows.due().exists():
            return []
        lease = uuid.uuid4().hex
        async with unit_of_work():
            await rows.queue_again()
            chosen = await self._choose(room)
            taken = Execution.filter(id__in=[row.id for row in chosen])
            # The lock may have been waited for as long as half a lease.
            now = datetime.now(UTC)
            until = now + self._lease
            await taken.update(status=Status.RUNNING, lease=lease, leased_until=until, attempt=F("attempt") + 1)
            await taken.filter(started_at__isnull=True).update(started_at=now)
            for row in chosen:
                self._publish(ExecutionChanged(row.id, row.key, Status.RUNNING))
        return [Claim(row.id, lease, row.attempt + 1, row.key) for row in chosen]

    async def _choose(self, room: Room) -> list[Execution]:
        """The oldest. Where there are more than are wanted, each workflow has its turn, next time those first that have
        found no room: who floods keeps no other waiting."""
        oldest = await _oldest(_queued(room), max(room.common, 1))
        if any(row.slots for row in oldest):
            await take_turns("slots")
        running = Execution.filter(status=Status.RUNNING, slots__isnull=False)
        busy = Counter(row.key for row in await running.only("key"))
        if len(oldest) < room.common:
            return _fitting(oldest, busy, room)
        keys = await self._keys(room, busy)
        if not keys:
            return []
        shares = {key: room.share(key, len(keys)) for key in keys}
        found: list[Execution] = []
        last = ""
        for before, key in zip(["", *keys], keys, strict=False):
            if room.of(key):
                found += _fitting(await _oldest(_queued(room).filter(key=key), shares[key]), busy, room)
            else:
                last = last or before
        self._last = last or keys[-1]
        return found

    async def _keys(self, room: Room, busy: Counter[str]) -> list[str]:
        """Workflows that have something queued and may run it, in turn. Each is one step in the index, however much is
        queued."""
        keys: list[str] = []
        for after, until in ((self._last, None), ("", self._last)):
            while len(keys) < min(room.total, AT_ONCE):
                behind = _queued(room).filter(key__gt=after)
                following = behind if until is None else behind.filter(key__lte=until)
                row = await following.order_by("key").first().only("key", "slots")
                if row is None:
                    break
                after = row.key
                if row.slots is None or busy[after] < row.slots:
                    keys.append(after)
        return keys

    async def extend(self, claims: Sequence[Claim]) -> None:
        await rows.extend(claims, self._lease)

    async def give_back(self, claims: Sequence[Claim]) -> None:
        async with unit_of_work():
            await rows.give_back(claims, self._publish)

    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()


def _queued(room: Room) -> QuerySet[Execution]:
    queued = Execution.filter(status=Status.QUEUED)
    if room.only is not None:
        queued = queued.filter(key__in=list(room.only))
    return queued.filter(key__not_in=list(room.full)) if room.full else queued


async def _oldest(queued: QuerySet[Execution], limit: int) -> list[Execution]:
    return list(await queued.order_by("id").limit(limit).only("id", "attempt", "key", "slots"))


def _fitting(oldest: Iterable[Execution], busy: Counter[str], room: Room) -> list[Execution]:
    """Those of workflows that may have one more at work; `busy` and `room` count them in."""
    fitting = []
    for row in oldest:
        if room.of(row.key) and (row.slots is None or busy[row.key] < row.slots):
            room.fill(row.key)
            busy[row.key] += 1
            fitting.append(row)
    return fitting
