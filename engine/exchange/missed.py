"""What became of the executions that are followed, as their rows tell: for news that never came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from tortoise.queryset import QuerySet

from engine.observe import BUFFER, EXECUTION, ExecutionChanged, Topic
from engine.system.models import Execution

_AT_ONCE = 500
# One more than a reader may be behind: who is told of so many was not told of all, and has to know it.
_NEWEST = BUFFER + 1


async def followed(topics: Iterable[Topic]) -> list[ExecutionChanged]:
    """How the executions stand that are followed one by one."""
    keys = (name for kind, name in topics if kind == EXECUTION)
    rows = [await _read(Execution.filter(id__in=some)) for some in _parts(keys)]
    return [_event(row) for part in rows for row in part]


async def changed(topics: Iterable[Topic], since: datetime, until: datetime) -> list[tuple[ExecutionChanged, datetime]]:
    """Of workflows that are followed: which of their newest executions changed in this time, and when."""
    found = []
    for key in [name for kind, name in topics if kind != EXECUTION]:
        for row in reversed(await _read(Execution.filter(key=key).order_by("-id").limit(_NEWEST))):
            at = max(filter(None, (row.created_at, row.started_at, row.finished_at)))
            if since <= at < until:
                found.append((_event(row), at))
    return found


async def _read(rows: QuerySet[Execution]) -> list[Execution]:
    return list(await rows.only("id", "key", "status", "created_at", "started_at", "finished_at"))


def _event(row: Execution) -> ExecutionChanged:
    return ExecutionChanged(row.id, row.key, row.status)


def _parts(keys: Iterable[int | str]) -> Iterator[Sequence[int | str]]:
    left = iter(keys)
    while some := list(islice(left, _AT_ONCE)):
        yield some
