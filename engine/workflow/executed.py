"""Counts the executions that each version of a workflow has had, behind the commits of what has started them."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from tortoise.expressions import F

from engine.data.availability import refusal_of
from engine.data.unit import after_commit, outside_unit, unit_of_work
from engine.system.models import Workflow

log = logging.getLogger("bangpath.workflow")

PAUSE_SECONDS, LONGER_SECONDS = 0.25, 2.0
"""At least so long between two times that this process writes what it has counted; longer behind one that failed."""


class Executed:
    """Writes the counts of many executions at once.

    In the transactions that start them, all who start the same workflow would wait for the commit of the one before.
    The price is that a process that is killed takes the count of its last moment along; the executions are there.
    """

    def __init__(self) -> None:
        self._counted: Counter[int] = Counter()
        self._more, self._ending = asyncio.Event(), asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._writing = asyncio.create_task(self._run(), context=outside_unit())

    async def stop(self) -> None:
        """Write what has been counted so far."""
        self._ending.set()
        self._more.set()
        if self._writing is not None:
            await self._writing

    def count(self, workflows: Iterable[int]) -> None:
        """Count an execution of each of these versions, when the unit that is open has committed."""
        if counted := Counter(workflows):
            after_commit(lambda: self._add(counted))

    def _add(self, counted: Counter[int]) -> None:
        self._counted += counted
        self._more.set()

    async def _run(self) -> None:
        while not self._ending.is_set():
            await self._more.wait()
            pause = PAUSE_SECONDS if await self._write() else LONGER_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause)
        await self._write()

    async def _write(self) -> bool:
        """Whether nothing is left over."""
        self._more.clear()
        counted, self._counted = self._counted, Counter()
        try:
            await _add_to_rows(counted)
        except Exception as error:
            self._add(counted)
            log.warning("executions are counted later: %s", error, exc_info=refusal_of(error) is None)
        return not self._counted


async def _add_to_rows(counted: Counter[int]) -> None:
    if not counted:
        return
    async with unit_of_work():
        # In one order, as other processes do it: two would wait for each other otherwise.
        for workflow, executions in sorted(counted.items()):
            await Workflow.filter(id=workflow).update(executed=F("executed") + executions)
