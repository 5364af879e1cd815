"""X29: a process that stands still beyond its lease, and then goes on, has lost what it held: others have ended it."""

from tests.faults.conftest import Sizes, Tell
from tests.faults.site import LEASE, Site, watched
from tests.process.served import until

RUNNING = "SELECT id FROM executions WHERE status = 'running'"


def test_who_comes_back_overwrites_nothing(site: Site, sized: Sizes, tell: Tell) -> None:
    """One of several workers is stopped with executions in its hands, and goes on when others have taken them over."""
    site.serve(worker="off")
    site.save(watched(site.sink.url("/ok")))
    workers = [site.work(watchdog="0") for _ in range(sized(2, 8))]
    with site.clients(count=2) as clients:
        for _ in range(sized(2, 20)):
            stopped = site.random.choice(workers)
            until(lambda: site.database.rows(RUNNING) or None, seconds=60)
            site.nemesis.stop(stopped)
            site.nemesis.rest(LEASE * 2, LEASE * 3)
            site.nemesis.go_on(stopped)
        until(lambda: clients.answered >= sized(50, 10_000), seconds=600)
    site.settle(sized(90, 600))
    verdict = site.judge()
    tell(executions=verdict.executions, **verdict.figures)

    assert {} == dict(verdict.broken)
    assert verdict.writes == verdict.executions
    assert [None] * len(workers) == [worker.process.poll() for worker in workers]
