"""What the measurements have to show, and whether they do: medians on PostgreSQL with 16 connections."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tests.bench import _cases as cases
from tests.bench._cases import Case
from tests.bench._engine import Figure
from tests.bench._load import Sample

AT_ONCE = (1, 16)
# NocoBase 2.2.15 on such a machine, requests a second: create, with an async and with a sync workflow.
NOCOBASE = ((cases.CREATE, 196), (cases.ASYNC, 131), (cases.SYNC, 50))
TIMES = 8
OF_FLOOR = (
    (cases.CREATE, 0.60),
    (cases.ASYNC, 0.55),
    (cases.ASYNC_CREATE, 0.55),
    (cases.GET, 0.55),
    (cases.LIST, 0.40),
)
LEAST_GRAPHQL, MOST_SYNC = 0.50, 0.25
# Names of figures, what they were for NocoBase, and the most that is allowed here.
MOST = (
    ("start of an async execution after the answer, idle, p50", "207 ms", 5.0),
    ("later start, to the first answer", "12.1 s", 2.0),
    ("resident after a later start and that answer", "458 MiB", 120.0),
    (f"{cases.ASYNC.name}: until all of them have ended", "", 1.0),
    (f"{cases.ASYNC_CREATE.name}: until all of them have ended", "", 1.0),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """What the service and the floor took for the same, in as many rounds."""

    service: Sequence[Sample]
    floor: Sequence[Sample]

    @property
    def ratio(self) -> float:
        return middle(self.service).rate / middle(self.floor).rate

    @property
    def cpu_ratio(self) -> float:
        """The floor's CPU to that of the service: like `ratio`, 1 is as good as the floor."""
        return middle(self.floor).cpu / middle(self.service).cpu


Measured: TypeAlias = Mapping[tuple[Case, int], Pair]


@dataclass(frozen=True, slots=True)
class Target:
    """A bound, and what was measured."""

    name: str
    bound: str
    measured: str
    met: bool


def middle(samples: Sequence[Sample]) -> Sample:
    """The medians of each number."""
    rows = [(sample.rate, sample.p50, sample.p99, sample.cpu) for sample in samples]
    return Sample(*(statistics.median(column) for column in zip(*rows, strict=True)))


def targets(measured: Measured, figures: Sequence[Figure]) -> Iterator[Target]:
    at = {case: pair for (case, connections), pair in measured.items() if connections == AT_ONCE[-1]}
    rate = {case: middle(pair.service).rate for case, pair in at.items()}
    for case, least in OF_FLOOR:
        if case in at:
            yield _least(f"{case.name}, of the floor", least, at[case].ratio)
    if {cases.CREATE, cases.GRAPHQL_CREATE} <= rate.keys():
        name = "GraphQL create, of REST create"
        yield _least(name, LEAST_GRAPHQL, rate[cases.GRAPHQL_CREATE] / rate[cases.CREATE])
    if {cases.CREATE, cases.SYNC} <= rate.keys():
        more = rate[cases.CREATE] / rate[cases.SYNC] - 1
        yield Target(
            "a sync workflow without nodes, more than REST create",
            f"≤ {MOST_SYNC:.0%}",
            f"{more:.0%}",
            more <= MOST_SYNC,
        )
    for case, theirs in NOCOBASE:
        if case in rate:
            yield _least(f"{case.name}, times NocoBase's {theirs}/s", TIMES, rate[case] / theirs)
    known = {figure.name: figure for figure in figures}
    for name, theirs, most in MOST:
        if name in known:
            figure = known[name]
            beside = f" (NocoBase: {theirs})" if theirs else ""
            bound, value = (f"{number:g} {figure.unit}" for number in (most, round(figure.value, 2)))
            yield Target(f"{name}{beside}", f"≤ {bound}", value, figure.value <= most)


def _least(name: str, least: float, value: float) -> Target:
    return Target(name, f"≥ {least:g}", f"{value:.2f}", value >= least)
