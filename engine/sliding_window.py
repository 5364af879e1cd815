"""A minute that slides: `limits` counts, and nobody gets more than is allowed in any minute, its edges included."""

from typing import cast

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.storage.base import SlidingWindowCounterSupport
from limits.strategies import SlidingWindowCounterRateLimiter


class SlidingWindow(SlidingWindowCounterRateLimiter):
    """Counts in memory, and forgets keys that are old; `limits`' moving window keeps an empty list of each for ever.

    `limits` takes off what a fraction counts: right behind the full minute one more would be allowed than at its end.
    """

    def __init__(self) -> None:
        super().__init__(MemoryStorage())

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        return self.test(item, *identifiers, cost=cost) and super().hit(item, *identifiers, cost=cost)

    def test(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        storage = cast(SlidingWindowCounterSupport, self.storage)
        before, left, now, _ = storage.get_sliding_window(item.key_for(*identifiers), item.get_expiry())
        return before * left / item.get_expiry() + now + cost <= item.amount
