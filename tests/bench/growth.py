"""What becomes of the service as there is more of something, and writes docs/growth.md and docs/growth.svg.

More rows, more history, more workflows, more collections: `make bench BENCH=growth`. Requests come one after the other,
so that a number is how long one takes. On PostgreSQL where BANGPATH_TEST_DATABASE_URL names a server, else on SQLite.
"""

import argparse
import asyncio
import signal
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench._cases import ASYNC, CREATE, LIST, Case
from tests.bench._load import load, need_wrk, resident
from tests.bench._many import modules
from tests.bench._site import SETTINGS, filled, target
from tests.bench._svg import Panel, drawn
from tests.databases import SERVER, Databases, address, databases_in
from tests.faults.database import Database
from tests.faults.test_x12_backlog import copies
from tests.process.served import ROOT, Served, until

PAGE, PICTURE = ROOT / "docs" / "growth.md", ROOT / "docs" / "growth.svg"
ROWS = (1_000, 100_000, 1_000_000)
WORKFLOWS = (1, 10, 100, 1_000)
COLLECTIONS = (10, 100, 400)
STARTS = 1
"""Later ones, of each number of collections."""

PAGE_OF = Case("list of 20", "GET", "/api/posts:list?pageSize=20")
UNCOUNTED = Case("list of 20, paginate=false", "GET", "/api/posts:list?pageSize=20&paginate=false")
HISTORY = Case("executions:list, newest 20", "GET", "/api/executions:list?pageSize=20&sort=-id")
THING, THINGS = (
    Case("create", "POST", "/api/things0:create", {"title": "x"}),
    Case("list of 20", "GET", "/api/things0:list"),
)


@dataclass(frozen=True, slots=True)
class Growing:
    """A service whose database is filled further and further."""

    served: Served
    database: Database

    def milliseconds(self, case: Case, seconds: int) -> float:
        """The median of what a request takes by itself."""
        load(case, target(self.served), 1, 1)
        return load(case, target(self.served), 1, seconds).p50


def main() -> None:
    options = _options()
    need_wrk()
    panels = []
    for measure in (MEASURED[name] for name in MEASURED if name in options.only):
        with tempfile.TemporaryDirectory() as folder:
            panels += measure(Path(folder), options.seconds, options.most)
    options.picture.write_text(drawn("What becomes of the service as there is more of something", panels))
    options.page.write_text(page(panels, options.seconds))
    print(f"{options.page} and {options.picture} are written.")


def rows(folder: Path, seconds: int, most: int) -> list[Panel]:
    cases = (CREATE, PAGE_OF, UNCOUNTED, LIST)
    with growing(folder) as here:
        return [
            _panel("Rows of a collection", "posts", here, cases, [n for n in ROWS if n <= most], _more_posts, seconds)
        ]


def history(folder: Path, seconds: int, most: int) -> list[Panel]:
    with growing(folder) as here:
        here.served.post("posts:create?triggerWorkflows=async-none", {"title": "x"})
        until(lambda: here.database.rows("SELECT 1 FROM executions WHERE finished_at IS NOT NULL"))
        amounts = [n for n in ROWS if n <= most]
        return [_panel("History", "executions", here, (ASYNC, HISTORY), amounts, _more_history, seconds)]


def workflows(folder: Path, seconds: int, most: int) -> list[Panel]:
    amounts = [n for n in WORKFLOWS if n <= most]
    with growing(folder) as here:
        return [_panel("Enabled workflows", "workflows", here, (CREATE, ASYNC), amounts, _more_workflows, seconds)]


def collections(folder: Path, seconds: int, most: int) -> list[Panel]:
    """Each number of them is a service of its own."""
    requests: dict[str, list[tuple[float, float]]] = {THING.name: [], THINGS.name: []}
    starts: list[tuple[float, float]] = []
    memory: list[tuple[float, float]] = []
    databases = databases_in(folder)
    for amount in (n for n in COLLECTIONS if n <= most):
        named = modules(folder, amount)
        with empty(databases) as database_url:
            begun: list[float] = []
            for number in range(1 + STARTS):
                served = Served(
                    folder / f"home{amount}-{number}",
                    cwd=folder,
                    database_url=database_url,
                    models=named,
                    **SETTINGS,
                )
                begun.append(served.start_seconds)
                if number == STARTS:
                    memory.append((amount, resident(served.process.pid)))
                    here = Growing(served, Database(database_url))
                    for case in (THING, THINGS):
                        requests[case.name].append((amount, here.milliseconds(case, seconds)))
                served.end(signal.SIGTERM)
            # The first one makes the tables.
            starts.append((amount, statistics.median(begun[1:])))
            print(f"{amount} collections: start {starts[-1][1]:.2f} s, {memory[-1][1]:.0f} MiB", flush=True)
    return [
        Panel("Collections: a request", "collections", "ms", requests),
        Panel("Collections: a later start", "collections", "s", {"to the welcome": starts}),
        Panel("Collections: memory after it", "collections", "MiB", {"resident": memory}),
    ]


@contextmanager
def growing(folder: Path) -> Iterator[Growing]:
    with ExitStack() as stack:
        database_url = address(stack.enter_context(filled(databases_in(folder), folder)))
        served = Served(folder / "home", database_url=database_url, **SETTINGS)
        stack.callback(served.end, signal.SIGTERM)
        yield Growing(served, Database(database_url))


@contextmanager
def empty(databases: Databases) -> Iterator[str]:
    database = asyncio.run(databases.empty())
    yield address(database)
    asyncio.run(databases.drop(database))


def _panel(
    title: str,
    of: str,
    here: Growing,
    cases: tuple[Case, ...],
    amounts: list[int],
    more: Callable[[Growing, int], None],
    seconds: int,
) -> Panel:
    curves: dict[str, list[tuple[float, float]]] = {case.name: [] for case in cases}
    for amount in amounts:
        more(here, amount)
        for case in cases:
            curves[case.name].append((amount, here.milliseconds(case, seconds)))
            until(here.database.is_settled)
            print(f"{amount:>9,} {of}: {case.name:<48} {curves[case.name][-1][1]:8.2f} ms", flush=True)
    return Panel(title, of, "ms", curves)


def _more_posts(here: Growing, amount: int) -> None:
    [(there,)] = here.database.rows("SELECT count(*) FROM posts")
    here.database.rows(
        "INSERT INTO posts (title, content, status, read_count, created_at, updated_at, author_id) "
        f"WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {amount - there}) "
        "SELECT 'post ' || i, content, status, 0, created_at, updated_at, author_id FROM numbers, "
        "(SELECT * FROM posts ORDER BY id LIMIT 1) AS first"
    )
    _look(here, "posts")


def _more_history(here: Growing, amount: int) -> None:
    [(there,)] = here.database.rows("SELECT count(*) FROM executions")
    # Each time under other names; see there.
    copies(here, "async-none", amount - there, once=f"'{amount} ' || i")
    _look(here, "executions")


def _look(here: Growing, table: str) -> None:
    """Have PostgreSQL look after a table as it soon would by itself; SQLite never does."""
    if not here.database.is_sqlite:
        here.database.rows(f"VACUUM ANALYZE {table}")


def _more_workflows(here: Growing, amount: int) -> None:
    """Of those about posts that no write here names, besides the few that are there."""
    [(there,)] = here.database.rows("SELECT count(*) FROM workflows WHERE key LIKE 'more-%'")
    for number in range(there, amount):
        document = {"key": f"more-{number}", "title": "More", "type": "action", "enabled": True}
        here.served.post("workflows:create", {**document, "config": {"collection": "posts"}, "nodes": []})


def page(panels: list[Panel], seconds: int) -> str:
    kind = "PostgreSQL" if SERVER else "SQLite"
    blocks = [
        "# Growth\n",
        f"Written by `make bench BENCH=growth` on {datetime.now(UTC):%Y-%m-%d}, over {kind}. A request is asked for "
        f"again and again for {seconds} s, one after the other; its number is the median of what it took.\n",
        "![Curves of the tables below](growth.svg)\n",
    ]
    for panel in panels:
        amounts = sorted({amount for curve in panel.curves.values() for amount, _ in curve})
        blocks += [f"## {panel.title}\n", f"| {panel.unit} | " + " | ".join(f"{n:,}" for n in amounts) + " |"]
        blocks += ["|---|" + "---:|" * len(amounts)]
        blocks += [
            f"| {name} | " + " | ".join(f"{value:,.2f}" for _, value in curve) + " |"
            for name, curve in panel.curves.items()
        ]
        blocks.append("")
    return "\n".join(blocks)


MEASURED = {"rows": rows, "history": history, "workflows": workflows, "collections": collections}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=growth")
    parser.add_argument("--seconds", type=int, default=2, help="of each load")
    parser.add_argument("--most", type=int, default=ROWS[-1], help="of anything")
    parser.add_argument("--only", nargs="+", choices=MEASURED, default=list(MEASURED))
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--picture", type=Path, default=PICTURE)
    return parser.parse_args()


if __name__ == "__main__":
    main()
