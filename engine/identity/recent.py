"""Remembers for a moment who shows a token, so that a request that follows another asks the database nothing.

A change in this process is known at once, since everything is forgotten with it; one in another process when the moment
is over. The tokens themselves are not kept: what reads the memory of the process finds no way in.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.identity.tokens import Claims

SECONDS = 0.8
"""Others hold to a change within a second, the request that they are asked by included."""
EARLY = 0.5
"""The part of the moment behind which one request asks anew for all that come meanwhile: when it is over they would
all ask at once."""
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a token is: a row beside each of the roles it is good for, the one that counts without `X-Role`, its claims
    (None for a key) and the moment from which it is good for nothing."""

    rows: tuple[dict[str, Any], ...]
    default: str
    claims: Claims | None
    ends: datetime | None


@dataclass(slots=True)
class _Kept:
    holder: Holder
    asked: float
    is_asked_anew: bool = False


class Recent:
    """The holders of the tokens that were shown last."""

    def __init__(self, seconds: float = SECONDS, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._changes = 0

    @property
    def state(self) -> tuple[int, float]:
        """To be asked before the database is, and handed to `keep`: what was read may be out of date by then."""
        return self._changes, self._clock()

    def find(self, token: str, now: datetime) -> Holder | None:
        """Who holds this token, None for who is to ask: when that is not remembered, or not for long any more."""
        kept = self._kept.get(_name(token))
        if kept is None:
            return None
        age, holder = self._clock() - kept.asked, kept.holder
        if age >= self._seconds or (holder.ends and holder.ends <= now):
            return None
        if age >= self._seconds * EARLY and not kept.is_asked_anew:
            kept.is_asked_anew = True
            return None
        return holder

    def keep(self, token: str, holder: Holder, state: tuple[int, float]) -> None:
        """Remember what was found out since `state`, unless something has changed meanwhile."""
        changes, asked = state
        if changes != self._changes:
            return
        name = _name(token)
        self._kept[name] = _Kept(holder, asked)
        self._kept.move_to_end(name)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def drop(self, token: str) -> None:
        """What was remembered of this token is not so any more."""
        self._kept.pop(_name(token), None)

    def forget(self) -> None:
        """Something has changed that decides who somebody is, or what they may do."""
        self._changes += 1
        self._kept.clear()


def _name(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
