"""Saving, revising, enabling and running workflows, and what a write tells of them, through both doors."""

import asyncio
from itertools import count
from typing import Any

import pytest

from engine.system.models import Execution, Job, Status, Workflow
from schema.sample.models import Note, Post
from tests.doors.conftest import Rows, Save
from tests.doors.door import Door

NOTE = {
    "key": "note",
    "type": "create",
    "config": {"collection": "notes", "values": {"text": "{{$context.data.title}}"}},
}
SAY = {"key": "say", "type": "response_message", "config": {"message": "Saw {{$context.data.title}}"}}
FAIL = {"key": "end", "type": "end", "config": {"status": "failed"}}
BREAK = {"key": "cond", "type": "condition", "config": {"expression": "size(context.data.content) > 1"}}


def document(**members: Any) -> dict[str, Any]:
    return {"title": "Tested", "type": "action", "config": {"collection": "posts"}, **members}


# --- saving


async def test_a_workflow_is_saved_with_its_defaults(door: Door) -> None:
    answer = await door.workflow("create", values=document(key="tested"))

    saved = {
        "key": "tested",
        "version": 1,
        "sync": False,
        "enabled": False,
        "current": True,
        "nodes": [],
        "executed": 0,
    }
    assert saved.items() <= answer.data.items()


async def test_a_key_is_made_where_none_is_given(door: Door) -> None:
    answer = await door.workflow("create", values=document())

    assert answer.data["key"]


async def test_a_taken_key_is_refused(door: Door, rows: Rows) -> None:
    before = await rows()

    answer = await door.workflow("create", values=document(key="post-created"))

    assert ["WORKFLOW_KEY_TAKEN"] == answer.codes
    assert before == await rows()


async def test_everything_wrong_with_a_document_is_told_together(door: Door, rows: Rows) -> None:
    before = await rows()
    nodes = [{"key": "a", "type": "create", "config": {"collection": "notez"}}, {"key": "a", "type": "end"}]

    answer = await door.workflow("create", values=document(config={"collection": "posst"}, nodes=nodes))

    assert {"WORKFLOW_INVALID"} == set(answer.codes)
    places = [error["path"] for error in answer.errors]
    assert ["config", "collection"] in places
    assert ["nodes", 0, "config", "collection"] in places
    assert ["nodes", 1, "key"] in places
    assert before == await rows()


async def test_a_member_may_not_save_workflows(door: Door, rows: Rows) -> None:
    before = await rows()

    answer = await door.workflow("create", values=document(), role="member")

    assert ["NO_PERMISSION"] == answer.codes
    assert before == await rows()


async def test_key_type_and_sync_never_change(door: Door, save: Save, rows: Rows) -> None:
    row = await save("tested")
    before = await rows()

    answer = await door.workflow("update", key=row.id, values={"key": "other", "sync": True, "type": "action"})

    # GraphQL's input does not have them.
    assert {*answer.codes} in ({"FIELD_NOT_WRITABLE"}, {"GRAPHQL_INVALID"})
    assert before == await rows()


# --- versions


async def test_a_version_that_has_run_is_frozen(door: Door, save: Save, rows: Rows) -> None:
    row = await save("tested")
    await door.create("posts", {"title": "Hello"}, triggers=["tested"])
    before = await rows()

    answer = await door.workflow("update", key=row.id, values={"nodes": [NOTE]})

    assert ["WORKFLOW_FROZEN"] == answer.codes
    assert before["workflows"] == (await rows())["workflows"]


async def test_the_title_of_a_frozen_version_may_change(door: Door, save: Save) -> None:
    row = await save("tested")
    await door.create("posts", {"title": "Hello"}, triggers=["tested"])

    answer = await door.workflow("update", key=row.id, values={"title": "Another", "nodes": []})

    assert "Another" == answer.data["title"]


async def test_a_revision_is_a_disabled_copy(door: Door, save: Save) -> None:
    row = await save("tested", nodes=[NOTE])

    answer = await door.workflow("revise", key=row.id)

    copied = {"key": "tested", "version": 2, "enabled": False, "current": False, "nodes": [NOTE]}
    assert copied.items() <= answer.data.items()


async def test_enabling_a_version_disables_its_sisters(door: Door, save: Save) -> None:
    first = await save("tested")
    second = (await door.workflow("revise", key=first.id)).data

    await door.workflow("update", key=second["id"], values={"enabled": True})

    assert [2] == [row.version for row in await Workflow.filter(key="tested", enabled=True)]
    assert [2] == [row.version for row in await Workflow.filter(key="tested", current=True)]


async def test_an_enabled_version_is_run_at_once_and_a_disabled_one_no_more(door: Door, save: Save) -> None:
    row = await save("tested", enabled=False)
    triggers = ["tested"]
    refused = await door.create("posts", {"title": "Hello"}, triggers=triggers)
    await door.workflow("update", key=row.id, values={"enabled": True})
    fired = await door.create("posts", {"title": "Hello"}, triggers=triggers)
    await door.workflow("update", key=row.id, values={"enabled": False})

    refused_again = await door.create("posts", {"title": "Hello"}, triggers=triggers)

    assert ["TRIGGER_DISABLED"] == refused.codes == refused_again.codes
    assert ("tested", None) in fired.started


async def test_an_ended_version_leaves_its_executions(door: Door, save: Save) -> None:
    row = await save("tested")
    await door.create("posts", {"title": "Hello"}, triggers=["tested"])

    answer = await door.workflow("destroy", key=row.id)

    assert 1 == answer.data
    assert 1 == await Execution.filter(key="tested").count()


async def test_a_whole_key_ends_with_its_history(door: Door, save: Save) -> None:
    row = await save("tested")
    await door.workflow("revise", key=row.id)
    await door.create("posts", {"title": "Hello"}, triggers=["tested"])

    answer = await door.workflow("destroy", key=row.id, all=True)

    assert 2 == answer.data
    assert 0 == await Execution.filter(key="tested").count()


# --- by hand


async def test_a_disabled_workflow_is_run_by_hand_on_a_record(door: Door, save: Save) -> None:
    row = await save("tested", enabled=False, sync=True, nodes=[NOTE])

    answer = await door.workflow("execute", key=row.id, data=1)

    assert ("succeeded", True, "1") == (answer.data["status"], answer.data["manual"], answer.data["recordKey"])
    assert ["A write that fires a workflow"] == [note.text for note in await Note.all()]


async def test_a_workflow_is_run_by_hand_on_an_object(door: Door, save: Save) -> None:
    row = await save("tested", sync=True, nodes=[NOTE])

    await door.workflow("execute", key=row.id, data={"title": "Made up"})

    assert ["Made up"] == [note.text for note in await Note.all()]


@pytest.mark.parametrize(
    ("data", "code"), [(99, "NOT_FOUND"), ("abc", "BAD_KEY"), ([], "BAD_VALUE"), (None, "BAD_VALUE")]
)
async def test_what_cannot_be_handed_over_is_refused(door: Door, save: Save, rows: Rows, data: Any, code: str) -> None:
    row = await save("tested")
    before = await rows()

    answer = await door.workflow("execute", key=row.id, data=data)

    assert [code] == answer.codes
    assert before == await rows()


# --- sync


async def test_a_sync_workflow_ends_before_the_answer(door: Door, save: Save) -> None:
    await save("tested", sync=True, nodes=[NOTE, SAY])

    answer = await door.create("posts", {"title": "Hello"}, triggers=["tested"])

    [told, _] = answer.workflows
    assert (True, "succeeded", [{"message": "Saw Hello"}]) == (told["sync"], told["status"], told["messages"])
    assert ["Saw Hello"] == answer.messages
    assert await Note.exists(text="Hello")


async def test_sync_workflows_see_what_those_before_them_did(door: Door, save: Save) -> None:
    await save("b-first", sync=True, nodes=[NOTE])
    seen = {"key": "seen", "type": "query", "config": {"collection": "notes", "filter": {"text": "Hello"}}}
    found = {"key": "found", "type": "condition", "config": {"expression": "jobs.seen != null", "required": True}}
    await save("a-second", sync=True, nodes=[seen, found])

    answer = await door.create("posts", {"title": "Hello"}, triggers=["b-first", "a-second"])

    assert ["succeeded", "succeeded"] == [each["status"] for each in answer.workflows[:2]]


@pytest.mark.parametrize(("node", "status"), [(FAIL, "failed"), (BREAK, "error")], ids=["it decided so", "it broke"])
async def test_a_failed_sync_workflow_does_not_undo_the_record(
    door: Door, save: Save, node: dict[str, Any], status: str
) -> None:
    await save("tested", sync=True, nodes=[SAY, node])

    answer = await door.create("posts", {"title": "Hello"}, triggers=["tested"])

    assert (200, status) == (answer.status, answer.workflows[0]["status"])
    assert await Post.exists(title="Hello")


async def test_what_a_node_did_is_in_its_job(door: Door, save: Save) -> None:
    await save("tested", sync=True, nodes=[NOTE, BREAK])

    await door.create("posts", {"title": "Hello"}, triggers=["tested"])

    note, broken = await Job.filter(execution__key="tested").order_by("id")
    assert (Status.SUCCEEDED, "Hello") == (note.status, note.result["text"])
    assert (Status.ERROR, True) == (broken.status, bool(broken.error))


# --- atomic


@pytest.mark.parametrize("node", [FAIL, BREAK], ids=["it decided so", "it broke"])
async def test_an_atomic_workflow_that_does_not_succeed_undoes_everything(
    door: Door, save: Save, rows: Rows, node: dict[str, Any]
) -> None:
    await save("guard", sync=True, options={"atomic": True}, nodes=[NOTE, SAY, node])
    before = await rows()

    answer = await door.create("posts", {"title": "Hello", "category": {"title": "New"}}, triggers=["guard"])

    [error] = answer.errors
    assert ("WORKFLOW_REJECTED", node["key"]) == (error["code"], error["details"]["node"])
    assert ["Saw Hello"] == error["details"]["messages"]
    assert before == await rows()


async def test_an_atomic_workflow_commits_with_the_write(door: Door, save: Save) -> None:
    stamp = {
        "key": "stamp",
        "type": "update",
        "config": {"collection": "posts", "filter": {"id": "{{$context.data.id}}"}, "values": {"status": "checked"}},
    }
    await save("guard", sync=True, options={"atomic": True}, nodes=[stamp])

    answer = await door.create("posts", {"title": "Hello"}, triggers=["guard"])

    assert ("succeeded", "checked") == (answer.workflows[0]["status"], answer.data["status"])


async def test_rest_answers_a_rejection_with_422(client: Any, token: str, save: Save) -> None:
    await save("guard", sync=True, options={"atomic": True}, nodes=[FAIL])

    response = await client.post(
        "/api/posts:create?triggerWorkflows=guard", json={"title": "x"}, headers={"Authorization": f"Bearer {token}"}
    )

    assert 422 == response.status_code


# --- when it runs


async def test_a_condition_decides_on_the_server(door: Door, save: Save) -> None:
    await save("long-titles", config={"condition": {"title": {"$includes": "long"}}})

    short = await door.create("posts", {"title": "x"}, triggers=["long-titles"])
    long = await door.create("posts", {"title": "a long one"}, triggers=["long-titles"])

    assert [{"key": "long-titles", "association": None, "reason": "CONDITION_NOT_MET"}] == short.skipped
    assert ("long-titles", None) in long.started


async def test_a_global_workflow_that_does_not_match_is_not_mentioned(door: Door, save: Save) -> None:
    await save("never", config={"global": True, "actions": ["create"], "condition": {"title": "never"}})

    answer = await door.create("posts", {"title": "x"})

    assert ([("post-audit", None)], []) == (answer.started, answer.skipped)


@pytest.mark.parametrize(
    ("values", "started"),
    [({"status": "old"}, True), ({"status": "published"}, False), ({"title": "New"}, False)],
    ids=["another value", "the same value", "another field"],
)
async def test_changed_looks_at_what_really_changed(
    door: Door, save: Save, values: dict[str, Any], started: bool
) -> None:
    await save("status-changed", config={"changed": ["status"]})

    answer = await door.update("posts", values, key=1, triggers=["status-changed"])

    assert started is (("status-changed", None) in answer.started)
    assert started is not (["NOT_CHANGED"] == [each["reason"] for each in answer.skipped])


async def test_a_global_workflow_follows_the_actions_it_lists(door: Door, save: Save) -> None:
    await save("tag-ends", "tags", config={"global": True, "actions": ["destroy"]})

    created = await door.create("tags", {"name": "x"})
    destroyed = await door.destroy("tags", key=created.data["id"])

    assert ([], [("tag-ends", None)]) == (created.started, destroyed.started)


async def test_nested_records_fire_their_own_collections_global_workflows(door: Door, save: Save) -> None:
    await save("all-categories", "categories", config={"global": True, "actions": ["create"]})

    answer = await door.create("posts", {"title": "Hello", "category": {"title": "New"}})

    assert [("all-categories", None), ("post-audit", None)] == answer.started


async def test_linking_fires_no_global_workflow(door: Door, save: Save) -> None:
    await save("all-tags", "tags", config={"global": True, "actions": ["create", "update"]})

    answer = await door.create("posts", {"title": "Hello", "tags": [{"id": 1}]})

    assert [("post-audit", None)] == answer.started


async def test_what_a_node_writes_fires_no_action_workflow(door: Door, save: Save) -> None:
    await save("all-notes", "notes", config={"global": True, "actions": ["create"]})
    await save("tested", sync=True, nodes=[NOTE])

    await door.create("posts", {"title": "Hello"}, triggers=["tested"])

    assert 0 == await Execution.filter(key="all-notes").count()


async def test_an_atomic_workflow_has_its_time_and_lets_others_go_on(
    door: Door, save: Save, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds what the write has locked, and may be about to compute for hours."""
    monkeypatch.setattr("engine.workflow.processor.INSIDE_SECONDS", 0.3)
    node: dict[str, Any] = {"key": "ask", "type": "condition", "config": {"expression": "2 > 1"}, "branches": {}}
    for key in ("inner", "outer"):
        node = {"key": key, "type": "loop", "config": {"count": 1000}, "branches": {"do": [node]}}
    await save("guard", sync=True, options={"atomic": True}, nodes=[node])
    before, rounds = await rows(), count()
    others = asyncio.create_task(_turn(rounds))

    answer = await door.create("posts", {"title": "Hello"}, triggers=["guard"])
    others.cancel()

    assert (["WORKFLOW_REJECTED"], before) == (answer.codes, await rows())
    assert next(rounds) > 100


async def _turn(rounds: "count[int]") -> None:
    """Somebody who has something to do in every round of the loop."""
    while next(rounds) >= 0:
        await asyncio.sleep(0)
