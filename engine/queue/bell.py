"""Wakes the workers of all processes on one PostgreSQL: each has a connection on which it rings, and hears others."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from engine.data.lines import keep_open
from engine.data.unit import connection, outside_unit

log = logging.getLogger("bangpath.queue")

CHANNEL = "bangpath_queue"
PAUSE_SECONDS = 0.02
"""Between one ringing and the next: it takes a lock of the whole database at its commit."""
_ALIVE_SECONDS = 5.0


class Bell:
    """One task, which nobody who writes waits for. What is not heard is found by looking."""

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), context=outside_unit())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def ring(self) -> None:
        """Let the other processes look, soon; many ringings in a moment are one."""
        self._rung.set()

    async def _run(self) -> None:
        # What was put while nothing was heard is looked for.
        await keep_open(self._opened, self._talk, whom="workers of other processes", log=log, back=self._heard)

    def _opened(self) -> AbstractAsyncContextManager[Any]:
        # A client of engine/data/postgres.py.
        client: Any = connection()
        line: AbstractAsyncContextManager[Any] = client.listening({CHANNEL: lambda _: self._heard()})
        return line

    async def _talk(self, line: Any) -> None:
        while True:
            if await self._is_rung():
                self._rung.clear()
                await line.ask("SELECT pg_notify($1, '')", CHANNEL)
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                # A connection that is gone says nothing by itself.
                await line.ask("SELECT 1")

    async def _is_rung(self) -> bool:
        try:
            async with asyncio.timeout(_ALIVE_SECONDS):
                return await self._rung.wait()
        except TimeoutError:
            return False
