"""X11: a node that harms its process is stopped from doing so for ever, and others get on with their work meanwhile."""

from contextlib import suppress

import httpx
import pytest

from tests.faults.clients import attempt
from tests.faults.conftest import LONG, Sizes, Tell
from tests.faults.site import Site, watched
from tests.process.served import Stopped, until

PLANT = ("--plant", "harmful_nodes")
MOST_CRASHES = 3
WATCHDOG = "5"


def harmful(site: Site, how: str) -> str:
    """Saves a workflow whose node does so, and starts it; answers the statement that asks how it stands."""
    node = {"key": "harm", "type": "response_message", "config": {"message": how}}
    site.save(watched("", key="harmful", nodes=()) | {"nodes": [node]})
    site.services[0].post("posts:create?triggerWorkflows=harmful", {"title": "harm"})
    return "SELECT status, error FROM executions WHERE key = 'harmful'"


def supervise(site: Site, look: str) -> int:
    """Starts the service again whenever it has ended, until the execution has; answers how often that was."""
    crashes = 0

    def start() -> None:
        nonlocal crashes
        try:
            site.serve(*PLANT, watchdog=WATCHDOG)
        except Stopped:
            # On a busy machine a start takes longer than a lease.
            crashes += 1
            start()

    def over() -> bool:
        nonlocal crashes
        [served] = site.services
        if served.process.poll() is not None:
            crashes += 1
            site.services.remove(served)
            start()
        return [row[0] for row in site.database.rows(look)][:1] == ["error"]

    until(over, seconds=240, pause=0.1)
    return crashes


@pytest.mark.parametrize("how", ["kill", "spin", "block"] if LONG else ["kill"])
def test_who_ends_its_process_is_given_up(site: Site, how: str, sized: Sizes, tell: Tell) -> None:
    """After three, and what was written meanwhile is done all the same."""
    served = site.serve(*PLANT, watchdog=WATCHDOG)
    site.save(watched(site.sink.url("/ok")))
    for number in range(sized(10, 100)):
        attempt(site.history, served.client, served.url, f"op-{number}")
    look = harmful(site, how)
    crashes = supervise(site, look)
    site.settle(60)
    verdict = site.judge()
    tell(crashes=crashes, **verdict.figures)

    assert {} == dict(verdict.broken)
    assert MOST_CRASHES == crashes
    assert [("error", "3 processes have ended while they ran it.")] == site.database.rows(look)


def test_who_ends_its_process_takes_no_other_along(site: Site) -> None:
    """Those that were under way with it each time are run for all that."""
    served = site.serve(*PLANT)
    node = {"key": "harm", "type": "response_message", "config": {"message": "{{$context.data.title}}"}}
    site.save(watched("", key="harmful", nodes=()) | {"nodes": [node]})
    titles = ["fine"] * 3 + ["kill"] + ["fine"] * 8
    with suppress(httpx.HTTPError):
        served.post("posts:create?triggerWorkflows=harmful", [{"title": title} for title in titles])
    crashes = supervise(site, "SELECT status FROM executions WHERE status = 'error'")
    site.settle(60)

    assert MOST_CRASHES == crashes
    assert [("error",)] == site.database.rows("SELECT status FROM executions WHERE status <> 'succeeded'")


def test_a_process_that_hangs_says_where(site: Site) -> None:
    served = site.serve(*PLANT, watchdog=WATCHDOG)
    harmful(site, "spin")

    assert 1 == served.process.wait(60)
    assert "harmful_nodes.py" in served.errors


def test_who_asks_for_more_memory_than_there_is_fails_alone(site: Site) -> None:
    """It is refused, its execution ends, and the process goes on."""
    served = site.serve(*PLANT)
    site.save(watched(site.sink.url("/ok")))
    look = harmful(site, "allocate")
    attempt(site.history, served.client, served.url, "op-0")
    site.settle(60)

    assert ["error"] == [status for status, _ in site.database.rows(look)]
    assert {} == dict(site.judge().broken)
    assert served.process.poll() is None
