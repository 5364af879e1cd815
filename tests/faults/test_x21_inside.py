"""X21: what fails inside the transaction leaves nothing; and a write that was committed runs, though nobody listens."""

import httpx
import pytest

from tests.faults.clients import Send, attempt, code_of, graphql, rest
from tests.faults.conftest import Sizes, Tell
from tests.faults.points import CALL
from tests.faults.site import Site, watched

CALLS = 40
"""More calls of the database than one write makes."""
PATIENCE = 0.0, 0.03
# The posts of the clients have no content, which their name may not be.
NAMELESS = {
    "key": "nameless",
    "type": "create",
    "config": {"collection": "tags", "values": {"name": "{{$context.data.content}}"}},
}


@pytest.mark.parametrize("send", [rest, graphql])
def test_a_database_that_fails_at_any_call_leaves_no_phantom(site: Site, send: Send, sized: Sizes, tell: Tell) -> None:
    """At the first of a write, at the second and so on, until the write is through before it."""
    served = site.serve()
    site.save(watched(site.sink.url("/ok")))
    struck = 0
    for nth in range(1, CALLS, sized(4, 1)):
        site.arm(CALL, nth, do="fail")
        attempt(site.history, served.client, served.url, f"op-{nth}", send)
        struck += not site.is_armed
    site.settle()
    verdict = site.judge()
    tell(struck=struck, **verdict.figures)

    assert {} == dict(verdict.broken)
    assert struck


@pytest.mark.parametrize("send", [rest, graphql])
@pytest.mark.parametrize("point", ["before insert", "after insert", "after execution row", "before commit"])
def test_what_is_undone_has_no_effect(site: Site, point: str, send: Send) -> None:
    """With an atomic workflow, which runs inside of the write."""
    served = site.serve()
    site.save(watched(site.sink.url("/ok"), nodes=("before", "after"), sync=True, options={"atomic": True}))
    site.arm(point, do="fail")
    answer = attempt(site.history, served.client, served.url, "op-0", send)
    verdict = site.judge()

    assert answer is not None
    assert code_of(answer) in ("INTERNAL", "UNAVAILABLE")
    assert (set(), 0) == (verdict.names, verdict.executions)


@pytest.mark.parametrize("send", [rest, graphql])
def test_a_node_of_an_atomic_workflow_that_fails_takes_the_write_with_it(site: Site, send: Send) -> None:
    """And what the nodes before it have written."""
    served = site.serve()
    workflow = watched(site.sink.url("/ok"), nodes=("before",), sync=True, options={"atomic": True})
    workflow["nodes"].append(NAMELESS)
    site.save(workflow)
    answer = attempt(site.history, served.client, served.url, "op-0", send)
    verdict = site.judge()

    assert answer is not None
    assert "WORKFLOW_REJECTED" == code_of(answer)
    assert (set(), 0) == (verdict.names, verdict.executions)


@pytest.mark.parametrize("send", [rest, graphql])
def test_who_leaves_before_the_answer_finds_both_or_neither(site: Site, send: Send, sized: Sizes, tell: Tell) -> None:
    """The connection closes at once, or a moment after the request was sent."""
    served = site.serve()
    site.save(watched(site.sink.url("/ok")))
    for number in range(sized(20, 500)):
        patience = httpx.Timeout(10, read=site.random.uniform(*PATIENCE))
        with httpx.Client(base_url=served.url, headers=served.client.headers, timeout=patience) as client:
            attempt(site.history, client, served.url, f"op-{number}", send)
    # What nobody waits for any more may still be under way; a process that is asked to end comes to its end.
    site.gone(served)
    assert 0 == site.nemesis.end(served)
    site.serve()
    site.settle()
    verdict = site.judge()
    tell(executions=verdict.executions, **verdict.figures)

    assert {} == dict(verdict.broken)
    assert verdict.executions
