"""X12: a great many executions are queued, and many more have ended: nobody else is delayed, and nothing grows."""

import time

from tests.faults.conftest import Sizes, Tell
from tests.faults.oracle import percentile
from tests.faults.site import Site
from tests.faults.test_x09_bad_neighbours import about_posts, durations, peak, quick, start, statuses
from tests.process.served import Served, until

MOST_MEMORY = 128 * 1024
LISTS = 50
ONCE = "once"
QUEUED = {
    "status": "'queued'",
    "lease": "NULL",
    "leased_until": "NULL",
    "attempt": "0",
    "started_at": "NULL",
    "finished_at": "NULL",
}


def copies(site: Site, key: str, count: int, **changed: str) -> None:
    """Adds executions like the first one of a workflow, other than as they come about: there is no time for that."""
    columns = [name for name in columns_of(site) if name != "id"]
    values = {**{name: name for name in columns}, ONCE: f"'{key} ' || i || ' {len(changed)}'", **changed}
    site.database.rows(
        f"INSERT INTO executions ({', '.join(columns)}) "
        f"WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count}) "
        f"SELECT {', '.join(values[name] for name in columns)} FROM numbers, "
        f"(SELECT * FROM executions WHERE key = '{key}' ORDER BY id LIMIT 1) AS first"
    )


def columns_of(site: Site) -> list[str]:
    found = (
        "SELECT name FROM pragma_table_info('executions')"
        if site.database.is_sqlite
        else "SELECT column_name FROM information_schema.columns WHERE table_name = 'executions'"
    )
    return [name for (name,) in site.database.rows(found)]


def left(site: Site, key: str) -> int:
    return sum(status in ("queued", "running") for status in statuses(site, key))


def listed(served: Served) -> list[float]:
    """Seconds that lists of the history took: its first page, and what one workflow did."""
    took = []
    for number in range(LISTS):
        filter = '{"status":"succeeded"}' if number % 2 else '{"key":"quick"}'
        began = time.monotonic()
        asked = {"filter": filter, "sort": "-id", "paginate": "false"}
        answer = served.client.get("/api/executions:list", params=asked)
        took.append(time.monotonic() - began)
        assert 200 == answer.status_code, answer.text
    return took


def test_a_backlog_delays_nobody_and_is_worked_off(site: Site, sized: Sizes, tell: Tell) -> None:
    """Others' executions end while it is there; in the end it is gone, each of it once."""
    served = site.serve()
    node = {"key": "say", "type": "response_message", "config": {"message": "x"}}
    site.save(about_posts("flood", node))
    site.save(quick())
    start(served, "flood", "quick")
    site.settle()
    backlog, history = sized(1_000, 100_000), sized(3_000, 1_000_000)
    copies(site, "flood", history, status="'succeeded'")
    before = peak(served)
    copies(site, "flood", backlog, **QUEUED)
    began = time.monotonic()
    for _ in range(3):
        start(served, "quick")
    until(lambda: statuses(site, "quick").count("succeeded") == 4, seconds=120)
    remained = left(site, "flood")
    lists = listed(served)
    site.settle(sized(120, 3600))
    took, grown = time.monotonic() - began, peak(served) - before
    tell(
        **{"drained/s": f"{backlog / took:.0f}", "lists p95": f"{percentile(lists, 95) * 1000:.0f} ms"},
        **{"others' p95": f"{percentile(list(durations(site, 'quick')), 95):.2f} s", "grown": f"{grown // 1024} MiB"},
    )

    assert remained
    assert {"succeeded"} == set(statuses(site, "flood"))
    assert backlog + history + 1 == len(statuses(site, "flood"))
    assert [] == site.database.rows(
        "SELECT execution FROM status_log WHERE after = 'succeeded' GROUP BY execution HAVING count(*) > 1"
    )
    assert grown < MOST_MEMORY
