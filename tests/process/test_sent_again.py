"""The plug is pulled while somebody waits for an answer: what is sent again, by them or by us, can be known again."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.process.notes import began, ended, expected, notes, noting
from tests.process.served import rows, until

KEY = {"Idempotency-Key": "a-key"}


@pytest.fixture
def hook():
    """Another service: it hears, keeps who called waiting until it is `free`, and then answers 204."""
    heard, free = [], threading.Event()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(self.headers)
            free.wait(60)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            """Nothing: what was heard is asked of the list."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # who was killed reads no answer
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}/", heard, free
    free.set()
    server.shutdown()
    server.server_close()


def nobody_holds_any(home):
    rows(home, "UPDATE executions SET leased_until = '2020-01-01 00:00:00+00:00' WHERE lease IS NOT NULL")


def sent(served, values):
    """Sends a write from a thread of its own; what became of it is in the list when the thread has ended."""
    answers = []

    def write():
        try:
            answers.append(served.client.post("/api/posts:create?triggerWorkflows=many", json=values, headers=KEY))
        except httpx.TransportError as error:
            answers.append(error)

    writing = threading.Thread(target=write)
    writing.start()
    return answers, writing


def test_a_write_whose_answer_was_lost_is_not_done_twice(serve, home):
    """Sent again after the restart it is answered as it would have been, put together from what is stored."""
    served = serve(home)
    served.post("workflows:create", noting("many", sync=True))
    answers, writing = sent(served, {"title": "x"})
    until(lambda: 1 < began(home), pause=0.001)
    served.process.kill()
    served.process.wait()
    writing.join()
    again = serve(home)
    early = again.client.post("/api/posts:create?triggerWorkflows=many", json={"title": "x"}, headers=KEY)
    nobody_holds_any(home)
    until(lambda: ended(home, 2))
    late = again.client.post("/api/posts:create?triggerWorkflows=many", json={"title": "x"}, headers=KEY)
    [post] = rows(home, "SELECT id FROM posts WHERE title = 'x'")

    assert isinstance(answers[0], httpx.TransportError)
    assert (409, "1") == (early.status_code, early.headers["retry-after"])
    assert (200, post) == (late.status_code, late.json()["data"]["id"])
    assert ["succeeded"] == [each["status"] for each in late.json()["meta"]["workflows"] if each["sync"]]
    assert {1} == {notes(home)[text] for text in expected(post)}


def test_a_call_that_was_cut_off_is_made_again_with_its_key(serve, home, hook):
    """It may have arrived: whoever is called can tell that it is the same."""
    url, heard, free = hook
    call = {"key": "call", "type": "request", "config": {"url": url, "method": "POST", "json": {"a": 1}, "timeout": 60}}
    served = serve(home, private_networks="127.0.0.1/32")
    served.post("workflows:create", noting("many", 1) | {"nodes": [call]})
    number = served.post("posts:create?triggerWorkflows=many", {"title": "x"})["meta"]["workflows"][0]["executionId"]
    until(lambda: heard)
    served.kill()
    nobody_holds_any(home)
    serve(home, private_networks="127.0.0.1/32")
    until(lambda: len(heard) == 2)
    free.set()

    assert ["succeeded"] * 2 == until(lambda: ended(home, 2))
    keys = [headers["Idempotency-Key"] for headers in heard]
    assert 1 == len(set(keys))
    assert keys[0].endswith(f":{number}:call")
    assert keys == [headers["webhook-id"] for headers in heard]


def test_our_own_address_is_not_called(serve, home):
    """The port that was taken counts, also where the settings left it open."""
    served = serve(home, private_networks="127.0.0.1/32")
    call = {"key": "call", "type": "request", "config": {"url": f"{served.url}/api/posts:list"}}
    served.post("workflows:create", noting("many", 1, sync=True) | {"nodes": [call]})
    served.post("posts:create?triggerWorkflows=many", {"title": "x"})

    assert ["BLOCKED_ADDRESS: '127.0.0.1' has no address that may be called."] == rows(
        home, "SELECT error FROM jobs WHERE node_key = 'call'"
    )
