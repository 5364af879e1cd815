"""What executions have in them: of whose records their histories may tell."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.data.collections import Collections
from engine.system.models import Execution
from engine.workflow.touched import touched


@dataclass(frozen=True, slots=True)
class Contents:
    """`touched` are the collections that its workflow reaches, `record` says which one it was handed, by collection
    and key, None for what somebody handed over by hand; `user` and `role` have caused it."""

    touched: frozenset[str]
    record: tuple[str, str] | None
    user: int | None
    role: str | None


async def contents_of(executions: Iterable[int], collections: Collections) -> dict[int, Contents]:
    """By the numbers of the executions, as far as they are there."""
    rows = Execution.filter(id__in=set(executions)).only(
        "id", "document", "collection", "record_key", "user_id", "role_name"
    )
    return {
        row.id: Contents(touched(row.document, collections), _record(row, collections), row.user_id, row.role_name)
        for row in await rows
    }


def _record(row: Execution, collections: Collections) -> tuple[str, str] | None:
    if row.record_key is None or row.collection is None or row.collection not in collections:
        return None
    return row.collection, row.record_key
