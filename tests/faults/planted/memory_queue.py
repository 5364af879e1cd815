"""The queue is in the memory of the process: what it had not begun is gone with it."""

from engine import engine
from engine.queue.base import Claim, Room
from engine.system.models import Execution, Status
from tests.fakes import MemoryQueue


class ForgetfulQueue(MemoryQueue):
    async def take(self, room: Room) -> list[Claim]:
        claims = await super().take(room)
        held = Execution.filter(id__in=[claim.execution for claim in claims])
        await held.update(status=Status.RUNNING, lease="lease")
        return claims


def plant() -> None:
    engine.make_queue = lambda lease, publish: ForgetfulQueue()
