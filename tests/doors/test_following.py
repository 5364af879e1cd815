"""Workflows of type `collection`: they follow every change of a collection's records, whoever made it."""

from typing import Any

import pytest

from engine.system.models import Execution, Job, Status
from schema.sample.models import Category, Comment, Post, Tag
from tests.doors.conftest import Rows, Save
from tests.doors.door import Door
from tests.until import until

STORE_TAG = {"key": "tag", "type": "create", "config": {"collection": "tags", "values": {"name": "made by a node"}}}
ALL = ["create", "update", "destroy"]
FAIL = {"key": "end", "type": "end", "config": {"status": "failed"}}
SAY = {"key": "say", "type": "response_message", "config": {"message": "{{$context.data.name}} was seen"}}


def follows(*actions: str, **more: Any) -> dict[str, Any]:
    return {"type": "collection", "config": {"actions": list(actions), **more}}


async def followed(key: str) -> list[Execution]:
    """What this workflow was started for, when all that was started has ended."""

    async def ended() -> bool:
        return not await Execution.filter(status__in=(Status.QUEUED, Status.RUNNING, Status.WAITING)).exists()

    await until(ended)
    return await Execution.filter(key=key).order_by("id")


# --- what a door writes


@pytest.mark.parametrize("action", ALL)
async def test_a_door_write_is_followed_and_told(door: Door, save: Save, action: str) -> None:
    tag = await Tag.create(name="old")
    await save("follow", "tags", **follows(action))

    match action:
        case "create":
            answer = await door.create("tags", {"name": "new"})
        case "update":
            answer = await door.update("tags", {"name": "new"}, key=tag.id)
        case _:
            answer = await door.destroy("tags", key=tag.id)

    assert [("follow", None)] == answer.started
    [execution] = await followed("follow")
    assert (action, "root") == (execution.context["action"], execution.context["user"]["username"])
    assert ({"name": "old"} if action == "update" else {}).items() <= (execution.context["previous"] or {}).items()


async def test_other_actions_and_other_collections_are_not_followed(door: Door, save: Save) -> None:
    await save("follow", "tags", **follows("update"))

    assert [] == (await door.create("tags", {"name": "new"})).started
    assert [] == (await door.create("notes", {"text": "new"})).started


async def test_it_comes_behind_those_of_type_action(door: Door, save: Save) -> None:
    await save("a-follows", "tags", **follows("create"))
    await save("z-global", "tags", config={"global": True, "actions": ["create"]})
    await save("z-local", "tags")

    answer = await door.create("tags", {"name": "new"}, triggers=["z-local"])

    assert ["z-local", "z-global", "a-follows"] == [key for key, _ in answer.started]


async def test_condition_and_changed_narrow_it(door: Door, save: Save) -> None:
    await save("follow", "posts", **follows("update", changed=["title"], condition={"status": "published"}))
    draft = await Post.create(title="a", status="draft", author_id=1)
    published = await Post.create(title="a", status="published", author_id=1)

    await door.update("posts", {"title": "b"}, key=draft.id)
    await door.update("posts", {"content": "b"}, key=published.id)
    await door.update("posts", {"title": "b"}, key=published.id)

    assert [str(published.id)] == [each.record_key for each in await followed("follow")]


async def test_every_record_is_an_event(door: Door, save: Save) -> None:
    """Those of a list, and nested ones."""
    await save("follow-tags", "tags", **follows("create"))

    answer = await door.create("tags", [{"name": "a"}, {"name": "b"}])
    nested = await door.create("posts", {"title": "x", "tags": [{"name": "c"}, {"name": "d"}]})

    assert 2 == len(answer.started)
    assert 2 == [key for key, _ in nested.started].count("follow-tags")


async def test_nobody_names_it(door: Door, save: Save, rows: Rows) -> None:
    await save("follow", "tags", **follows("create"))
    before = await rows()

    answer = await door.create("tags", {"name": "new"}, triggers=["follow"])

    assert ["TRIGGER_KIND_MISMATCH"] == answer.codes
    assert before == await rows()


async def test_a_dry_run_tells_what_would_follow(door: Door, save: Save) -> None:
    await save("follow", "tags", **follows("create"))

    answer = await door.create("tags", {"name": "new"}, dry_run=True)

    assert [("follow", "planned")] == [(each["key"], each["status"]) for each in answer.workflows]
    assert not await Execution.exists()


async def test_a_sync_one_is_waited_for(door: Door, save: Save) -> None:
    await save("follow", "tags", sync=True, nodes=[SAY], **follows("create"))

    assert ["new was seen"] == (await door.create("tags", {"name": "new"})).messages


async def test_an_atomic_one_undoes_the_write(door: Door, save: Save, rows: Rows) -> None:
    await save("follow", "tags", sync=True, options={"atomic": True}, nodes=[FAIL], **follows("create"))
    before = await rows()

    answer = await door.create("tags", {"name": "new"})

    assert ["WORKFLOW_REJECTED"] == answer.codes
    assert before == await rows()


# --- links


async def test_a_link_that_changes_a_column_is_a_change(door: Door, save: Save) -> None:
    """Of the record that has the column, on whichever side the link was asked for."""
    await save("follow", "comments", **follows("update"))
    post = await Post.create(title="x", author_id=1)
    comment = await Comment.create(content="x")

    await door.link("add", "posts", post.id, "comments", [comment.id])
    [execution] = await followed("follow")

    assert (["postId"], None, str(comment.id)) == (
        execution.context["changed"],
        execution.context["previous"]["postId"],
        execution.record_key,
    )


async def test_taking_a_record_away_is_a_change_of_it(door: Door, save: Save) -> None:
    await save("follow", "comments", **follows("update"))
    post = await Post.create(title="x", author_id=1)
    comments = [await Comment.create(content="x", post=post) for _ in range(2)]

    await door.update("posts", {"comments": [{"id": comments[0].id}]}, key=post.id)

    [execution] = await followed("follow")
    assert str(comments[1].id) == execution.record_key


async def test_a_link_that_was_there_is_no_change(door: Door, save: Save) -> None:
    await save("follow", "comments", **follows("update"))
    post = await Post.create(title="x", author_id=1)
    comment = await Comment.create(content="x", post=post)

    await door.link("add", "posts", post.id, "comments", [comment.id])

    assert [] == await followed("follow")


async def test_an_undone_link_is_followed_by_nothing(door: Door, save: Save, rows: Rows) -> None:
    options = {"atomic": True}
    await save("follow", "comments", sync=True, options=options, nodes=[FAIL], **follows("update"))
    post, comment = await Post.create(title="x", author_id=1), await Comment.create(content="x")
    before = await rows()

    answer = await door.link("add", "posts", post.id, "comments", [comment.id])

    assert ["WORKFLOW_REJECTED"] == answer.codes
    assert before == await rows()


# --- what a node writes


async def test_what_a_node_writes_is_followed(door: Door, save: Save) -> None:
    """In the name of the one whose write it was, and with the first execution as its cause."""
    await save("first", nodes=[STORE_TAG])
    await save("second", "tags", **follows("create"))

    answer = await door.create("posts", {"title": "x"}, triggers=["first"])
    [second] = await followed("second")
    [first] = await followed("first")

    assert [("first", None)] == [each for each in answer.started if each[0] in ("first", "second")]
    assert (first.id, first.request_id, first.user_id) == (second.cause, second.request_id, second.user_id)
    assert ("create", "made by a node") == (second.context["action"], second.context["data"]["name"])


async def test_what_a_run_by_hand_writes_is_followed(door: Door, save: Save) -> None:
    workflow = await save("first", nodes=[STORE_TAG])
    await save("second", "tags", **follows("create"))

    await door.workflow("execute", key=workflow.id, data={})

    assert 1 == len(await followed("second"))


async def test_what_a_sync_one_writes_is_followed_by_sync_ones(door: Door, save: Save) -> None:
    await save("first", sync=True, nodes=[STORE_TAG])
    await save("second", "tags", sync=True, nodes=[SAY], **follows("create"))

    await door.create("posts", {"title": "x"}, triggers=["first"])
    [second] = await followed("second")

    assert (Status.SUCCEEDED, ["made by a node was seen"]) == (second.status, second.messages)


async def test_an_update_by_a_node_is_one_event_a_record(door: Door, save: Save) -> None:
    for name in ("a", "b"):
        await Category.create(title=name)
    change = {"collection": "categories", "filter": {"id": {"$gt": 0}}, "values": {"title": "new"}}
    await save("first", "tags", nodes=[{"key": "change", "type": "update", "config": change}])
    await save("second", "categories", **follows("update"))

    await door.create("tags", {"name": "x"}, triggers=["first"])

    seen = [(each.context["previous"]["title"], each.context["changed"]) for each in await followed("second")]
    assert await Category.all().count() == len(seen)
    assert [("a", ["title"]), ("b", ["title"])] == seen[-2:]


async def test_a_node_whose_atomic_follower_fails_has_failed(door: Door, save: Save) -> None:
    """What it wrote is undone with it."""
    await save("first", nodes=[STORE_TAG])
    await save("second", "tags", sync=True, options={"atomic": True}, nodes=[FAIL], **follows("create"))

    await door.create("posts", {"title": "x"}, triggers=["first"])
    [first] = await followed("first")

    assert Status.ERROR is first.status
    assert not await Tag.filter(name="made by a node").exists()
    assert [] == await followed("second")
    [job] = await Job.filter(execution_id=first.id)
    assert "second" in (job.error or "")


async def test_followers_of_an_atomic_one_have_it_as_their_cause(door: Door, save: Save) -> None:
    """Though it has no number yet when they are inserted."""
    await save("first", sync=True, options={"atomic": True}, nodes=[STORE_TAG])
    await save("second", "tags", **follows("create"))

    await door.create("posts", {"title": "x"}, triggers=["first"])
    [first], [second] = await followed("first"), await followed("second")

    assert first.id == second.cause


async def test_action_workflows_do_not_follow_nodes(door: Door, save: Save) -> None:
    await save("first", nodes=[STORE_TAG])
    await save("second", "tags", config={"global": True, "actions": ALL})

    await door.create("posts", {"title": "x"}, triggers=["first"])

    assert [] == await followed("second")


async def test_the_request_tells_what_followed(door: Door, save: Save, client: Any) -> None:
    await save("first", "notes", nodes=[STORE_TAG])
    await save("second", "tags", **follows("create"))
    headers = {**door.headers(None), "X-Request-Id": "followed-request"}
    await client.post("/api/notes:create?triggerWorkflows=first", json={"text": "x"}, headers=headers)
    await followed("second")

    told = (await client.get("/api/requests:get/followed-request", headers=headers)).json()["data"]

    [first] = told["executions"]
    assert ("first", ["second"]) == (first["key"], [each["key"] for each in first["executions"]])


# --- saving


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"collection": "tags"}, "actions"),
        ({"collection": "tags", "actions": ["crate"]}, "actions"),
        ({"collection": "tagz", "actions": ["create"]}, "collection"),
        ({"collection": "executions", "actions": ["create"]}, "collection"),
        ({"collection": "tags", "actions": ["create"], "global": True}, "global"),
        ({"collection": "tags", "actions": ["update"], "changed": ["nam"]}, "changed"),
        ({"collection": "tags", "actions": ["create"], "condition": {"nam": 1}}, "condition"),
    ],
)
async def test_a_config_that_is_wrong_is_refused(door: Door, rows: Rows, config: dict[str, Any], place: str) -> None:
    before = await rows()

    answer = await door.workflow("create", values={"title": "T", "type": "collection", "config": config})

    assert {"WORKFLOW_INVALID"} == set(answer.codes)
    assert [["config", place]] == [error["path"][:2] for error in answer.errors]
    assert before == await rows()
