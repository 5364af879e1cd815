"""X29: a process that stands still beyond its lease, and then goes on, has lost what it held: others have ended it."""

from tests.faults.conftest import Sizes, Tell
from tests.faults.oracle import percentile
from tests.faults.site import LEASE, TAKEN_OVER, Site, Working, watched
from tests.process.served import until


def lost(worker: Working) -> int:
    """How many executions it held that it found in other hands."""
    return worker.errors.count("taken over by another process")


def test_who_comes_back_overwrites_nothing(site: Site, sized: Sizes, tell: Tell) -> None:
    """Workers are stopped until each has been with executions in its hands, and go on when others have taken them."""
    site.serve(worker="off")
    site.save(watched(site.sink.url("/delay/0.1")))
    # A server of the usual size has a hundred connections, which others want too.
    workers = [site.work(watchdog="0", pool_size="4") for _ in range(sized(2, 8))]
    stops = 0
    with site.clients(count=sized(1, 4)) as clients:
        while min(map(lost, workers)) < sized(1, 3):
            # The last one needs time to take executions again.
            site.nemesis.rest(0.5, 1.5)
            stopped = min(site.random.sample(workers, len(workers)), key=lost)
            site.nemesis.stop(stopped)
            site.nemesis.rest(LEASE * 2, LEASE * 3)
            site.nemesis.go_on(stopped)
            stops += 1
        until(lambda: clients.answered >= sized(50, 10_000), seconds=1800)
    site.settle(sized(90, 1800))
    verdict = site.judge()
    tell(stops=stops, executions=verdict.executions, taken=sum(map(lost, workers)), **verdict.figures)

    assert {} == dict(verdict.broken)
    assert verdict.writes == verdict.executions
    assert sized(60, TAKEN_OVER) >= percentile(verdict.recoveries, 99)
    assert [None] * len(workers) == [worker.process.poll() for worker in workers]
