"""Many calls at once that are one write."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.faults.history import FAIL, INVOKE, OK
from tests.faults.oracle import WATCHED
from tests.faults.site import Site
from tests.process.served import Served

OP = "op-0"


def send_at_once(site: Site, served: Served, count: int) -> list[httpx.Response]:
    """The answers, of which each is success or says that the first is still at work.

    The service stands still while they are sent, so that it finds them all at once.
    """

    def send() -> httpx.Response:
        return served.client.post(
            f"/api/posts:create?triggerWorkflows={WATCHED}", json={"title": OP}, headers={"Idempotency-Key": "once"}
        )

    site.history.note(INVOKE, OP)
    site.nemesis.stop(served)
    with ThreadPoolExecutor(count) as threads:
        sent = [threads.submit(send) for _ in range(count)]
        site.nemesis.rest(1.0, 1.0)
        site.nemesis.go_on(served)
        answers = [each.result() for each in sent]
    done = any(answer.status_code == 200 for answer in answers)
    site.history.note(OK if done else FAIL, OP)
    return answers
