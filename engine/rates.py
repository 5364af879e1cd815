"""How often somebody may do something: counts over a sliding minute, in memory, each process for itself."""

import math
import time

from limits import RateLimitItemPerMinute

from engine.errors import Code, Refusal, refuse
from engine.sliding_window import SlidingWindow


class Rate:
    """So many `a_minute` of what `noun` says, for each key; 0 is as many as one likes."""

    def __init__(self, a_minute: int, noun: str) -> None:
        self._noun = noun
        self._most = a_minute
        self._allowed = RateLimitItemPerMinute(a_minute)
        self._taken = SlidingWindow() if a_minute else None

    def take(self, key: str, count: int = 1) -> None:
        """Count these; raises `RATE_LIMITED`, and counts nothing, when they are more than is left.

        More at once than there are a minute need the whole minute: they would never come to their turn otherwise.
        """
        if self._taken is None or self._taken.hit(self._allowed, key, cost=min(count, self._most)):
            return
        raise self._refusal(key)

    def _refusal(self, key: str) -> Refusal:
        assert self._taken is not None, "only what is counted can be too much"
        reset, _ = self._taken.get_window_stats(self._allowed, key)
        wait = max(1, math.ceil(reset - time.time()))
        message = f"Too many {self._noun}, {self._most} a minute are allowed: try again in {wait} seconds."
        return refuse(Code.RATE_LIMITED, message, retryAfter=wait)


UNLIMITED = Rate(0, "")
"""For who counts where nobody has set a limit."""
