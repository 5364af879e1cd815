"""firstOrCreate and updateOrCreate: a record is looked up by its values, and written or not."""

from typing import Any

import pytest

from schema.sample.models import Category, Post, Tag
from tests.doors.conftest import Rows, Save, give_role
from tests.doors.door import Door

KINDS = ["firstOrCreate", "updateOrCreate"]
FOUND = "A post without a category"


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_not_there_is_created_and_fires(door: Door, kind: str) -> None:
    answer = await door.find_or_create(kind, "posts", {"title": "New"}, ["title"], triggers=["post-created"])

    assert ("New", "draft") == (answer.data["title"], answer.data["status"])
    assert [("post-created", None), ("post-audit", None)] == answer.started
    assert 3 == await Post.all().count()


async def test_the_first_that_is_there_stays_and_fires_nothing(door: Door, rows: Rows) -> None:
    before = await rows()
    values = {"title": FOUND, "status": "old"}

    answer = await door.find_or_create("firstOrCreate", "posts", values, ["title"], triggers=["post-created"])

    assert ("2", "draft") == (str(answer.data["id"]), answer.data["status"])
    assert ([], ["NOT_CHANGED"]) == (answer.started, [each["reason"] for each in answer.skipped])
    assert before == await rows()


async def test_what_is_there_is_updated_and_fires(door: Door) -> None:
    values = {"title": FOUND, "status": "old"}

    answer = await door.find_or_create("updateOrCreate", "posts", values, ["title"])

    assert ("2", "old") == (str(answer.data["id"]), answer.data["status"])
    assert [("post-audit", None)] == answer.started
    assert 2 == await Post.all().count()


@pytest.mark.parametrize("kind", KINDS)
async def test_several_keys_must_all_agree(door: Door, kind: str) -> None:
    await door.find_or_create(kind, "posts", {"title": FOUND, "status": "published"}, ["title", "status"])

    assert 3 == await Post.all().count()


async def test_null_and_the_key_of_another_record_are_looked_up(door: Door) -> None:
    values = {"categoryId": None, "title": "New"}
    by_null = await door.find_or_create("updateOrCreate", "posts", values, ["categoryId"])
    by_key = await door.find_or_create("updateOrCreate", "posts", {"categoryId": 1, "title": "Old"}, ["categoryId"])

    assert ("2", "1") == (str(by_null.data["id"]), str(by_key.data["id"]))
    assert ["Old", "New"] == [post.title for post in await Post.all().order_by("id")]


async def test_nested_records_are_stored_with_a_new_one_alone(door: Door) -> None:
    values = {"title": "New", "category": {"title": "Mine"}}
    await door.find_or_create("firstOrCreate", "posts", values, ["title"])
    await door.find_or_create("firstOrCreate", "posts", values, ["title"])

    assert 1 == await Category.filter(title="Mine").count()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("values", "keys", "expected"),
    [
        ({"title": "New"}, [], [("REQUIRED", ["filterKeys"])]),
        ({"title": "New"}, ["titel"], [("UNKNOWN_FIELD", ["filterKeys", 0])]),
        ({"title": "New"}, ["title", "category"], [("UNKNOWN_FIELD", ["filterKeys", 1])]),
        ({"title": "New"}, ["status"], [("REQUIRED", ["filterKeys", 0])]),
        ({"title": "x" * 256}, ["title"], [("BAD_VALUE", ["title"])]),
        ({"status": "x"}, ["status", "titel"], [("UNKNOWN_FIELD", ["filterKeys", 1]), ("REQUIRED", ["title"])]),
    ],
)
async def test_everything_wrong_is_told_and_nothing_written(
    door: Door, rows: Rows, kind: str, values: dict[str, Any], keys: list[str], expected: list[Any]
) -> None:
    before = await rows()

    answer = await door.find_or_create(kind, "posts", values, keys)

    assert expected == [(error["code"], error["path"]) for error in answer.errors]
    assert before == await rows()


async def test_a_trigger_that_is_wrong_is_told_though_nothing_would_be_written(door: Door) -> None:
    answer = await door.find_or_create("firstOrCreate", "posts", {"title": FOUND}, ["title"], triggers=["nothing"])

    assert ["TRIGGER_UNKNOWN"] == answer.codes


@pytest.mark.parametrize(
    ("kind", "grants"),
    [
        ("firstOrCreate", {"create": {}, "update": {}}),
        ("firstOrCreate", {"read": {}, "update": {}}),
        ("updateOrCreate", {"read": {}, "create": {}}),
        ("updateOrCreate", {"read": {}, "update": {}}),
    ],
)
async def test_both_of_its_halves_must_be_granted(door: Door, rows: Rows, kind: str, grants: dict[str, Any]) -> None:
    await give_role("half", {"tags": grants})
    before = await rows()

    answer = await door.find_or_create(kind, "tags", {"name": "news"}, ["name"], role="half")

    assert ["NO_PERMISSION"] == answer.codes
    assert before == await rows()


async def test_an_update_without_a_change_follows_what_changed(door: Door, save: Save) -> None:
    await save("renamed", "tags", config={"changed": ["name"]})

    answer = await door.find_or_create("updateOrCreate", "tags", {"name": "news"}, ["name"], triggers=["renamed"])

    assert ["NOT_CHANGED"] == [each["reason"] for each in answer.skipped]
    assert 2 == await Tag.all().count()
