"""Which collections a workflow reaches, by its document; pure.

What its nodes were given and have answered may have been made of the records of any of them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.data.collections import Collection, Collections
from engine.system.models import WorkflowType

USERS = "users"

# A template that brings who caused the run, by itself or with the whole context.
_TELLS_USER = re.compile(r"\{\{.*(user|context\s*\}\})", re.DOTALL)


def touched(document: Mapping[str, Any], collections: Collections) -> frozenset[str]:
    """The collections that a workflow is handed records of, reads, compares with or writes. Rather one too many.

    One that follows executions may be handed whatever those were.
    """
    if document.get("type") == WorkflowType.EXECUTION:
        return frozenset(collections)
    return frozenset(_walk([document.get("config"), document.get("nodes")], (), collections))


def _walk(value: Any, here: tuple[Collection, ...], collections: Collections) -> Iterator[str]:
    """`here` are the collections that names at this place may be names of."""
    if isinstance(value, str):
        if _TELLS_USER.search(value):
            yield USERS
        for target in _reached(value, here, collections):
            yield target.name
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _walk(item, here, collections)
    elif isinstance(value, Mapping):
        named = value.get("collection")
        if isinstance(named, str) and named in collections:
            yield named
            here = (*here, collections[named])
        for name, inner in value.items():
            found = _reached(str(name), here, collections)
            yield from (target.name for target in found)
            yield from _walk(inner, (*here, *found), collections)


def _reached(path: str, here: tuple[Collection, ...], collections: Collections) -> tuple[Collection, ...]:
    """Every collection on the way along a dotted path of relations."""
    found: list[Collection] = []
    for start in here:
        place = start
        for name in path.split("."):
            if name not in place.relations:
                break
            place = collections[place.relations[name].target]
            found.append(place)
    return tuple({each.name: each for each in found}.values())
