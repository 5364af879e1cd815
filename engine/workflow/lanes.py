"""Lanes: executions of one workflow that run one after the other, as they are of one record."""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.unit import take_turns
from engine.system.models import UNENDED, Execution
from engine.workflow.events import Pending


def lane_of(pending: Pending) -> str | None:
    """What executions have in common that run one after the other; None for those that do not."""
    if not pending.definition.options.in_order or pending.record_key is None or pending.cut is not None:
        return None
    return f"{pending.definition.key}:{pending.collection}:{pending.record_key}"


async def hold(pendings: Iterable[Pending]) -> None:
    """Keep others from queueing up in the lanes of these, or leaving them, until the commit.

    In order, since two writes that want the same places would wait for each other.
    """
    for lane in sorted({lane for pending in pendings if (lane := lane_of(pending))}):
        await take_turns(f"lane {lane}")


async def is_taken(lane: str) -> bool:
    """Whether somebody runs in it, or waits to."""
    return await Execution.exists(lane=lane, status__in=UNENDED)


async def first_behind(ended: int) -> Execution | None:
    """The first one now in the lane of an execution that has ended; None where that had none, or the last one left."""
    row = await Execution.get(id=ended).only("lane")
    if row.lane is None:
        return None
    # Somebody may be queueing up behind this one just now.
    await take_turns(f"lane {row.lane}")
    return await Execution.filter(lane=row.lane, status__in=UNENDED).order_by("id").first().only("id", "key")
