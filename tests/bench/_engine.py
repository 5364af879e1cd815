"""What is measured without load on the doors: loops, draining, how soon executions start, and starts of the service."""

import signal
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import start_latency
from tests.bench._cases import ASYNC, ASYNC_CREATE
from tests.bench._figures import percentile
from tests.bench._load import load, resident
from tests.bench._site import SETTINGS, Site
from tests.bench.drain import NOTE, drain, drain_beside, opened
from tests.databases import Databases
from tests.process.served import Served

QUEUED = 10_000
STARTS = 5
_QUERY = {"key": "node", "type": "query", "config": {"collection": "notes", "filter": {"id": 1}}}
_CONDITION = {"key": "node", "type": "condition", "config": {"expression": "1 + 2 * 3 == 7"}}
_LOOPED = (("creates", NOTE), ("queries", _QUERY), ("conditions", _CONDITION))

MakeDatabases = Callable[[Path], Databases]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, and what it is."""

    name: str
    value: float
    unit: str


async def loops_and_draining(kind: MakeDatabases, processes: tuple[int, ...]) -> list[Figure]:
    """An execution of many rounds, and many executions of nothing: by a worker in this process, then by `processes`."""
    figures = []
    async with opened(kind) as (engine, database):
        for name, node in _LOOPED:
            seconds = await drain(engine, [_loop(node)], 1)
            figures.append(Figure(f"one execution, a loop of 100 {name}", seconds * 1000, "ms"))
        if not processes:
            seconds = await drain(engine, [], QUEUED)
            figures.append(_drained("the worker of the service", seconds))
        for count in processes:
            seconds = await drain_beside(engine, database, [], QUEUED, count)
            figures.append(_drained(f"{count} worker process{'es' if count > 1 else ''}", seconds))
    return figures


def backlog(site: Site, seconds: int) -> Iterator[Figure]:
    """What is left to do when a load of async writes ends, and how long that takes."""
    for case in (ASYNC, ASYNC_CREATE):
        sample = load(case, site.service, 16, seconds)
        left = site.queued()
        rest = site.settle()
        yield Figure(f"{case.name}: answered a second in {seconds} s of load", sample.rate, "/s")
        yield Figure(f"{case.name}: executions not ended when the load ends", left, "")
        yield Figure(f"{case.name}: until all of them have ended", rest, "s")


def latency(site: Site) -> Iterator[Figure]:
    for name, rest in (("idle", True), ("one write behind the other", False)):
        measured = start_latency.measure(site.served, site.database, rest=rest, workflow="async-create")
        for what, values in (("answer", measured.after_answer), ("insert", measured.after_insert)):
            for percent in (50, 99):
                figure = f"start of an async execution after the {what}, {name}, p{percent}"
                yield Figure(figure, percentile(values, percent), "ms")


def starts(folder: Path, make: Callable[[], str]) -> list[Figure]:
    """Starts over the database that `make` makes: the first one migrates and fills it."""
    database_url = make()
    seconds, memory = [], []
    for number in range(STARTS + 1):
        begun = time.perf_counter()
        served = Served(folder / f"start{number}", database_url=database_url, **SETTINGS)
        assert 200 == served.client.get("/api/posts:list").status_code
        seconds.append(time.perf_counter() - begun)
        memory.append(resident(served.process.pid))
        assert 0 == served.end(signal.SIGTERM)
    return [
        Figure("first start, to the first answer", seconds[0], "s"),
        Figure("later start, to the first answer", statistics.median(seconds[1:]), "s"),
        Figure("resident after a later start and that answer", statistics.median(memory[1:]), "MiB"),
    ]


def _loop(node: Any) -> Any:
    return {"key": "loop", "type": "loop", "config": {"count": 100}, "branches": {"do": [node]}}


def _drained(by: str, seconds: float) -> Figure:
    return Figure(f"draining {QUEUED:,} executions without nodes, {by}", QUEUED / seconds, "/s")
