"""What both adapters do to the rows of executions: who holds them, and whom nobody holds any more."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from tortoise.expressions import F, Q
from tortoise.queryset import QuerySet

from engine.data.unit import take_turns, unit_of_work
from engine.observe import ExecutionChanged, Publish
from engine.queue.base import MAX_ATTEMPTS, Claim
from engine.system.models import Execution, Status

_AT_ONCE = 100
_IN_ONE_STATEMENT = 1_000
_BEFORE_LAST = MAX_ATTEMPTS - 1


def due() -> QuerySet[Execution]:
    """Those that rested until now, and those that a process has that gives no sign of life."""
    now = datetime.now(UTC)
    dead = Q(status=Status.RUNNING) & (Q(leased_until__lt=now) | Q(leased_until__isnull=True))
    return Execution.filter(dead | Q(status=Status.WAITING, resume_at__lte=now))


async def queue_again() -> list[int]:
    """Inside a unit: queue what is due, so much of it as is done at once; answers which. One that will be on its last
    attempt waits until no other such is under way."""
    rows = await _free(due().exclude(attempt=_BEFORE_LAST)).limit(_AT_ONCE).only("id")
    if await due().filter(attempt=_BEFORE_LAST).exists():
        await take_turns("last attempts")
        if not await _on_their_last().exists():
            rows += await _free(due().filter(attempt=_BEFORE_LAST)).limit(1).only("id")
    if rows:
        again = Execution.filter(id__in=[row.id for row in rows])
        await again.update(status=Status.QUEUED, lease=None, leased_until=None, resume_at=None)
    return [row.id for row in rows]


async def extend(claims: Sequence[Claim], lease: timedelta) -> None:
    """Hold these so much longer, as far as they are still held."""
    for some in _parts(claims):
        async with unit_of_work():
            await _held(some).update(leased_until=datetime.now(UTC) + lease)


async def give_back(claims: Sequence[Claim], publish: Publish) -> list[int]:
    """Inside a unit: queue again what is still held; answers which. Its attempt does not count."""
    given: list[int] = []
    for some in _parts(claims):
        known = {(claim.execution, claim.lease) for claim in some}
        # Waited for, whoever has them locked: what is passed over would keep an attempt that it has not had.
        locked = await _held(some).select_for_update().order_by("id").only("id", "key", "lease")
        rows = [row for row in locked if (row.id, row.lease) in known]
        held = Execution.filter(id__in=[row.id for row in rows])
        await held.update(status=Status.QUEUED, lease=None, leased_until=None, attempt=F("attempt") - 1)
        for row in rows:
            publish(ExecutionChanged(row.id, row.key, Status.QUEUED))
            given.append(row.id)
    return given


def _on_their_last() -> QuerySet[Execution]:
    running = Q(status=Status.RUNNING, attempt=MAX_ATTEMPTS, leased_until__gte=datetime.now(UTC))
    return Execution.filter(running | Q(status=Status.QUEUED, attempt=_BEFORE_LAST))


def _held(claims: Sequence[Claim]) -> QuerySet[Execution]:
    """Those that this process holds; it may be by another of these leases than the claim says."""
    leases = {claim.lease for claim in claims}
    return Execution.filter(id__in=[claim.execution for claim in claims], lease__in=list(leases))


def _free(rows: QuerySet[Execution]) -> QuerySet[Execution]:
    """Those that nobody else is just taking."""
    return rows.select_for_update(skip_locked=True).order_by("id")


def _parts(claims: Sequence[Claim]) -> Iterator[Sequence[Claim]]:
    """A statement has no room for any number of values."""
    for begin in range(0, len(claims), _IN_ONE_STATEMENT):
        yield claims[begin : begin + _IN_ONE_STATEMENT]
