"""Who was taken for dead and comes back writes its own end of an execution over the one that is there."""

from typing import Any

from engine.system.models import Execution
from engine.workflow.journal import Journal
from engine.workflow.processor import Run


def plant() -> None:
    finish = Journal.finish

    async def finish_again(self: Journal, run: Run, *args: Any) -> None:
        await Execution.filter(id=run.execution).update(lease=run.lease)
        await finish(self, run, *args)

    Journal.finish = finish_again
