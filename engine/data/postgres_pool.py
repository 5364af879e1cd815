"""The connections to PostgreSQL that are open, handed from one who needs one to the next."""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import Any

import asyncpg

log = logging.getLogger("bangpath.database")

KEPT_SECONDS = 300.0
"""How long a connection stays open that nobody needs."""


class Connections:
    """At most `size` connections of asyncpg's pool; who waits longer than `wait` seconds for one has a `TimeoutError`.

    They stay out of that pool until something has gone wrong with one of them. To come and go costs a task, a lock and
    two timers there, which is a tenth of a create.
    """

    def __init__(self, pool: asyncpg.Pool, size: int, wait: float) -> None:
        self._pool = pool
        self._size = size
        self._wait = wait
        self._places = size
        """For how many more there is room, those left out that are on their way back to asyncpg's pool."""
        self._lent: set[Any] = set()
        # With the time since when. The last that came is the first to go, so that those too many grow old.
        self._idle: deque[tuple[float, Any]] = deque()
        self._turns: deque[asyncio.Future[Any]] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        self._leaving = False

    @property
    def figures(self) -> dict[str, int]:
        """How many are used, and how many wait to be."""
        idle = sum(_is_open(connection) for _, connection in self._idle) + self._pool.get_idle_size()
        return {"used": self._pool.get_size() - idle, "idle": idle}

    async def borrow(self) -> Any:
        """One that is open, for the caller alone until it is given back."""
        connection = self._at_hand() or await self._another()
        self._lent.add(connection)
        return connection

    async def give_back(self, connection: Any, *, sound: bool) -> None:
        """Let the next have it. One that was left in the middle of something is not `sound`: asyncpg sees to it.

        Nothing is done with what was given back before.
        """
        if connection not in self._lent:
            return
        self._lent.discard(connection)
        if not sound or self._leaving:
            await self._release(connection)
        elif _is_open(connection):
            self._hand_on(connection)
        else:
            self._end(connection)

    def leave(self) -> None:
        """Close those that nobody uses, and the others as soon as they come: the pool is about to be closed."""
        self._leaving = True
        if self._sweep is not None:
            self._sweep.cancel()
        while self._idle:
            self._end(self._idle.popleft()[1])

    def _at_hand(self) -> Any:
        while self._idle:
            _, connection = self._idle.pop()
            if _is_open(connection):
                return connection
            self._end(connection)
        return None

    async def _another(self) -> Any:
        async with asyncio.timeout(self._wait):
            if self._places:
                self._places -= 1
                return await self._open()
            connection = await self._turn()
            if connection is None:
                return await self._open()
            if _is_open(connection):
                return connection
            _terminate(connection)
            return await self._open()

    async def _open(self) -> Any:
        try:
            return await self._pool.acquire()
        except BaseException:
            self._hand_on(None)
            raise

    async def _turn(self) -> Any:
        """What somebody gives back, or None for the place of one."""
        turn: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                # It has come in the same moment.
                self._hand_on(turn.result())
            elif turn in self._turns:
                self._turns.remove(turn)
            raise

    def _hand_on(self, connection: Any) -> None:
        """Give a connection, or the place of one, to who has waited longest. Nobody overtakes those who wait."""
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection is None:
            self._places += 1
        elif self._leaving:
            self._end(connection)
        else:
            loop = asyncio.get_running_loop()
            self._idle.append((loop.time(), connection))
            if self._sweep is None:
                self._sweep = loop.call_later(KEPT_SECONDS, self._end_old)

    def _end_old(self) -> None:
        loop = asyncio.get_running_loop()
        while self._idle and self._idle[0][0] + KEPT_SECONDS <= loop.time():
            self._end(self._idle.popleft()[1])
        self._sweep = loop.call_at(self._idle[0][0] + KEPT_SECONDS, self._end_old) if self._idle else None

    def _end(self, connection: Any) -> None:
        _terminate(connection)
        self._hand_on(None)

    async def _release(self, connection: Any) -> None:
        """Its place is free when asyncpg's pool has it again, whether or not somebody still waits for that.

        What cannot be brought in order asyncpg ends. That is no news for who gives it back, who may have an error of
        their own to tell, or be cancelled.
        """
        releasing = asyncio.ensure_future(self._pool.release(connection, timeout=self._wait))
        releasing.add_done_callback(self._released)
        await asyncio.wait([releasing])

    def _released(self, releasing: "asyncio.Future[None]") -> None:
        if not releasing.cancelled() and (error := releasing.exception()):
            log.info("a connection to the database was ended, which could not be brought in order: %r", error)
        self._hand_on(None)


def _terminate(connection: Any) -> None:
    # The pool may have noticed by itself that it was lost.
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


def _is_open(connection: Any) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # It was lost, and the pool has taken it back.
        return False
