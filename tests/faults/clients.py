"""Clients that write until they are told to stop, each write with a name of its own that is found again everywhere."""

import itertools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TypeAlias

import httpx

from tests.faults.history import FAIL, INFO, INVOKE, OK, History
from tests.faults.oracle import WATCHED

PATIENCE = 15.0

_MUTATION = "mutation($title: String!, $key: String!) {" + (
    " createPost(values: {title: $title}, triggerWorkflows: [{key: $key}]) { record { id } } }"
)

Send: TypeAlias = Callable[[httpx.Client, str, str], httpx.Response]
"""Sends an operation to a service, of which the address is given: `send(client, url, op)`."""


def create(client: httpx.Client, url: str, op: str) -> httpx.Response:
    """A record whose title is the operation, with the watched workflow."""
    return client.post(f"{url}/api/posts:create?triggerWorkflows={WATCHED}", json={"title": op})


def rest(client: httpx.Client, url: str, op: str) -> httpx.Response:
    """The same with the operation as its Idempotency-Key."""
    path = f"{url}/api/posts:create?triggerWorkflows={WATCHED}"
    return client.post(path, json={"title": op}, headers={"Idempotency-Key": op})


def graphql(client: httpx.Client, url: str, op: str) -> httpx.Response:
    """What `rest` does, through the other door."""
    asked = {"query": _MUTATION, "variables": {"title": op, "key": WATCHED}}
    return client.post(f"{url}/graphql", json=asked, headers={"Idempotency-Key": op})


def code_of(answer: httpx.Response) -> str:
    """The code of an error; "OK" where there is none."""
    errors = answer.json().get("errors")
    return (errors[0].get("code") or errors[0]["extensions"]["code"]) if errors else "OK"


def attempt(history: History, client: httpx.Client, url: str, op: str, send: Send = create) -> httpx.Response | None:
    """One operation, from its `invoke` to what is known of it. What nobody was told stays unknown."""
    history.note(INVOKE, op)
    try:
        response = send(client, url, op)
    except httpx.ConnectError as error:
        history.note(FAIL, op, error=repr(error))
    except httpx.TransportError as error:
        history.note(INFO, op, error=repr(error))
    else:
        code = code_of(response)
        history.note(OK if code == "OK" else FAIL, op, status=response.status_code, code=code)
        return response
    return None


class Clients:
    """So many at once, while the block is open. `url` is asked before each write, since services move."""

    def __init__(
        self, history: History, headers: dict[str, str], url: Callable[[], str], count: int = 4, send: Send = create
    ) -> None:
        self._history = history
        self._headers = headers
        self._url = url
        self._send = send
        self._numbers = itertools.count()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(count)]
        self.answered = 0

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        with httpx.Client(headers=self._headers, timeout=PATIENCE) as client:
            while not self._stop.is_set():
                answer = attempt(self._history, client, self._url(), f"op-{number}-{next(self._numbers)}", self._send)
                if answer is None:
                    # The service is away; a loop of refused connections would only fill the history.
                    self._stop.wait(0.1)
                else:
                    self.answered += 1
