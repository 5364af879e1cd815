"""What both adapters do to the rows of executions: who holds them, and whom nobody holds any more."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tortoise.expressions import F, Q
from tortoise.queryset import QuerySet

from engine.data.unit import unit_of_work
from engine.observe import ExecutionChanged, Publish
from engine.queue.base import Claim
from engine.system.models import Execution, Status

_AT_ONCE = 100


def due() -> QuerySet[Execution]:
    """Those that rested until now, and those that a process has that gives no sign of life."""
    now = datetime.now(UTC)
    dead = Q(status=Status.RUNNING) & (Q(leased_until__lt=now) | Q(leased_until__isnull=True))
    return Execution.filter(dead | Q(status=Status.WAITING, resume_at__lte=now))


async def queue_again() -> list[int]:
    """Inside a unit: queue what is due, so much of it as is done at once; answers which."""
    rows = await due().select_for_update(skip_locked=True).order_by("id").limit(_AT_ONCE).only("id")
    if rows:
        again = Execution.filter(id__in=[row.id for row in rows])
        await again.update(status=Status.QUEUED, lease=None, leased_until=None, resume_at=None)
    return [row.id for row in rows]


async def extend(claims: Sequence[Claim], lease: timedelta) -> None:
    """Hold these so much longer, as far as they are still held."""
    if claims:
        async with unit_of_work():
            await _held(claims).update(leased_until=datetime.now(UTC) + lease)


async def give_back(claims: Sequence[Claim], publish: Publish, at: datetime | None = None) -> list[int]:
    """Inside a unit: queue again what is still held, or let it rest until then; answers which. Its attempt does not
    count."""
    rows = await _held(claims).select_for_update().order_by("id").only("id", "key")
    status = Status.WAITING if at else Status.QUEUED
    given = [row.id for row in rows]
    again = {"status": status, "resume_at": at, "lease": None, "leased_until": None}
    await Execution.filter(id__in=given).update(**again, attempt=F("attempt") - 1)
    for row in rows:
        publish(ExecutionChanged(row.id, row.key, status))
    return given


def _held(claims: Sequence[Claim]) -> QuerySet[Execution]:
    # A lease is of one process alone, so these are ours whichever of them has which.
    leases = {claim.lease for claim in claims}
    return Execution.filter(id__in=[claim.execution for claim in claims], lease__in=list(leases))
