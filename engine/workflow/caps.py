"""How much of one thing the history keeps: what is larger is cut, and says so; pure."""

import json
from collections.abc import Mapping
from typing import Any

MAX_BYTES = 256 * 1024
"""Of JSON, of what a node was given, and of what it answers."""
MAX_CONTEXT_BYTES = 1024 * 1024
MAX_TEXT = 10_000
"""Characters of an error or a message."""

_ENLARGING = ("previous", "data")


def capped(value: Any, most: int = MAX_BYTES) -> Any:
    """The value, or in its place where it is too large the beginning of its JSON, marked as cut.

    >>> capped("a" * 20, most=12)
    {'truncated': True, 'bytes': 22, 'start': '"aaaaaaaaaaa'}
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    text = json.dumps(value, ensure_ascii=False).encode()
    if len(text) <= most:
        return value
    return {"truncated": True, "bytes": len(text), "start": text[:most].decode(errors="ignore")}


def capped_context(context: Mapping[str, Any]) -> dict[str, Any]:
    """What a run is started with; of a record that is too large, as it is and as it was, only the beginning."""
    cut = dict(context)
    if _size(cut) > MAX_CONTEXT_BYTES:
        cut |= {name: capped(cut[name], MAX_CONTEXT_BYTES // 4) for name in _ENLARGING if name in cut}
    return cut


def capped_text(text: str) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())
