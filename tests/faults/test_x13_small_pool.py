"""X13: far more clients than connections, each with a workflow that it waits for: nobody waits for ever."""

from collections import Counter

import httpx

from tests.faults.clients import create
from tests.faults.conftest import Sizes, Tell
from tests.faults.site import Site, watched
from tests.process.served import until

POOL = 5
ANSWERS = {200, 429, 503}
"""Done, or told to come again: too many sync workflows, or no connection in time."""


def test_a_small_pool_is_shared_by_many(site: Site, sized: Sizes, tell: Tell) -> None:
    """Afterwards every connection is given back, and no lock or transaction is left."""
    statuses: Counter[int] = Counter()

    def send(client: httpx.Client, url: str, op: str) -> httpx.Response:
        response = create(client, url, op)
        statuses[response.status_code] += 1
        return response

    served = site.serve(pool_size=str(POOL))
    site.save(watched(site.sink.url("/ok"), sync=True))
    with site.clients(count=sized(30, 200), send=send):
        until(lambda: statuses.total() > sized(60, 5000), seconds=300)
    site.settle(120)
    verdict = site.judge()
    left = site.database.rows(
        "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    [(deadlocks,)] = site.database.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    tell(statuses=dict(statuses), deadlocks=deadlocks, connections=len(left), **verdict.figures)

    assert {} == dict(verdict.broken)
    assert ANSWERS >= set(statuses)
    assert 0 == deadlocks
    assert {"idle"} >= {state for (state,) in left}
    # Two more listen to other processes: to their queue, and to what they tell of changes.
    assert POOL + 2 >= len(left)
    assert 200 == served.client.get("/api/posts:list").status_code
