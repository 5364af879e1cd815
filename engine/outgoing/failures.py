"""How a request to another service can fail, in words that do not tell what is behind a closed door."""


class CallFailed(Exception):
    """The message is for the history, which authors of workflows read.

    What kept a connection from being made is in the log alone: told here, it would say which ports of the network are
    open. `transient`: later it may succeed, after `wait` seconds if the other side has said so.
    """

    def __init__(self, message: str, *, transient: bool = False, wait: float | None = None) -> None:
        super().__init__(message)
        self.transient = transient
        self.wait = wait


def blocked(host: str) -> CallFailed:
    """One message for names that lead inside and names that lead nowhere."""
    return CallFailed(f"BLOCKED_ADDRESS: '{host}' has no address that may be called.")


def no_answer(host: str) -> CallFailed:
    return CallFailed(f"NO_ANSWER: '{host}' gave no answer that can be read.", transient=True)
