"""What cannot be a workflow's document at all, whatever it says: too large, too deep, or no JSON that can be stored."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from engine.data.values import refuse_unstorable
from engine.workflow.templates import Path

MAX_BYTES = 64 * 1024
MAX_NESTING = 64
MAX_BRANCHES = 10


def unfit(document: Any) -> tuple[Any, ...] | None:
    """Why a value cannot be a document at all, with the place; so that the rest need not fear it."""
    if not isinstance(document, Mapping):
        return ("A workflow is an object with 'key', 'title', 'type', 'config' and 'nodes'.",)
    too_long = f"A workflow has at most {MAX_BYTES // 1024} KiB of JSON text."
    for count, (value, path) in enumerate(_walk(document)):
        # Each value takes at least one byte, so this also ends on structures that contain themselves.
        if count > MAX_BYTES:
            return (too_long,)
        if len(path) > MAX_NESTING:
            return (f"A workflow nests at most {MAX_NESTING} deep.", *path[:MAX_BRANCHES])
        if (fault := _fault(value)) is not None:
            return (fault, *path)
    return (too_long,) if len(json.dumps(document, ensure_ascii=False, default=dict).encode()) > MAX_BYTES else None


def _walk(document: Any) -> Iterator[tuple[Any, Path]]:
    """Every value in a document with its place, deeper ones later; not by recursion, which depth would end."""
    waiting: list[tuple[Any, Path]] = [(document, ())]
    for value, path in waiting:
        yield value, path
        if isinstance(value, Mapping):
            waiting += ((member, (*path, name)) for name, member in value.items())
        elif isinstance(value, list | tuple):
            waiting += ((item, (*path, index)) for index, item in enumerate(value))


def _fault(value: Any) -> str | None:
    match value:
        case Mapping():
            for name in value:
                if not isinstance(name, str):
                    return "Names of members are texts."
                if (fault := _fault(name)) is not None:
                    return fault
        case str():
            try:
                refuse_unstorable(value)
            except ValueError as error:
                return f"A text {error}."
        case bool() | None | list() | tuple():
            return None
        case int() if abs(value) >= 2**63:
            return "A number has at most 64 bits: write it as text."
        case float() if not math.isfinite(value):
            return "A number is finite."
        case int() | float():
            return None
        case _:
            return "Only JSON values can be in a workflow."
    return None
