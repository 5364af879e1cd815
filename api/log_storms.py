"""Keeps storms out of the log: of lines that are alike, so many a minute are written and the others counted."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable

ALIKE = 100
ALL = 3_000
CALM = ("uvicorn.access",)
"""One line a request is what an access log is; how long it is kept is for who keeps it to say."""


class Calm(logging.Filter):
    """Lines are alike that one place in the code writes; those with a `storm`, that name the same. `storm=None` is for
    what is never left out. How many were left out is told by the first that is written afterwards."""

    def __init__(self, alike: int = ALIKE, everything: int = ALL, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._alike = alike
        self._all = everything
        self._now = now
        self._minute = 0.0
        self._written: defaultdict[object, int] = defaultdict(int)
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        storm = record.__dict__.pop("storm", (record.name, record.levelno, record.msg))
        if storm is None or record.name in CALM:
            return True
        if self._now() - self._minute >= 60:
            self._minute = self._now()
            self._written.clear()
        if self._written[storm] >= self._alike or self._written[ALL] >= self._all:
            self._left_out += 1
            return False
        self._written[storm] += 1
        self._written[ALL] += 1
        if self._left_out:
            record.msg, record.args = f"{record.getMessage()} ({self._left_out} lines like others were left out)", None
            self._left_out = 0
        return True
