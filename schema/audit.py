"""The audit: one line for each request that is refused and for each administrative action, on a stream of its own.

It says who, in which role, did or wanted what, under which request's id, and how it ended; never what was said:
messages and values may hold what nobody else shall read.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from engine.errors import Code
from schema.context import Context

log = logging.getLogger("bangpath.audit")

LONGEST = 200
"""Characters that are kept of what a caller has made up, such as a path."""

FAULTS = frozenset({Code.INTERNAL, Code.UNAVAILABLE})
"""What the service owes an answer to is no refusal; the log has it."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def refused(context: Context, action: str, code: Code) -> None:
    """Somebody was refused. Whoever wants many refusals must not fill the disk: see `api/log_storms.py`."""
    if code in FAULTS:
        return
    members = {"outcome": "refused", "code": code.value, **_who(context), "action": action}
    _write(members, storm=f"{context.peer} {code.value}")


def done(context: Context, action: str, target: Any = None, **more: Any) -> None:
    """Somebody has changed what others may do, or what happens by itself."""
    members = {"outcome": "done", **_who(context), "action": action, "target": target, **more}
    _write(members, storm=None)


def _who(context: Context) -> Mapping[str, Any]:
    actor = context.actor
    return {
        "user": actor.key if actor else None,
        "username": actor.username if actor else None,
        "role": actor.role if actor else None,
        "peer": context.peer,
        "requestId": context.request_id,
    }


def _write(members: Mapping[str, Any], storm: str | None) -> None:
    told = {name: _plain(value) for name, value in members.items() if value is not None}
    # For a terminal the line is all there is; elsewhere the members are fields of their own.
    text = " ".join(f"{name}={value}" for name, value in told.items())
    log.info("%s", text, extra={**told, "storm": storm})


def _plain(value: Any) -> Any:
    """As it can be written anywhere: nobody's text ends a line, or talks to a terminal."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if not isinstance(value, str):
        return value if isinstance(value, int) else _plain(str(value))
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", value[:LONGEST])
