"""X01: processes are killed at random while everybody writes; nothing is lost, and nothing is there twice."""

from itertools import count

from tests.databases import SERVER
from tests.faults.conftest import Sizes, Tell
from tests.faults.oracle import percentile
from tests.faults.site import TAKEN_OVER, Site, watched
from tests.process.served import until

CLIENTS = 4
PAUSES = 0.3, 1.5
OF_ONE = 6
"""Executions of one workflow that a process has under way, whose calls one kill may repeat. What is promised is one a
kill in the mean: among a few kills there may be one of these on top."""


def start(site: Site) -> None:
    """One service on SQLite; on PostgreSQL two, and two workers."""
    while len(site.services) < (2 if SERVER else 1):
        site.serve()
    while SERVER and len(site.workers) < 2:
        site.work()


def test_kills_lose_nothing(site: Site, sized: Sizes, tell: Tell) -> None:
    start(site)
    site.save(watched(site.sink.url("/ok")))
    kills, writes = sized(4, 200), sized(1, 20_000)
    with site.clients(CLIENTS) as clients:
        for killed in count(1):
            site.nemesis.rest(*PAUSES)
            site.kill(site.random.choice([*site.services, *site.workers]))
            start(site)
            before = clients.answered
            until(lambda before=before: clients.answered > before, seconds=60)
            if killed >= kills and clients.answered >= writes:
                break
    site.settle(sized(90, 1800))
    verdict = site.judge()
    tell(kills=killed, executions=verdict.executions, **verdict.figures)

    assert {} == dict(verdict.broken)
    assert killed + sized(OF_ONE, 0) >= verdict.extra
    assert sized(60, TAKEN_OVER) >= percentile(verdict.recoveries, 99)
