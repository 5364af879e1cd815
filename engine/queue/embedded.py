"""The queue that needs nothing else: the rows of executions themselves, and an event that wakes the worker."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tortoise.expressions import F, Q
from tortoise.queryset import QuerySet

from engine.data.unit import after_commit, unit_of_work
from engine.observe import ExecutionChanged, Publish, unheard
from engine.queue.base import Claim
from engine.system.models import Execution, Status

_UNFINISHED = (Status.QUEUED, Status.RUNNING)
_SOON = 1.0


class EmbeddedQueue:
    """Claims in a unit of its own, in which no other process can claim the same."""

    def __init__(self, lease: timedelta, publish: Publish = unheard) -> None:
        self._lease = lease
        self._publish = publish
        self._woken = asyncio.Event()

    async def put(self, executions: Sequence[int], at: datetime | None = None) -> None:
        if at is not None:
            # What is further away than the worker's next look by itself is found by that.
            seconds = (at - datetime.now(UTC)).total_seconds()
            asyncio.get_running_loop().call_later(min(max(seconds, 0), _SOON), self._woken.set)
        elif executions:
            after_commit(self._woken.set)

    async def take(self, limit: int) -> list[Claim]:
        # Looked at without the write lock first: an idle worker keeps nobody waiting.
        if not await _free().exists():
            return []
        lease = uuid.uuid4().hex
        async with unit_of_work():
            # On PostgreSQL others take at the same time: what one of them holds is passed over.
            free = _free().select_for_update(skip_locked=True).order_by("id").limit(limit)
            rows = await free.only("id", "attempt", "key")
            taken = Execution.filter(id__in=[row.id for row in rows])
            # The lock may have been waited for as long as half a lease.
            now = datetime.now(UTC)
            until = now + self._lease
            await taken.update(
                status=Status.RUNNING, lease=lease, leased_until=until, resume_at=None, attempt=F("attempt") + 1
            )
            await taken.filter(started_at__isnull=True).update(started_at=now)
            for row in rows:
                self._publish(ExecutionChanged(row.id, row.key, Status.RUNNING))
        return [Claim(row.id, lease, row.attempt + 1) for row in rows]

    async def extend(self, claims: Sequence[Claim]) -> None:
        if not claims:
            return
        async with unit_of_work():
            for claim in claims:
                held = Execution.filter(id=claim.execution, lease=claim.lease)
                await held.update(leased_until=datetime.now(UTC) + self._lease)

    async def give_back(self, claims: Sequence[Claim]) -> None:
        async with unit_of_work():
            for claim in claims:
                held = Execution.filter(id=claim.execution, lease=claim.lease)
                rows = await held.only("key")
                await held.update(status=Status.QUEUED, lease=None, leased_until=None, attempt=F("attempt") - 1)
                for row in rows:
                    self._publish(ExecutionChanged(claim.execution, row.key, Status.QUEUED))

    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()


def _free() -> QuerySet[Execution]:
    """Those that are unfinished and in nobody's hands."""
    now = datetime.now(UTC)
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    return Execution.filter(Q(free, status__in=_UNFINISHED) | Q(status=Status.WAITING, resume_at__lte=now))
