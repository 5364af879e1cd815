"""Slows down guessing: counts failed sign-ins per account and peer, in the database, so for all processes together."""

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from weakref import WeakValueDictionary

from tortoise.expressions import F

from engine.errors import Code, refuse
from engine.system.models import SignInFailures

MOST = 10
WINDOW = timedelta(minutes=1)
"""It begins with the first failure."""


class Attempt:
    """One sign-in on trial: it counts when it is marked as failed."""

    failed = False

    def fail(self) -> None:
        self.failed = True


class Attempts:
    """Failures per account and peer. An attempt counts before it is made, and no more once it has not failed: otherwise
    five hundred sent at once, to whichever processes, would all be allowed before the first has failed.

    In one process those of the same account and peer take turns, so that many with the right password do not add up.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def attempt(self, account: str, peer: str) -> AsyncIterator[Attempt]:
        """Wait for the turn of this account and peer; raises `RATE_LIMITED` when too many have failed.

        One that is broken off has failed. Nothing here depends on whether there is such an account.
        """
        # Another spelling of the same address is the same account; a digest is as long for every name.
        key = hashlib.sha256(f"{account.lower()}\0{peer}".encode("utf-8", "surrogatepass")).hexdigest()
        async with self._turns.setdefault(key, asyncio.Lock()):
            await self._count(key)
            attempt = Attempt()
            yield attempt
            if not attempt.failed:
                await SignInFailures.filter(key=key, count__gt=0).update(count=F("count") - 1)

    async def _count(self, key: str) -> None:
        now = self._clock()
        await SignInFailures.filter(since__lte=now - WINDOW).delete()
        await SignInFailures.bulk_create([SignInFailures(key=key, since=now, count=0)], ignore_conflicts=True)
        if await SignInFailures.filter(key=key, count__lt=MOST).update(count=F("count") + 1):
            return
        row = await SignInFailures.get_or_none(key=key)
        wait = max(1, math.ceil((row.since + WINDOW - now).total_seconds())) if row else 1
        raise refuse(Code.RATE_LIMITED, f"Too many sign-ins have failed: try again in {wait} seconds.", retryAfter=wait)
