"""How many records a request may create, and how many a user may write a minute (attack I13)."""

from typing import Any

import pytest

from tests.doors.conftest import give_role


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"bulk_limit": 4, "user_rows": 5}


def posts(count):
    return [{"title": f"number {number}"} for number in range(count)]


def tags(count):
    return [{"name": f"number {number}"} for number in range(count)]


async def test_more_records_than_a_request_may_create_are_refused_before_any_is_looked_at(door, save, rows):
    """Neither rows nor executions appear, though a workflow follows each."""
    await save("each", config={"global": True, "actions": ["create"]})
    before = await rows()
    answer = await door.create("posts", posts(5), triggers=["post-created"])

    assert (413 if door.__class__.__name__ == "RestDoor" else 200) == answer.status
    assert ["BODY_TOO_LARGE"] == answer.codes
    assert {"limit": 4} == answer.errors[0]["details"]
    assert before == await rows()


async def test_who_may_not_create_is_told_that_first(door):
    await give_role("reader", {"posts": {"read": {}}})
    answer = await door.create("posts", posts(5), role="reader")

    assert ["NO_PERMISSION"] == answer.codes


async def test_a_user_who_writes_too_much_is_told_when_to_go_on(door, rows):
    assert [] == (await door.create("tags", tags(4))).errors
    before = await rows()
    answer = await door.create("tags", tags(2))

    assert ["RATE_LIMITED"] == answer.codes
    assert answer.errors[0]["details"]["retryAfter"] >= 1
    assert before == await rows()
    assert [] == (await door.create("tags", tags(1))).errors, "what was refused is not counted"


async def test_nested_records_count(door, rows):
    before = await rows()
    answer = await door.create("posts", {"title": "one", "comments": [{"content": str(each)} for each in range(5)]})

    assert ["RATE_LIMITED"] == answer.codes
    assert before == await rows()


async def test_what_a_filter_finds_counts(door, rows):
    assert [] == (await door.create("tags", tags(3))).errors
    before = await rows()
    changed = await door.update("tags", {"name": "other"}, filter={"name": {"$startsWith": "number"}})
    ended = await door.destroy("tags", filter={"name": {"$startsWith": "number"}})

    assert (["RATE_LIMITED"], ["RATE_LIMITED"]) == (changed.codes, ended.codes)
    assert before == await rows()


async def test_what_is_only_tried_counts_as_well(door):
    """It costs the same."""
    for _ in range(5):
        assert [] == (await door.create("posts", {"title": "tried"}, dry_run=True)).errors

    assert ["RATE_LIMITED"] == (await door.create("posts", {"title": "tried"}, dry_run=True)).codes
