"""Ends a process whose loop does not turn: it answers nobody, and whoever supervises it takes it for alive."""

import asyncio
import faulthandler
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

LOOKS = 4
"""How often the loop has to show itself in the time that it has."""


@asynccontextmanager
async def watched(seconds: float) -> AsyncIterator[None]:
    """While inside, the process ends with code 1 when its loop has not turned for so long; 0 is never.

    What it was doing then, in every thread, is on standard error. Python's own watchdog is used, for it needs not the
    lock that whoever spins may hold.
    """
    if not seconds:
        yield
        return
    showing = asyncio.create_task(_show(seconds))
    try:
        yield
    finally:
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing
        faulthandler.cancel_dump_traceback_later()


async def _show(seconds: float) -> None:
    while True:
        # Each time anew, which ends the one before.
        faulthandler.dump_traceback_later(seconds, exit=True)
        await asyncio.sleep(seconds / LOOKS)
