"""Many calls at once that are one write."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import TypeAlias

import httpx

from tests.faults.history import FAIL, INVOKE, OK
from tests.faults.oracle import WATCHED
from tests.faults.site import Site
from tests.process.served import Served

Call: TypeAlias = Callable[[httpx.Client, str], httpx.Response]
"""Writes a record whose title is the operation, which is the key as well: `call(client, op)`."""

_MUTATION = "mutation($title: String!, $key: String!) {" + (
    " createPost(values: {title: $title}, triggerWorkflows: [{key: $key}]) { record { id } } }"
)


def rest(client: httpx.Client, op: str) -> httpx.Response:
    path = f"/api/posts:create?triggerWorkflows={WATCHED}"
    return client.post(path, json={"title": op}, headers={"Idempotency-Key": op})


def graphql(client: httpx.Client, op: str) -> httpx.Response:
    asked = {"query": _MUTATION, "variables": {"title": op, "key": WATCHED}}
    return client.post("/graphql", json=asked, headers={"Idempotency-Key": op})


def send_at_once(site: Site, services: Sequence[Served], call: Call, op: str, count: int) -> list[str]:
    """What became of each call: "OK", or the code of its error.

    The services stand still while the calls are sent, so that they find them all at once.
    """
    site.history.note(INVOKE, op)
    for served in services:
        site.nemesis.stop(served)
    with ThreadPoolExecutor(count) as threads:
        sent = [threads.submit(call, served.client, op) for served in islice(cycle(services), count)]
        site.nemesis.rest(1.0, 1.0)
        for served in services:
            site.nemesis.go_on(served)
        codes = [_code(each.result()) for each in sent]
    site.history.note(OK if "OK" in codes else FAIL, op)
    return codes


def _code(answer: httpx.Response) -> str:
    errors = answer.json().get("errors")
    return (errors[0].get("code") or errors[0]["extensions"]["code"]) if errors else "OK"
