"""A bug of somebody's node: what `response_message` does to its process is its message."""

import os
import resource
import signal
import time
from typing import Any

from engine.workflow.nodes.base import Outcome
from engine.workflow.nodes.response_message import ResponseMessage
from engine.workflow.scope import Scope

GIB = 2**30


def plant() -> None:
    # A limit as containers have it, but that what is too much is refused and ends nobody.
    resource.setrlimit(resource.RLIMIT_AS, (3 * GIB, 3 * GIB))
    run = ResponseMessage.run

    async def harm(self: ResponseMessage, config: Any, scope: Scope) -> Outcome:
        outcome = await run(self, config, scope)
        match getattr(outcome, "message", None):
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "allocate":
                bytearray(4 * GIB)
            case "spin":
                while True:
                    pass
            case "block":
                time.sleep(3600)  # noqa: ASYNC251 - this is the harm
        return outcome

    ResponseMessage.run = harm  # type: ignore[method-assign]
