"""Measurements → docs/performance.md; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench._engine import Figure
from tests.bench._targets import Measured, middle, targets


@dataclass(frozen=True, slots=True)
class Part:
    """What was measured over one kind of database, by one arrangement of processes."""

    title: str
    about: str
    measured: Measured
    figures: Sequence[Figure]


INTRODUCTION = """# Performance

Written by `make bench`, which anybody can run; see [tests/bench](../tests/bench). Every number is the median of
{rounds} rounds of {seconds} s.

| | |
|---|---|
{facts}

The *floor* ([floor.py](../tests/bench/floor.py)) is what somebody would write by hand for the same requests: Starlette
on uvicorn with the same settings, PyJWT, msgspec, and the same SQL by bare asyncpg or aiosqlite; no ORM, no checks, no
roles. A test holds that it answers the same and writes as many rows. Service and floor are loaded in turn, by wrk on
the same machine; each has a database of its own with the same content on the same server. `CPU` is seconds of the CPU
that the answering process takes for 1,000 requests, which depends less than the rest on what else the machine does;
`of the floor` is the service's requests a second as a part of the floor's, and `by CPU` the floor's CPU as a part of
the service's. Where no worker runs beside it, the process of the service runs the executions too.

[profile.md](profile.md) says where the time goes, and what was tried.
"""


def report(parts: Sequence[Part], facts: dict[str, str], rounds: int, seconds: int) -> str:
    told = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    blocks = [INTRODUCTION.format(rounds=rounds, seconds=seconds, facts=told), "## Targets\n", *_targets(parts)]
    for part in parts:
        blocks += [f"## {part.title}\n", f"{part.about}\n", *_loads(part.measured), *_figures(part.figures)]
    return "\n".join(blocks)


def _targets(parts: Sequence[Part]) -> Iterator[str]:
    yield "Medians of the first arrangement below, with 16 connections where it is about requests.\n"
    yield "| what | bound | measured | |\n|---|---|---:|---|"
    for target in targets(parts[0].measured, parts[0].figures):
        yield f"| {target.name} | {target.bound} | {target.measured} | {'met' if target.met else '**not met**'} |"
    yield ""


def _loads(measured: Measured) -> Iterator[str]:
    if not measured:
        return
    yield (
        "| case | connections | requests/s | p50 ms | p99 ms | CPU | floor: requests/s | p50 ms | p99 ms | CPU "
        "| of the floor | by CPU |\n|---|" + "---:|" * 11
    )
    for (case, connections), pair in measured.items():
        numbers = " | ".join(
            f"{sample.rate:,.0f} | {sample.p50:.2f} | {sample.p99:.2f} | {sample.cpu:.2f}"
            for sample in (middle(pair.service), middle(pair.floor))
        )
        yield f"| {case.name} | {connections} | {numbers} | {pair.ratio:.2f} | {pair.cpu_ratio:.2f} |"
    yield ""


def _figures(figures: Sequence[Figure]) -> Iterator[str]:
    if not figures:
        return
    yield "| what | measured | |\n|---|---:|---|"
    for figure in figures:
        yield f"| {figure.name} | {_shown(figure.value)} | {figure.unit} |"
    yield ""


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"
