"""The headers that say how a write is to be carried out, `Idempotency-Key` and `Prefer` → its terms."""

import re
from collections.abc import Iterator
from typing import Any

from starlette.datastructures import Headers, MutableHeaders

from engine.actions import Repetition, Terms
from engine.errors import Code, refuse
from engine.idempotency import HEADER
from schema.context import Context

LONGEST_WAIT = 60

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_WAIT = re.compile(r'\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


def read_terms(headers: Headers, context: Context, route: str, said: list[Any]) -> Terms:
    """The terms of a write; `route` and what it `said`, JSON values, make it the same as another with its key."""
    return Terms(_repetition(headers, context, route, said), next(_waits(headers), None))


def apply(terms: Terms, headers: MutableHeaders) -> None:
    """Say which preference was heard, as RFC 7240 wants it."""
    if terms.wait is not None:
        headers["Preference-Applied"] = f"wait={terms.wait:g}"


def _repetition(headers: Headers, context: Context, route: str, said: list[Any]) -> Repetition | None:
    given = headers.getlist(HEADER)
    if not given or context.actor is None:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise refuse(Code.BAD_VALUE, f"An {HEADER} is one word of 1 to 255 characters of ASCII.", HEADER)
    return context.engine.repetitions.repetition(context.actor, route, given[0], said)


def _waits(headers: Headers) -> Iterator[float]:
    """What cannot be read is no preference: they may be ignored, and are not worth a refusal."""
    for header in headers.getlist("prefer"):
        for preference in header.split(","):
            if found := _WAIT.fullmatch(preference):
                yield float(min(int(found[1]), LONGEST_WAIT))
