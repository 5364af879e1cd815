"""X17: workflows that lead to each other for ever, or to ever more: they stop at a limit, and each cut has its row."""

import time
from itertools import pairwise
from typing import Any

import pytest

from tests.faults.conftest import Sizes, Tell
from tests.faults.site import Site

LEVELS = {"tags": "name", "notes": "text", "comments": "content", "categories": "title", "banners": "url"}
"""Collections with a column that may have any text, in the order in which one leads to the next."""
WIDE = 10


def following(collection: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    """A workflow that follows a collection, named like it."""
    config = {"collection": collection, "actions": ["create", "update"]}
    named = {"key": collection, "title": collection, "type": "collection"}
    return {**named, "enabled": True, "config": config, "nodes": nodes}


def change(collection: str) -> dict[str, Any]:
    config = {"collection": collection, "filter": {"id": {"$gt": 0}}, "values": {LEVELS[collection]: "{{$now}}"}}
    return {"key": "change", "type": "update", "config": config}


def spread(collection: str) -> dict[str, Any]:
    config = {"collection": collection, "values": {LEVELS[collection]: "x"}}
    store = {"key": "store", "type": "create", "config": config}
    return {"key": "each", "type": "loop", "config": {"count": WIDE}, "branches": {"do": [store]}}


def count(site: Site, what: str) -> int:
    [(found,)] = site.database.rows(f"SELECT count(*) FROM {what}")
    return int(found)


def records(site: Site) -> int:
    return sum(count(site, collection) for collection in LEVELS)


@pytest.mark.parametrize("ring", [("tags",), ("tags", "notes"), ("tags", "notes", "comments")], ids=len)
def test_a_ring_is_gone_round_twice(site: Site, tell: Tell, ring: tuple[str, ...]) -> None:
    """Once because of the write, and once more because of itself; with one record each, so that nothing fans out."""
    served = site.serve()
    for collection in ring:
        site.database.rows(f"DELETE FROM {collection}")
        served.post(f"{collection}:create", {LEVELS[collection]: "x"})
    for collection, next_one in zip(ring, (*ring[1:], ring[0]), strict=True):
        site.save(following(collection, change(next_one)))
    [(first,)] = site.database.rows("SELECT id FROM tags")
    served.post(f"tags:update/{first}", {"name": "y"})
    site.settle()
    ran, cut = count(site, "executions WHERE status = 'succeeded'"), count(site, "executions WHERE status = 'skipped'")
    tell(workflows=len(ring), executions=ran, cut=cut)

    assert (2 * len(ring), 1) == (ran, cut)
    assert 1 == count(site, "executions WHERE status = 'skipped' AND error LIKE '%tags → %'")


def test_a_fan_out_stops_at_its_limit(site: Site, sized: Sizes, tell: Tell) -> None:
    """Ten times as many at each of five levels; every record that was stored has led to an execution, or to a cut."""
    limit = sized(150, 10_000)
    served = site.serve(chain_executions=str(limit))
    levels = list(LEVELS)
    for collection, next_one in pairwise(levels):
        site.save(following(collection, spread(next_one)))
    site.save(following(levels[-1]))
    before, began = records(site), time.monotonic()
    served.post("tags:create", {"name": "x"})
    site.settle(sized(120, 3_600))
    took = time.monotonic() - began
    ran, cut = count(site, "executions WHERE status = 'succeeded'"), count(site, "executions WHERE status = 'skipped'")
    stored = records(site) - before
    tell(limit=limit, executions=ran, cut=cut, records=stored, per_second=round(ran / took))

    assert limit <= ran < 2 * limit
    assert stored == ran + cut
    assert cut == count(site, "executions WHERE status = 'skipped' AND error LIKE 'More than%'")
