"""How long requests wait for what they have started: until it has ended, so many seconds, or the process shall end."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any

from engine.system.models import UNENDED, Execution

LEAVING_SECONDS = 10.0
"""What is left of every wait when the process shall end: as long as sync workflows are waited for by default, and less
than the server gives requests then."""
FIRST_LOOK, LAST_LOOK = 0.01, 0.5
"""Seconds between looks whether it is over: the first, and what they grow to."""


class Patience:
    """Everybody's who waits in this process, so that all can be told that it shall end."""

    def __init__(self) -> None:
        self._latest = math.inf

    def run_out(self, seconds: float = LEAVING_SECONDS) -> None:
        """From now on nobody waits longer than that, whoever waits already included."""
        self._latest = min(self._latest, asyncio.get_running_loop().time() + seconds)

    async def for_task(self, task: "asyncio.Task[Any]", seconds: float) -> None:
        """Wait for a task of this process; it goes on whatever becomes of who waits."""
        end = _now() + seconds
        while not task.done() and (left := self._left(end)):
            await asyncio.wait([task], timeout=min(left, LAST_LOOK))

    async def for_executions(self, executions: Sequence[int | None], seconds: float) -> None:
        """Wait until all have ended. Asked again and again, ever less often: any process may run them."""
        end, pause = _now() + seconds, FIRST_LOOK
        unfinished = Execution.filter(id__in=executions, status__in=UNENDED)
        while (left := self._left(end)) and await unfinished.exists():
            await asyncio.sleep(min(pause, left))
            pause = min(2 * pause, LAST_LOOK)

    def _left(self, end: float) -> float:
        return max(0.0, min(end, self._latest) - _now())


def _now() -> float:
    return asyncio.get_running_loop().time()
