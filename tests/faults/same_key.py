"""Many calls at once that are one write."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

from tests.faults.clients import Send, code_of
from tests.faults.history import FAIL, INVOKE, OK
from tests.faults.site import Site
from tests.process.served import Served


def send_at_once(site: Site, services: Sequence[Served], send: Send, op: str, count: int) -> list[str]:
    """What became of each call: "OK", or the code of its error.

    The services stand still while the calls are sent, so that they find them all at once.
    """
    site.history.note(INVOKE, op)
    for served in services:
        site.nemesis.stop(served)
    with ThreadPoolExecutor(count) as threads:
        sent = [threads.submit(send, served.client, served.url, op) for served in islice(cycle(services), count)]
        site.nemesis.rest(1.0, 1.0)
        for served in services:
            site.nemesis.go_on(served)
        codes = [code_of(each.result()) for each in sent]
    site.history.note(OK if "OK" in codes else FAIL, op)
    return codes
