"""X29: a process that stands still beyond its lease, and then goes on, has lost what it held: others have ended it."""

import os

from tests.faults.clients import attempt
from tests.faults.conftest import Sizes, Tell
from tests.faults.oracle import percentile
from tests.faults.site import LEASE, TAKEN_OVER, Site, Working, watched
from tests.process.served import START_SECONDS, until


def lost(worker: Working) -> int:
    """How many executions it held that it found in other hands."""
    return worker.errors.count("taken over by another process")


def stands_still(worker: Working) -> bool:
    """Whether it has stopped itself; it is told once."""
    return os.waitid(os.P_PID, worker.process.pid, os.WSTOPPED | os.WNOHANG) is not None


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


def test_who_stands_still_inside_a_transaction_holds_nobody_up(site: Site, tell: Tell) -> None:
    """The server ends the transaction, and others the execution that was in it."""
    served = site.serve(worker="off")
    site.save(watched(site.sink.url("/ok")))
    workers = [site.work(watchdog="0", pool_size="4") for _ in range(2)]
    site.arm("before end", do="stop")
    for number in range(10):
        attempt(site.history, served.client, served.url, f"op-{number}")
    still = until(lambda: next(filter(stands_still, workers), None), START_SECONDS)
    site.history.note("nemesis", "stop", process=still.process.pid)
    site.settle(90)
    site.nemesis.go_on(still)
    # By then it has found that what it was about to end is not its own any more.
    until(lambda: "was interrupted" in still.errors)
    verdict = site.judge()
    tell(executions=verdict.executions, **verdict.figures)

    assert not site.is_armed
    assert {} == dict(verdict.broken)
    assert (10, 10) == (verdict.writes, verdict.executions)
    assert [None, None] == [worker.process.poll() for worker in workers]
