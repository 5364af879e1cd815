"""Which collections a workflow reaches, by its document."""

from typing import Any

import pytest

from engine.data.collections import Collections
from engine.workflow.touched import touched


def document(*nodes: dict[str, Any], **config: Any) -> dict[str, Any]:
    return {"type": "action", "config": {"collection": "posts", **config}, "nodes": list(nodes)}


def node(kind: str, collection: str, **config: Any) -> dict[str, Any]:
    return {"key": kind, "type": kind, "config": {"collection": collection, **config}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (document(), set()),
        (document(appends=["author", "category.banner"]), {"users", "categories", "banners"}),
        (document(condition={"$or": [{"category": {"banner.url": "x"}}]}), {"categories", "banners"}),
        (document(node("query", "notes")), {"notes"}),
        (document(node("query", "tags", filter={"posts.comments": {"id": 1}})), {"tags", "comments"}),
        (document(node("query", "tags", appends=["posts.comments"])), {"tags", "comments"}),
        (
            document(node("create", "comments", values={"post": {"category": {"title": "x"}}})),
            {"comments", "categories"},
        ),
        (document({"key": "a", "type": "b", "branches": {"then": [node("update", "notes")]}}), {"notes"}),
        (document({"key": "a", "type": "b", "config": {"message": "Hello {{ $user.username }}"}}), {"users"}),
        (document({"key": "a", "type": "b", "config": {"message": "{{$context}}"}}), {"users"}),
        (document({"key": "a", "type": "b", "config": {"message": "{{$context.data.title}}"}}), set()),
        (document(node("create", "notes", values={"collection": "tags", "text": "x"})), {"notes", "tags"}),
    ],
)
def test_what_is_named_and_what_relations_lead_to_is_reached(collections: Collections, given, expected):
    assert {"posts", *expected} == touched(given, collections)


def test_one_that_follows_executions_reaches_whatever_they_were(collections: Collections):
    given = {"type": "execution", "config": {}, "nodes": []}

    assert set(collections) == touched(given, collections)
