"""Who was taken for dead and comes back writes an end of its own over the one that is there."""

from typing import Any

from engine.system.models import Execution, Status
from engine.workflow.journal import LostLease
from engine.workflow.processor import Run
from engine.workflow.runner import Runner


def plant() -> None:
    run_on = Runner.run

    async def run_to_an_end(self: Runner, run: Run) -> Any:
        try:
            return await run_on(self, run)
        except LostLease:
            await Execution.filter(id=run.execution).update(status=Status.ERROR, error="It was interrupted.")
            raise

    Runner.run = run_to_an_end
