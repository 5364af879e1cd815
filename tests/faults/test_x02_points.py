"""X02: a process is killed at every point of a write and its run that has a name, and at every call of the database."""

import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import SECRET
from tests.databases import MakeDatabase, address
from tests.faults.clients import attempt
from tests.faults.conftest import Sizes, Tell
from tests.faults.database import Database
from tests.faults.points import CALL, POINTS, arm
from tests.faults.site import LAUNCH, Site, watched
from tests.process.served import ROOT, Served, environment, until

ELSEWHERE = "in retention", "in migration"
AT_ONCE = "0.000001"
"""As a setting: executions are too old a moment after their end."""
CALLS = 60
"""More calls of the database than a write and its run make; the next are those of a worker that looks around."""


def strike(site: Site, op: str, at: str, nth: int = 1) -> None:
    """A write to a process that is killed at this point, and another process in its place."""
    [served] = site.services
    site.arm(at, nth)
    attempt(site.history, served.client, served.url, op)
    died(site, served)
    site.serve()


def died(site: Site, served: Served) -> None:
    assert -signal.SIGKILL == served.process.wait(30)
    site.gone(served)
    site.history.note("nemesis", "kill", process=served.process.pid)


@pytest.mark.parametrize(
    ("points", "nodes"),
    [
        ([point for point in POINTS if point not in ELSEWHERE], ("before", "tell", "after")),
        (["before terminal", "after terminal"], ("before", "after", "tell")),
    ],
    ids=["any", "those of an end that nothing is committed with"],
)
def test_a_kill_at_a_named_point_loses_nothing(
    site: Site, tell: Tell, points: Sequence[str], nodes: Sequence[str]
) -> None:
    site.serve()
    site.save(watched(site.sink.url("/ok"), nodes=nodes))
    for point in points:
        strike(site, f"op-{point}", point)
    site.settle()
    verdict = site.judge()
    tell(points=len(points), **verdict.figures)

    assert {} == dict(verdict.broken)
    assert len(points) == verdict.writes
    assert len(points) >= verdict.extra


def test_a_kill_at_any_call_of_the_database_loses_nothing(site: Site, sized: Sizes, tell: Tell) -> None:
    site.serve()
    site.save(watched(site.sink.url("/ok")))
    calls = range(1, CALLS, sized(10, 1))
    for nth in calls:
        strike(site, f"op-{nth}", CALL, nth)
    site.settle()
    verdict = site.judge()
    tell(calls=len(calls), **verdict.figures)

    assert {} == dict(verdict.broken)
    assert len(calls) >= verdict.extra


def test_a_kill_while_old_history_is_ended_leaves_whole_executions(site: Site) -> None:
    """Each with all of its jobs, or gone with them; the next process ends the rest."""
    first = site.serve()
    site.save(watched(site.sink.url("/ok")))
    for number in range(5):
        attempt(site.history, first.client, first.url, f"op-{number}")
    site.settle()
    ended = site.database.rows("SELECT id FROM executions ORDER BY id")
    site.kill(first)
    site.arm("in retention")
    # It may be killed before it has said where it is.
    with suppress(AssertionError):
        died(site, site.serve(keep_succeeded=AT_ONCE))
    assert not site.is_armed
    assert ended == site.database.rows("SELECT DISTINCT execution_id FROM jobs ORDER BY execution_id")

    site.serve(keep_succeeded=AT_ONCE)
    until(lambda: not site.database.rows("SELECT id FROM executions"))


@pytest.fixture
async def empty(make_database: MakeDatabase) -> str:
    """A database without tables."""
    return address(await make_database())


def test_a_migration_that_was_killed_is_gone_on_with(empty: str, tmp_path: Path, sized: Sizes) -> None:
    """At any of its tables."""
    armed = tmp_path / "armed"
    settings = environment(tmp_path / "home", {"database_url": empty, "secret": SECRET})
    migrate = [*LAUNCH, "--armed", str(armed), "migrate"]
    for nth in range(1, 30, sized(9, 1)):
        arm(armed, "in migration", nth)
        killed = subprocess.run(migrate, cwd=ROOT, env=settings, capture_output=True, timeout=60)
        if armed.exists():
            break
        assert -signal.SIGKILL == killed.returncode
    armed.unlink(missing_ok=True)
    done = subprocess.run(migrate, cwd=ROOT, env=settings, capture_output=True, timeout=60, text=True)

    assert 0 == done.returncode, done.stderr
    assert Database(empty).rows("SELECT count(*) FROM executions") == [(0,)]
