"""How much there is to do, and what nobody has dealt with: executions by status, and how long the oldest has waited."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tortoise.functions import Count

from engine.system.models import Execution, Status

LOOKED_AT = (Status.QUEUED, Status.RUNNING, Status.WAITING, Status.FAILED, Status.ERROR)
"""Not those that have succeeded: they are most, counting them is slow, and nobody has to do anything about them."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Executions by status, and for how many seconds the oldest queued one has been there."""

    executions: Mapping[Status, int]
    oldest_queued: float


async def backlog() -> Backlog:
    """Two looks into the index of statuses, whatever the history holds."""
    counted = Execution.filter(status__in=LOOKED_AT).annotate(count=Count("id")).group_by("status")
    found = {Status(row["status"]): row["count"] for row in await counted.values("status", "count")}
    oldest = await Execution.filter(status=Status.QUEUED).order_by("id").only("created_at").first()
    waited = (datetime.now(UTC) - oldest.created_at).total_seconds() if oldest else 0.0
    return Backlog({status: found.get(status, 0) for status in LOOKED_AT}, max(0.0, waited))
