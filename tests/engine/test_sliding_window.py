"""No minute has more than is allowed, wherever it begins."""

import pytest
from limits import RateLimitItemPerMinute

from engine.sliding_window import SlidingWindow

FIVE = RateLimitItemPerMinute(5)
MINUTE = 6_000_000.0
"""The counter begins a new one here."""


@pytest.mark.parametrize(
    ("seconds", "cost", "allowed"),
    [(-0.1, 1, False), (0.1, 1, False), (11.9, 1, False), (12.1, 1, True), (12.1, 2, False), (24.1, 2, True)],
)
def test_what_was_taken_counts_less_as_its_minute_goes(
    monkeypatch: pytest.MonkeyPatch, seconds: float, cost: int, *, allowed: bool
) -> None:
    window = SlidingWindow()
    monkeypatch.setattr("time.time", lambda: MINUTE - 0.2)
    assert all(window.hit(FIVE, "somebody") for _ in range(5))

    monkeypatch.setattr("time.time", lambda: MINUTE + seconds)

    assert [allowed, allowed] == [window.test(FIVE, "somebody", cost=cost), window.hit(FIVE, "somebody", cost=cost)]
    assert window.hit(FIVE, "somebody else")
