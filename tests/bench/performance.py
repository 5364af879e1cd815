"""Measures the service beside the floor and writes docs/performance.md: what `make bench` does.

BANGPATH_TEST_DATABASE_URL names the PostgreSQL server; without it only SQLite is measured.
"""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from api.version import VERSION
from tests.bench._cases import CASES, Case
from tests.bench._engine import MakeDatabases, backlog, latency, loops_and_draining, starts
from tests.bench._load import Sample, load, need_wrk
from tests.bench._report import Part, report
from tests.bench._site import Site, site
from tests.bench._targets import AT_ONCE, Pair, middle
from tests.databases import SERVER, PostgresDatabases, SqliteDatabases, address
from tests.faults.database import Database
from tests.process.served import ROOT

PAGE = ROOT / "docs" / "performance.md"
PACKAGES = ("starlette", "uvicorn", "uvloop", "strawberry-graphql", "tortoise-orm", "asyncpg", "aiosqlite", "pyjwt")
BACKLOG_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Over which databases, whether a worker runs `beside` the service, and what is measured of it.

    `processes` are those that drain a backlog; none where the service has to.
    """

    title: str
    about: str
    kind: MakeDatabases
    beside: bool
    cases: Sequence[Case]
    processes: tuple[int, ...] = ()
    engine: bool = True


def arrangements() -> Iterator[Arrangement]:
    if SERVER:
        postgres = partial(_postgres, SERVER)
        about = "The service answers, one worker process runs the executions, as docker/compose.yaml has it."
        yield Arrangement("PostgreSQL", about, postgres, True, CASES, (1, 2, 4))
        queueing = [case for case in CASES if case.queues]
        about = "One process does both, which is what one gets without settings."
        yield Arrangement("PostgreSQL, one process", about, postgres, False, queueing, engine=False)
    about = "One process does both. The floor's one connection takes turns too."
    yield Arrangement("SQLite", about, SqliteDatabases, False, CASES)


def main() -> None:
    options = _options()
    need_wrk()
    with tempfile.TemporaryDirectory() as folder:
        chosen = [each for each in arrangements() if options.only.casefold() in each.title.casefold()]
        parts = [measure(each, Path(folder), options) for each in chosen]
    if not parts:
        sys.exit(f"nothing is called '{options.only}'")
    options.output.write_text(report(parts, _facts(), options.rounds, options.seconds))
    print(f"{options.output} is written.")


def measure(arrangement: Arrangement, folder: Path, options: argparse.Namespace) -> Part:
    print(f"== {arrangement.title}", flush=True)
    wanted = [case for case in arrangement.cases if options.case.casefold() in case.name.casefold()]
    measured, figures = {}, []
    with site(arrangement.kind(folder), folder, beside=arrangement.beside) as measuring:
        for case in wanted:
            for connections in AT_ONCE:
                pair = alternately(measuring, case, connections, options.rounds, options.seconds)
                measured[case, connections] = pair
                _tell(case, connections, pair)
        if not options.case:
            figures += [*latency(measuring), *backlog(measuring, min(BACKLOG_SECONDS, 5 * options.seconds))]
    if arrangement.engine and not options.case:
        with _database(arrangement.kind, folder) as make:
            figures += starts(folder, make)
        figures += asyncio.run(loops_and_draining(arrangement.kind, arrangement.processes))
    for figure in figures:
        print(f"{figure.name:<90} {figure.value:10.2f} {figure.unit}", flush=True)
    return Part(arrangement.title, arrangement.about, measured, figures)


def alternately(measuring: Site, case: Case, connections: int, rounds: int, seconds: int) -> Pair:
    """The floor and the service in turn, so that what else the machine does falls upon both alike."""
    taken: dict[str, list[Sample]] = {"floor": [], "service": []}
    targets = {"floor": measuring.floor, "service": measuring.service}
    for target in targets.values():
        load(case, target, connections, 1)
    for _ in range(rounds):
        for name, target in targets.items():
            measuring.settle()
            taken[name].append(load(case, target, connections, seconds))
    measuring.settle()
    return Pair(taken["service"], taken["floor"])


def _tell(case: Case, connections: int, pair: Pair) -> None:
    ours, floors = middle(pair.service), middle(pair.floor)
    print(
        f"{case.name:<46} c{connections:<3} {ours.rate:7.0f}/s  p50 {ours.p50:7.2f} ms  p99 {ours.p99:7.2f} ms  "
        f"CPU {ours.cpu:6.2f}   floor {floors.rate:7.0f}/s  CPU {floors.cpu:6.2f}   "
        f"ratio {pair.ratio:.2f}, by CPU {pair.cpu_ratio:.2f}",
        flush=True,
    )


@contextmanager
def _database(kind: MakeDatabases, folder: Path) -> Iterator[Callable[[], str]]:
    databases, made = kind(folder), list[str]()

    def make() -> str:
        made.append(asyncio.run(databases.empty()))
        return address(made[0])

    yield make
    for database in made:
        asyncio.run(databases.drop(database))


def _postgres(server: str, _folder: Path) -> PostgresDatabases:
    return PostgresDatabases(server)


def _facts() -> dict[str, str]:
    facts = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": f"`make bench{_arguments()}`",
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "Bangpath": VERSION,
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }
    if SERVER:
        [(server,)] = Database(SERVER).rows("SHOW server_version")
        facts["PostgreSQL"] = server.split()[0]
    return facts


def _arguments() -> str:
    return f" ARGS='{' '.join(sys.argv[1:])}'" if sys.argv[1:] else ""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each load")
    parser.add_argument("--only", default="", help="a part of the name of an arrangement: postgresql, sqlite")
    parser.add_argument("--case", default="", help="a part of the name of a case; nothing but loads is measured then")
    parser.add_argument("--output", type=Path, default=PAGE)
    return parser.parse_args()


if __name__ == "__main__":
    main()
