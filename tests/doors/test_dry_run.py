"""A dry run: everything is done, told, and undone, by the same flag through both doors."""

import pytest

from engine.system.models import Execution
from schema.sample.models import Post
from tests.doors.conftest import Rows, Save
from tests.doors.door import Answer, Door

NOTE = {
    "key": "note",
    "type": "create",
    "config": {"collection": "notes", "values": {"text": "{{$context.data.title}}"}},
}
SAY = {"key": "say", "type": "response_message", "config": {"message": "Saw {{$context.data.title}}"}}
FAIL = {"key": "fail", "type": "end", "config": {"status": "failed"}}


async def create(door: Door) -> Answer:
    values = {"title": "Hello", "category": {"title": "New"}}
    return await door.create("posts", values, triggers=["post-created"], dry_run=True)


async def create_many(door: Door) -> Answer:
    return await door.create("posts", [{"title": "a"}, {"title": "b"}], dry_run=True)


async def update(door: Door) -> Answer:
    return await door.update("posts", {"title": "New", "tags": []}, key=1, triggers=["post-created"], dry_run=True)


async def update_many(door: Door) -> Answer:
    return await door.update("posts", {"title": "New"}, filter={"id": {"$gt": 0}}, dry_run=True)


async def destroy(door: Door) -> Answer:
    return await door.destroy("posts", key=2, triggers=["post-created"], dry_run=True)


async def first_or_create(door: Door) -> Answer:
    return await door.find_or_create("firstOrCreate", "posts", {"title": "New"}, ["title"], dry_run=True)


async def update_or_create(door: Door) -> Answer:
    values = {"title": "A post without a category", "status": "old"}
    return await door.find_or_create("updateOrCreate", "posts", values, ["title"], dry_run=True)


@pytest.mark.parametrize(
    "write", [create, create_many, update, update_many, destroy, first_or_create, update_or_create]
)
async def test_nothing_is_stored_and_everything_is_told(door: Door, rows: Rows, write) -> None:
    before = await rows()

    answer = await write(door)

    assert (200, []) == (answer.status, answer.errors)
    assert answer.data
    assert {("planned", None)} == {(each["status"], each["executionId"]) for each in answer.workflows}
    assert before == await rows()


async def test_the_record_is_told_as_it_would_be_stored(door: Door) -> None:
    answer = await create(door)

    assert ("Hello", "draft") == (answer.data["title"], answer.data["status"])
    assert [("post-created", None), ("post-audit", None)] == answer.started


async def test_what_would_be_skipped_is_told_as_well(door: Door) -> None:
    answer = await door.create("posts", {"title": "x"}, triggers=["category-created!category"], dry_run=True)

    assert [("category-created", "category", "NULL_TARGET")] == [tuple(each.values()) for each in answer.skipped]


async def test_what_is_refused_is_refused_all_the_same(door: Door, rows: Rows) -> None:
    before = await rows()

    answer = await door.create("posts", {"category": {"id": 1}}, triggers=["nothing"], dry_run=True)

    assert ["REQUIRED", "TRIGGER_UNKNOWN", "UNIQUE_VIOLATION"] == answer.codes
    assert before == await rows()


async def test_a_sync_workflow_does_not_run(door: Door, save: Save, rows: Rows) -> None:
    await save("tested", sync=True, nodes=[NOTE, SAY])
    before = await rows()

    answer = await door.create("posts", {"title": "Hello"}, triggers=["tested"], dry_run=True)

    assert ("planned", []) == (answer.workflows[0]["status"], answer.messages)
    assert before == await rows()


async def test_an_atomic_workflow_runs_and_is_undone(door: Door, save: Save, rows: Rows) -> None:
    await save("guard", sync=True, options={"atomic": True}, nodes=[NOTE, SAY])
    before = await rows()

    answer = await door.create("posts", {"title": "Hello"}, triggers=["guard"], dry_run=True)

    assert ("planned", ["Saw Hello"]) == (answer.workflows[0]["status"], answer.messages)
    assert before == await rows()


async def test_an_atomic_workflow_rejects_a_dry_run_as_it_would_the_write(door: Door, save: Save, rows: Rows) -> None:
    await save("guard", sync=True, options={"atomic": True}, nodes=[NOTE, FAIL])
    before = await rows()

    answer = await door.create("posts", {"title": "Hello"}, triggers=["guard"], dry_run=True)

    assert ["WORKFLOW_REJECTED"] == answer.codes
    assert before == await rows()


async def test_a_write_after_a_dry_run_is_a_write(door: Door) -> None:
    await create(door)

    await door.create("posts", {"title": "Hello"})

    assert 1 == await Post.filter(title="Hello").count()
    assert ["post-audit"] == [each.key for each in await Execution.all()]


async def test_links_are_tried_too(door: Door, rows: Rows) -> None:
    before = await rows()

    answer = await door.link("set", "posts", 1, "tags", [2], dry_run=True)

    assert ["2"] == answer.data
    assert before == await rows()
