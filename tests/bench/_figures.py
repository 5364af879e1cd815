"""What benchmarks share: the middle and the far end of what was measured, and how it is shown."""

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that is not exceeded by `percent` of them."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def show(name: str, values: Sequence[float], unit: str) -> None:
    middle, far = statistics.median(values), percentile(values, 99)
    print(f"{name:<58} p50 {middle:8.1f} {unit}   p99 {far:8.1f} {unit}   n {len(values)}")
