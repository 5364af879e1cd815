"""Records inside others: created, linked, changed where the caller asks for it, and all or nothing."""

from typing import Any

import pytest

from engine.system.models import Execution
from schema.sample.models import Banner, Category, Comment, Post, Tag
from tests.doors.conftest import Rows, Save, give_role
from tests.doors.door import Door

# --- what is linked stays as it is


@pytest.mark.parametrize(
    ("collection", "values", "untouched"),
    [
        ("posts", {"title": "x", "tags": [{"id": 1, "name": "new"}]}, lambda: Tag.get(id=1, name="news")),
        ("posts", {"title": "x", "category": {"id": 2, "title": "new"}}, lambda: Category.get(id=2, title="Free")),
        ("posts", {"title": "x", "comments": [{"id": 1, "content": "new"}]}, lambda: Comment.get(id=1, post_id=3)),
        ("categories", {"title": "x", "post": {"id": 2, "title": "new"}}, lambda: Post.get(id=2, category_id=3)),
    ],
    ids=["many-to-many", "one-to-one", "one-to-many", "one-to-one from the other side"],
)
async def test_an_object_with_a_key_links_and_changes_nothing(
    door: Door, collection: str, values: dict[str, Any], untouched: Any
) -> None:
    await Category.create(title="Free")

    answer = await door.create(collection, values)

    assert 200 == answer.status, answer.errors
    assert "new" not in {getattr(await untouched(), name, None) for name in ("name", "title", "content")}


@pytest.mark.parametrize(
    ("collection", "values", "association", "found"),
    [
        ("posts", {"tags": [{"id": 1, "name": "new"}]}, "tags", lambda: Tag.get(id=1, name="new", posts__id=2)),
        ("posts", {"category": {"id": 2, "title": "new"}}, "category", lambda: Category.get(id=2, title="new")),
        (
            "posts",
            {"comments": [{"id": 1, "content": "new"}]},
            "comments",
            lambda: Comment.get(content="new", post_id=2),
        ),
        ("categories", {"post": {"id": 2, "title": "new"}}, "post", lambda: Post.get(title="new", category_id=2)),
    ],
    ids=["many-to-many", "one-to-one", "one-to-many", "one-to-one from the other side"],
)
async def test_what_is_named_is_changed_too(
    door: Door, collection: str, values: dict[str, Any], association: str, found: Any
) -> None:
    await Category.create(title="Free")

    answer = await door.update(collection, values, key=2, associations=[association])

    assert 200 == answer.status, answer.errors
    assert await found()


async def test_what_is_named_deeper_is_changed_there_alone(door: Door) -> None:
    values = {"category": {"id": 1, "title": "new", "banner": {"id": 1, "url": "/new"}}}

    await door.update("posts", values, key=1, associations=["category"])
    shallow = await Banner.get(id=1)
    await door.update("posts", values, key=1, associations=["category", "category.banner"])

    assert ("/banners/bang.png", "/new") == (shallow.url, (await Banner.get(id=1)).url)
    assert "new" == (await Category.get(id=1)).title


async def test_a_nested_update_fires_its_global_workflows_once(door: Door, save: Save) -> None:
    await save("all-tags", "tags", config={"global": True, "actions": ["create", "update"]})
    values = {"title": "x", "tags": [{"id": 1, "name": "new"}, {"name": "made"}, {"id": 2}]}

    answer = await door.create("posts", values, associations=["tags"])

    assert [("all-tags", None), ("all-tags", None), ("post-audit", None)] == answer.started
    told = [each.context for each in await Execution.filter(key="all-tags").order_by("id")]
    assert [("update", ["name"], "news"), ("create", [], None)] == [
        (context["action"], context["changed"], context["previous"] and context["previous"]["name"]) for context in told
    ]


async def test_a_nested_update_needs_the_grant(door: Door, rows: Rows) -> None:
    await give_role("writer", {"posts": {"read": {}, "create": {}}, "tags": {"read": {}, "create": {}}})
    values = {"title": "x", "tags": [{"id": 1, "name": "new"}]}
    before = await rows()

    refused = await door.create("posts", values, associations=["tags"], role="writer")
    after = await rows()
    linked = await door.create("posts", values, role="writer")

    assert (["NO_PERMISSION"], 200) == (refused.codes, linked.status)
    assert before == after


async def test_linking_needs_no_grant_to_create(door: Door) -> None:
    await give_role("writer", {"posts": {"create": {}}, "tags": {"read": {}}})

    answer = await door.create("posts", {"title": "x", "tags": [{"id": 1, "name": "news"}]}, role="writer")

    assert 200 == answer.status, answer.errors


# --- what is refused


@pytest.mark.parametrize(
    ("values", "associations", "expected"),
    [
        ({"tags": [{"id": 99, "name": "x"}]}, [], [("BAD_VALUE", ["tags", 0, "id"])]),
        ({"tags": [{"id": 99, "name": "x"}]}, ["tags"], [("BAD_VALUE", ["tags", 0, "id"])]),
        ({"tags": [{"id": 1, "name": None}]}, ["tags"], [("REQUIRED", ["tags", 0, "name"])]),
        ({"title": "x"}, ["tagz"], [("UNKNOWN_FIELD", ["updateAssociationValues", 0])]),
        ({"title": "x"}, ["tags", "tags.name"], [("UNKNOWN_FIELD", ["updateAssociationValues", 1])]),
        ({"category": {"id": 1}}, [], [("UNIQUE_VIOLATION", ["category", "id"])]),
        (
            {"title": None, "category": {"id": 1}},
            [],
            [("REQUIRED", ["title"]), ("UNIQUE_VIOLATION", ["category", "id"])],
        ),
        (
            {"category": {"id": 99}, "author": {"id": 98}, "tags": [{"id": 97}]},
            [],
            [
                ("BAD_VALUE", ["category", "id"]),
                ("BAD_VALUE", ["author", "id"]),
                ("BAD_VALUE", ["tags", 0, "id"]),
            ],
        ),
    ],
)
async def test_everything_wrong_is_told_with_its_place(
    door: Door, rows: Rows, values: dict[str, Any], associations: list[str], expected: list[Any]
) -> None:
    before = await rows()

    answer = await door.update("posts", values, key=2, associations=associations)

    assert sorted(expected) == sorted((error["code"], error["path"]) for error in answer.errors)
    assert before == await rows()


async def test_a_failure_when_much_is_written_undoes_everything(door: Door, rows: Rows) -> None:
    """That the second one takes what the first one linked is found out when it is written."""
    before = await rows()
    values = [{"title": "a", "banner": {"url": "/a"}, "post": {"id": 2}}, {"title": "b", "post": {"id": 2}}]

    answer = await door.create("categories", values)

    assert [("UNIQUE_VIOLATION", [1, "post", "id"])] == [(error["code"], error["path"]) for error in answer.errors]
    assert before == await rows()


async def test_what_one_request_stores_twice_is_refused_by_name(door: Door, rows: Rows) -> None:
    await Category.create(title="Free")
    before = await rows()

    answer = await door.create("posts", [{"title": "a", "categoryId": 2}, {"title": "b", "categoryId": 2}])

    assert [("UNIQUE_VIOLATION", [1, "categoryId"])] == [(error["code"], error["path"]) for error in answer.errors]
    assert before == await rows()


async def test_a_record_keeps_its_key(door: Door, client: Any, token: str, rows: Rows) -> None:
    before = await rows()

    response = await client.post("/api/posts:update/1", json={"id": 7}, headers={"Authorization": f"Bearer {token}"})

    assert "FIELD_NOT_WRITABLE" == response.json()["errors"][0]["code"]
    assert before == await rows()
