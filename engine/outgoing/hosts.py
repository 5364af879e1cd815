"""How many calls this process makes to one host at a time: one that hangs must not hold every place of the worker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

AT_ONCE = 4
"""Half of the common places of a worker."""
PATIENCE = 1.0
"""Seconds that a call waits for its turn: at a host that answers it comes by then."""


class HostBusy(Exception):
    """Every place of a host is taken, and will be for a while; `is_free` tells when that is over.

    Nothing was sent: whoever runs this can put it back, and give its own place to somebody else.
    """

    def __init__(self, host: str, is_free: Callable[[], bool]) -> None:
        super().__init__(f"'{host}' has as many calls as it may have")
        self.is_free = is_free


class Hosts:
    """The places of every host, counted as long as somebody has or wants one. A redirect counts where it began."""

    def __init__(self, at_once: int = AT_ONCE, patience: float = PATIENCE) -> None:
        self._at_once = at_once
        self._patience = patience
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def place(self, host: str) -> AsyncIterator[None]:
        """Have one of the places of a host; raises `HostBusy` where none becomes free in time."""
        places = self._places.setdefault(host, asyncio.Semaphore(self._at_once))
        try:
            async with asyncio.timeout(self._patience):
                await places.acquire()
        except TimeoutError:
            raise HostBusy(host, lambda: self._is_free(host)) from None
        try:
            yield
        finally:
            places.release()

    def _is_free(self, host: str) -> bool:
        places = self._places.get(host)
        return places is None or not places.locked()
