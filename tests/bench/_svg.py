"""Curves → an SVG: panels beside and below each other, how much there is on a logarithmic axis; pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, ACROSS = 440, 310, 2
LEFT, RIGHT, TOP, BOTTOM = 56, 36, 40, 100
COLOURS = ("#0969da", "#bc4c00", "#1a7f37", "#8250df")
_STYLE = """text { fill: #1f2328; font: 12px ui-sans-serif, system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif }
    .paper { fill: #ffffff; stroke: #d0d7de } .axis { stroke: #8b949e } .name { font-weight: 600 }
    .curve { fill: none; stroke-width: 2 } .middle { text-anchor: middle } .end { text-anchor: end }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .paper { fill: #0d1117; stroke: #30363d } }"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart: how much there is of what, and a curve for each thing that was measured, in one unit."""

    title: str
    of: str
    unit: str
    curves: Mapping[str, Sequence[tuple[float, float]]]


def drawn(title: str, panels: Sequence[Panel]) -> str:
    rows = -(-len(panels) // ACROSS)
    placed = (
        f'<g transform="translate({number % ACROSS * WIDTH},{number // ACROSS * HEIGHT})">{"".join(_panel(panel))}</g>'
        for number, panel in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {ACROSS * WIDTH} {rows * HEIGHT}" role="img" '
        f'aria-labelledby="title">\n  <title id="title">{escape(title)}</title>\n  <style>{_STYLE}</style>\n  '
        + "\n  ".join(placed)
        + "\n</svg>\n"
    )


def _panel(panel: Panel) -> Iterator[str]:
    points = [point for curve in panel.curves.values() for point in curve]
    amounts = sorted({amount for amount, _ in points})
    most = nice(max(value for _, value in points))
    first, last = math.log10(amounts[0]), math.log10(amounts[-1])
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x(amount: float) -> float:
        return LEFT + (math.log10(amount) - first) / ((last - first) or 1) * (right - LEFT)

    def y(value: float) -> float:
        return bottom - value / most * (bottom - TOP)

    yield f'<rect class="paper" x="4" y="4" width="{WIDTH - 8}" height="{HEIGHT - 8}" rx="6"/>'
    yield f'<text class="name" x="{LEFT}" y="26">{escape(panel.title)}</text>'
    yield f'<path class="axis" fill="none" d="M{LEFT} {TOP}V{bottom}H{right}"/>'
    for value in (0, most / 2, most):
        yield f'<text class="end" x="{LEFT - 6}" y="{y(value) + 4:.1f}">{value:g}</text>'
    yield f'<text class="end" x="{LEFT - 6}" y="{TOP - 10}">{escape(panel.unit)}</text>'
    for amount in amounts:
        yield f'<text class="middle" x="{x(amount):.1f}" y="{bottom + 16}">{amount:,.0f}</text>'
    yield f'<text class="end" x="{right}" y="{bottom + 34}">{escape(panel.of)}</text>'
    for number, (name, curve) in enumerate(panel.curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join(f"{x(amount):.1f},{y(value):.1f}" for amount, value in curve)
        yield f'<polyline class="curve" stroke="{colour}" points="{line}"/>'
        yield from (f'<circle fill="{colour}" r="3" cx="{x(a):.1f}" cy="{y(v):.1f}"/>' for a, v in curve)
        yield f'<text x="{LEFT}" y="{bottom + 50 + number * 14}"><tspan fill="{colour}">■</tspan> {escape(name)}</text>'


def nice(value: float) -> float:
    """The next number that is good to read, for the end of an axis.

    >>> [nice(value) for value in (0.3, 7, 12, 2100)]
    [0.5, 10.0, 20.0, 5000.0]
    """
    size = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(size * step for step in (1, 2, 5, 10) if value <= size * step)
