"""X10: fifty calls at once with one Idempotency-Key are one write."""

from collections import Counter

from tests.databases import SERVER
from tests.faults.clients import graphql, rest
from tests.faults.conftest import Sizes, Tell
from tests.faults.same_key import send_at_once
from tests.faults.site import Site, watched

CALLS = 50


def test_calls_at_once_with_one_key_are_one_write(site: Site, sized: Sizes, tell: Tell) -> None:
    """Through either door, and on PostgreSQL at two services in turn."""
    services = [site.serve() for _ in range(2 if SERVER else 1)]
    site.save(watched(site.sink.url("/ok")))
    codes: Counter[str] = Counter()
    rounds = sized(1, 50)
    for number in range(rounds):
        codes.update(send_at_once(site, services, rest, f"op-rest-{number}", CALLS))
        codes.update(send_at_once(site, services, graphql, f"op-graphql-{number}", CALLS))
    site.settle()
    verdict = site.judge()
    tell(codes=dict(codes), executions=verdict.executions, **verdict.figures)

    assert {} == dict(verdict.broken)
    assert {"OK", "IDEMPOTENCY_IN_PROGRESS"} >= set(codes)
    assert (2 * rounds, 2 * rounds) == (verdict.writes, verdict.executions)
