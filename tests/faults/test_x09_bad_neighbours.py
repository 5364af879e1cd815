"""X09: services that are slow, broken or hostile cost their own executions, and nobody else anything."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.faults.conftest import Sizes, Tell
from tests.faults.oracle import ENDED, percentile
from tests.faults.site import Site
from tests.process.served import Served, until

PLACES = 4
"""Calls that one host has at a time."""
MOST_MEMORY = 128 * 1024
"""KiB that all of this may take for a while."""
PATHS = {
    "late": "/delay/30",
    "failing": "/status/500",
    "refusing": "/status/429",
    "resetting": "/reset",
    "trickling": "/trickle/1",
    "large": "/large/1000000000",
    "looping": "/loop",
    "packed": "/bomb",
}


def calling(key: str, url: str, seconds: float) -> dict[str, Any]:
    """It is not attempted again."""
    config = {"url": url, "timeout": seconds}
    return about_posts(key, {"key": "call", "type": "request", "config": config, "retry": {"attempts": 1}})


def quick() -> dict[str, Any]:
    node = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": "quick"}}}
    return about_posts("quick", node)


def about_posts(key: str, node: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": key,
        "title": key,
        "type": "action",
        "enabled": True,
        "config": {"collection": "posts"},
        "nodes": [node],
    }


def start(served: Served, *keys: str) -> None:
    served.post(f"posts:create?triggerWorkflows={','.join(keys)}", {"title": "x"})


def peak(served: Served) -> int:
    """The most memory that a process has had, in KiB."""
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1])


def statuses(site: Site, key: str) -> list[str]:
    return [status for (status,) in site.database.rows(f"SELECT status FROM executions WHERE key = '{key}'")]


def durations(site: Site, key: str) -> Iterator[float]:
    """Seconds from the write to the end of each execution."""
    found = site.database.rows(f"SELECT created_at, finished_at FROM executions WHERE key = '{key}'")
    for moments in found:
        began, over = (datetime.fromisoformat(str(moment)) for moment in moments)
        yield (over - began).total_seconds()


def run_one_by_one(site: Site, served: Served, count: int) -> None:
    """A next one when the last has ended: how long each takes says nothing of how many wait."""
    begun = len(statuses(site, "quick"))
    for number in range(begun + 1, begun + count + 1):
        start(served, "quick")
        until(lambda number=number: statuses(site, "quick").count("succeeded") == number)


def test_each_call_ends_in_its_time_and_takes_no_more_than_it_may(site: Site, sized: Sizes, tell: Tell) -> None:
    """Whatever is answered, the execution ends in `error`, and the process has not grown."""
    served = site.serve()
    for key, path in PATHS.items():
        site.save(calling(key, site.sink.url(path), sized(2, 10)))
    before = peak(served)
    for _ in range(sized(1, 20)):
        start(served, *PATHS)
    site.settle(sized(90, 600))
    grown = peak(served) - before
    tell(executions=sum(len(statuses(site, key)) for key in PATHS), grown=f"{grown // 1024} MiB")

    assert {key: {"error"} for key in PATHS} == {key: set(statuses(site, key)) for key in PATHS}
    assert grown < MOST_MEMORY
    assert served.process.poll() is None


def test_a_host_that_hangs_holds_so_many_places_and_no_more(site: Site, sized: Sizes, tell: Tell) -> None:
    """Three workflows call it, more than there are places; a fourth calls nobody, and all of its executions end."""
    served = site.serve()
    for key in ("a", "b", "c"):
        site.save(calling(key, site.sink.url("/hang"), 60))
    site.save(quick())
    count = sized(20, 200)
    run_one_by_one(site, served, count)
    alone = percentile(list(durations(site, "quick")), 95)
    for _ in range(6):
        start(served, "a", "b", "c")
    until(lambda: len(site.sink.deliveries()) == PLACES)
    run_one_by_one(site, served, count)
    beside = percentile(list(durations(site, "quick"))[count:], 95)
    hanging = [status for key in ("a", "b", "c") for status in statuses(site, key)]
    held = len(site.sink.deliveries())
    tell(held=held, **{"others' p95 alone": f"{alone:.3f} s", "beside": f"{beside:.3f} s"})

    assert 18 == len(hanging)
    assert not ENDED & set(hanging)
    assert PLACES == held
