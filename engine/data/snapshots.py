"""Records as workflows are handed them: as they are now, at the end of a path, and where a condition holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tortoise.expressions import Q

from engine.actions import Selection
from engine.data.collections import Collection, Collections, Relation
from engine.data.filters import compile_filter
from engine.data.reading import NOTHING_STORED, Stored
from engine.data.shape import shape_of
from engine.outcomes import Record


async def snapshot(
    collections: Collections,
    collection: Collection,
    keys: Iterable[Any],
    appends: tuple[str, ...] = (),
    seen: Collections | None = None,
    stored: Stored = NOTHING_STORED,
) -> dict[Any, Record]:
    """Records by key, with every column that is not secret and these relations, as a workflow sees them.

    Where they are `seen` by a role, what is hidden from it is left out. Those just `stored` are not read again.
    """
    shown = seen or collections
    collection = shown[collection.name]
    if seen is not None:
        appends = tuple(path for path in appends if not shape_of(seen, collection, Selection(appends=(path,)))[1])
    shape, faults = shape_of(shown, collection, Selection(appends=appends))
    assert not faults, "appends were checked when the workflow was saved"
    return await shape.read(keys, stored)


async def reach(
    collections: Collections,
    collection: Collection,
    keys: Iterable[Any],
    path: Sequence[Relation],
    seen: Collections | None = None,
) -> tuple[dict[Any, Any], Relation | None]:
    """The key of the record at the end of a path of one-to-one relations, by the key of the one at its start; and
    the relation that leads to one which is hidden from whom it is `seen` by.

    That is told where a column that they see holds its key. Where none does, there is no such record for them.

    A statement a hop: joined in one, Tortoise confuses a table that is crossed twice with itself.
    """
    reached = {key: key for key in keys}
    for relation in path:
        target = collections[relation.target]
        here = collection.model.filter(pk__in=[key for key in reached.values() if key is not None])
        lookup = f"{relation.attribute}__{target.key.attribute}"
        hop = dict(await here.values_list(collection.key.attribute, lookup))
        reached = {start: hop.get(key) for start, key in reached.items()}
        hidden = await _hidden(reached.values(), (seen or collections)[target.name])
        if hidden and relation.column:
            return {}, relation
        reached = {start: None if key in hidden else key for start, key in reached.items()}
        collection = target
    return reached, None


async def matching(collections: Collections, collection: Collection, keys: Iterable[Any], filter: Any) -> set[Any]:
    """Which of these records a filter finds that was checked when its workflow was saved."""
    wanted, faults = compile_filter(collections, collection, filter)
    assert not faults, "the condition was checked when the workflow was saved"
    found = collection.model.filter(Q(pk__in=list(keys)), wanted)
    return set(await found.values_list(collection.key.attribute, flat=True))


async def _hidden(keys: Iterable[Any], seen: Collection) -> set[Any]:
    """Which of these records are not there for a role."""
    there = {key for key in keys if key is not None}
    return there - await seen.among(there) if there and seen.rows else set()
