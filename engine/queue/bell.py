"""Wakes the workers of all processes on one PostgreSQL: each has a connection on which it rings, and hears others."""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

from engine.data.availability import refusal_of
from engine.data.unit import connection, outside_unit

log = logging.getLogger("bangpath.queue")

CHANNEL = "bangpath_queue"
PAUSE_SECONDS = 0.02
"""Between one ringing and the next: it takes a lock of the whole database at its commit."""
RETRY_SECONDS = 0.5
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
        away = False
        while True:
            try:
                # A client of engine/data/postgres.py.
                client: Any = connection()
                async with client.listening({CHANNEL: lambda _: self._heard()}) as line:
                    if away:
                        # What was put meanwhile was not heard of.
                        self._heard()
                    away = False
                    await self._talk(line)
            except Exception as error:
                if not away:
                    ours = refusal_of(error) is None
                    log.warning("workers of other processes are not heard, trying again: %s", error, exc_info=ours)
                away = True
                await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1))  # noqa: S311 - no secret

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
