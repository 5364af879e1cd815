"""The queue is in the memory of the process: what it had not begun is gone with it."""

from typing import Any

from engine import engine
from engine.queue.base import Claim
from engine.system.models import Execution, Status
from tests.fakes import MemoryQueue


class ForgetfulQueue(MemoryQueue):
    async def take(self, limit: int, full: Any = ()) -> list[Claim]:
        claims = await super().take(limit, full)
        held = Execution.filter(id__in=[claim.execution for claim in claims])
        await held.update(status=Status.RUNNING, lease="lease")
        return claims


def plant() -> None:
    engine.make_queue = lambda lease, publish: ForgetfulQueue()
