"""A lease does not end: what a dead process had is held by it for ever."""

from datetime import UTC, datetime

from tortoise.queryset import QuerySet

from engine.queue import rows
from engine.system.models import Execution, Status


def plant() -> None:
    def due() -> QuerySet[Execution]:
        return Execution.filter(status=Status.WAITING, resume_at__lte=datetime.now(UTC))

    rows.due = due
