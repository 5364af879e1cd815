"""Ends the history that is old enough, a part at a time, and gives its space back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from engine.data.unit import connection, unit_of_work
from engine.system.models import Execution, Job, Status

AT_ONCE = 200
PAGES = 1_000
"""Of an SQLite file, that are given back after each part."""

SUCCEEDED = (Status.SUCCEEDED, Status.SKIPPED)
FAILED = (Status.FAILED, Status.CANCELLED, Status.TIMED_OUT)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long ended executions are kept, by status; one that is not named, `error` above all, is kept for ever."""

    kept: Mapping[Status, timedelta] = field(default_factory=dict)

    async def end_some(self) -> bool:
        """End the oldest of what is too old; answers whether there may be more of it."""
        more = [await self._end(status, datetime.now(UTC) - age) for status, age in self.kept.items()]
        return any(more)

    async def _end(self, status: Status, before: datetime) -> bool:
        # They end about in the order in which they began, so the oldest are looked at and no index is needed.
        oldest = await Execution.filter(status=status).order_by("id").limit(AT_ONCE).only("id", "finished_at")
        old = [row.id for row in oldest if row.finished_at is not None and row.finished_at < before]
        if not old:
            return False
        async with unit_of_work():
            await Job.filter(execution_id__in=old).delete()
            await Execution.filter(id__in=old).delete()
        if connection().capabilities.dialect == "sqlite":
            # As a script: as a query Python takes one step of it, which is one page.
            await connection().execute_script(f"PRAGMA incremental_vacuum({PAGES})")
        return len(old) == AT_ONCE


FOR_EVER = Retention()


def retention(succeeded_days: float, failed_days: float) -> Retention:
    """What the settings say; 0 is for ever."""
    kept = {status: timedelta(days=succeeded_days) for status in SUCCEEDED if succeeded_days}
    return Retention(kept | {status: timedelta(days=failed_days) for status in FAILED if failed_days})
