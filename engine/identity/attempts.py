"""Slows down guessing: counts failed sign-ins per account and peer, in memory."""

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from limits import RateLimitItem, RateLimitItemPerMinute

from engine.errors import Code, refuse
from engine.sliding_window import SlidingWindow

FAILURES = RateLimitItemPerMinute(10)


class Attempt:
    """One sign-in on trial: it counts when it is marked as failed."""

    failed = False

    def fail(self) -> None:
        self.failed = True


class Attempts:
    """Failures per account and peer. One attempt at a time is made for each: otherwise five hundred sent at once
    would all be allowed before the first has failed.
    """

    def __init__(self, allowed: RateLimitItem = FAILURES) -> None:
        self._allowed = allowed
        self._failures = SlidingWindow()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def attempt(self, account: str, peer: str) -> AsyncIterator[Attempt]:
        """Wait for the turn of this account and peer; raises `RATE_LIMITED` when too many have failed."""
        # Another spelling of the same address is the same account; the digest keeps long names out of memory.
        key = hashlib.sha256(f"{account.lower()}\0{peer}".encode("utf-8", "surrogatepass")).hexdigest()
        async with self._turns.setdefault(key, asyncio.Lock()):
            self._refuse_many(key)
            attempt = Attempt()
            yield attempt
            if attempt.failed:
                self._failures.hit(self._allowed, key)

    def _refuse_many(self, key: str) -> None:
        if self._failures.test(self._allowed, key):
            return
        reset, _ = self._failures.get_window_stats(self._allowed, key)
        wait = max(1, math.ceil(reset - time.time()))
        raise refuse(Code.RATE_LIMITED, f"Too many sign-ins have failed: try again in {wait} seconds.", retryAfter=wait)
