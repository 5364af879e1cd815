"""The harness catches bugs that were planted, each by the promise that it breaks; and finds nothing without them.

Its passes would mean nothing otherwise.
"""

import signal
from typing import Any

import httpx
import pytest

from tests.faults.clients import attempt, rest
from tests.faults.conftest import Tell
from tests.faults.oracle import Verdict
from tests.faults.same_key import send_at_once
from tests.faults.site import Site, watched
from tests.process.served import Served, until

plants = {
    "late_execution": "lost",
    "early_put": "phantom",
    "memory_queue": "unended",
    "endless_lease": "unended",
    "no_unique_key": "duplicate",
    "overwritten_end": "overwritten",
    "fresh_key": "unstable",
}


def write(site: Site, served: Served, op: str = "op-0") -> httpx.Response | None:
    return attempt(site.history, served.client, served.url, op)


def killed_after_the_commit(site: Site, launch: list[str]) -> Verdict:
    served = site.serve(*launch)
    site.save(watched(site.sink.url("/ok")))
    site.arm("after commit")
    write(site, served)
    assert -signal.SIGKILL == served.process.wait(30)
    site.gone(served)
    site.serve(*launch)
    site.settle(20)
    return site.judge()


def undone_at_the_commit(site: Site, launch: list[str]) -> Verdict:
    """The commit takes its time and then fails, while a sync workflow would begin with a call."""
    served = site.serve(*launch)
    site.save(watched(site.sink.url("/ok"), nodes=("tell", "before", "after"), sync=True))
    site.arm("slow commit", do="fail")
    answer = write(site, served)
    assert answer is not None
    assert answer.status_code >= 500
    site.settle(20)
    return site.judge()


def killed_while_it_runs(site: Site, launch: list[str]) -> Verdict:
    """Some executions run then, and others wait for them."""
    served = site.serve(*launch)
    site.save(watched(site.sink.url("/delay/0.5")))
    for number in range(12):
        write(site, served, f"op-{number}")
    until(lambda: site.sink.deliveries() or None)
    site.kill(served)
    site.serve(*launch)
    site.settle(15)
    return site.judge()


def sent_many_times(site: Site, launch: list[str]) -> Verdict:
    """Several at once, with one key."""
    served = site.serve(*launch)
    site.save(watched(site.sink.url("/ok")))
    send_at_once(site, [served], rest, "op-0", 8)
    site.settle(20)
    return site.judge()


def stopped_beyond_its_lease(site: Site, launch: list[str]) -> Verdict:
    """And going on when another process has ended what it ran."""
    stopped = site.serve(*launch, watchdog="0")
    site.save(watched(site.sink.url("/delay/3")))
    write(site, stopped)
    until(lambda: site.sink.deliveries() or None)
    site.stop(stopped)
    site.serve(*launch)
    site.settle(30)
    site.nemesis.go_on(stopped)
    until(lambda: "taken over by another process" in stopped.errors)
    return site.judge()


def answered_badly_at_first(site: Site, launch: list[str]) -> Verdict:
    served = site.serve(*launch)
    site.save(watched(site.sink.url("/first/1/503")))
    write(site, served)
    site.settle(30)
    return site.judge()


runs = {
    "late_execution": killed_after_the_commit,
    "early_put": undone_at_the_commit,
    "memory_queue": killed_while_it_runs,
    "endless_lease": killed_while_it_runs,
    "no_unique_key": sent_many_times,
    "overwritten_end": stopped_beyond_its_lease,
    "fresh_key": answered_badly_at_first,
}


@pytest.mark.parametrize("plant", plants)
def test_a_planted_bug_is_caught(site: Site, plant: str, tell: Tell) -> None:
    """By name: another verdict would be about something else."""
    verdict = runs[plant](site, ["--plant", plant])
    tell(caught=plants[plant] in verdict.names, said=dict(verdict.broken))

    assert {plants[plant]} == verdict.names


@pytest.mark.parametrize("run", dict.fromkeys(runs.values()), ids=lambda run: run.__name__)
def test_the_same_run_without_it_breaks_nothing(site: Site, run: Any) -> None:
    verdict = run(site, [])

    assert {} == dict(verdict.broken)
    assert verdict.writes
