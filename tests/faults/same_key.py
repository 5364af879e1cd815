"""Many calls at once that are one write."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.faults.history import FAIL, INVOKE, OK
from tests.faults.oracle import WATCHED
from tests.faults.site import Site
from tests.process.served import Served

OP = "op-0"


def send_at_once(site: Site, served: Served, count: int) -> list[httpx.Response]:
    """The answers, of which each is success or says that the first is still at work."""

    def send(_: int) -> httpx.Response:
        return served.client.post(
            f"/api/posts:create?triggerWorkflows={WATCHED}", json={"title": OP}, headers={"Idempotency-Key": "once"}
        )

    site.history.note(INVOKE, OP)
    with ThreadPoolExecutor(count) as threads:
        answers = list(threads.map(send, range(count)))
    done = any(answer.status_code == 200 for answer in answers)
    site.history.note(OK if done else FAIL, OP)
    return answers
