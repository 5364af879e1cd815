"""X15: a process that is told to end while everybody writes answers what it has begun, and ends with 0."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.faults.conftest import Sizes, Tell
from tests.faults.history import INFO
from tests.faults.oracle import WATCHED, percentile
from tests.faults.site import Site, watched
from tests.process.served import until

PAUSES = 0.2, 1.5


def dropped(site: Site) -> list[str]:
    """Writes that are stored, of which nobody was told."""
    stored = {title for (title,) in site.database.rows("SELECT title FROM posts")}
    return [op for op, outcome in site.history.outcomes().items() if outcome == INFO and op in stored]


def test_no_reply_is_dropped(site: Site, sized: Sizes, tell: Tell) -> None:
    drained, statuses = [], set()
    site.serve()
    site.save(watched(site.sink.url("/delay/0.1")))
    with site.clients(count=8) as clients:
        for _ in range(sized(2, 100)):
            [served], before = site.services, clients.answered
            until(lambda before=before: clients.answered > before)
            site.nemesis.rest(*PAUSES)
            site.services.remove(served)
            began = time.monotonic()
            statuses.add(site.nemesis.end(served))
            drained.append(time.monotonic() - began)
            site.serve()
    site.settle(sized(120, 1800))
    verdict = site.judge()
    tell(
        ends=len(drained),
        dropped=len(dropped(site)),
        drained=f"p50 {percentile(drained, 50):.2f} s, p99 {percentile(drained, 99):.2f} s",
        **verdict.figures,
    )

    assert {} == dict(verdict.broken)
    assert ([], {0}) == (dropped(site), statuses)


def test_who_waits_long_is_answered_before_the_end(site: Site) -> None:
    """With what stands then. What runs is another's afterwards."""
    served = site.serve()
    site.save(watched(site.sink.url("/hang"), nodes=("tell",)))
    path = f"/api/posts:create?triggerWorkflows={WATCHED}"
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(served.client.post, path, json={"title": "x"}, headers={"Prefer": "wait=60"}, timeout=60)
        until(lambda: site.sink.deliveries())
        status = site.nemesis.end(served)
        answer = asked.result()

    assert (0, 200) == (status, answer.status_code)
    assert {"running", "waiting", "queued"} & {each["status"] for each in answer.json()["meta"]["workflows"]}
