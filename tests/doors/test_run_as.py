"""Workflows that act for their callers: nodes may what these may by then, and are handed what these may read."""

from typing import Any

import pytest

from api.app import Service
from engine.system.models import Execution, Job, Role, Status, User
from schema.sample.models import Category, Comment, Note, Post, Tag
from tests.conftest import PASSWORD
from tests.doors.conftest import Rows, Save, give_role
from tests.doors.door import Door
from tests.until import until

CALLER = {"runAs": "caller"}
OWN = {"authorId": "{{$user.id}}"}
SHOWN = ["title", "author"]
CLERK: dict[str, Any] = {
    "posts": {
        "read": {"fields": SHOWN, "filter": OWN},
        "create": {"fields": ["title"]},
        "update": {"fields": ["title"], "filter": OWN},
    },
    "tags": {"read": {}, "create": {}},
    "users": {"read": {"fields": ["nickname"]}},
    "executions": {"read": {}, "update": {}},
}


def node(kind: str, collection: str, **config: Any) -> dict[str, Any]:
    return {"key": kind, "type": kind, "config": {"collection": collection, **config}}


NOTE = node("create", "notes", values={"text": "a note"})
TAG = node("create", "tags", values={"name": "a tag"})


@pytest.fixture
async def clerk(service: Service, door: Door) -> User:
    """Somebody who is a clerk and asks at the door; the sample's own workflows are away, and so are its posts."""
    await Post.all().delete()
    await give_role("clerk", CLERK)
    user = await User.create(username="clerk", nickname="Clerk", password_hash=PASSWORD, default_role="clerk")
    await user.roles.add(await Role.get(name="clerk"))
    door.token = await service.issue_token("clerk", 1)
    return user


async def ended(execution: Any) -> Execution:
    async def look() -> Execution | None:
        row = await Execution.get(id=execution)
        return row if row.status.terminal else None

    found: Execution = await until(look)
    return found


async def fire(door: Door, key: str, **values: Any) -> Execution:
    answer = await door.create("posts", {"title": "mine", **values}, triggers=[key], role="clerk")
    [execution] = [each["executionId"] for each in answer.workflows if each["key"] == key]
    return await ended(execution)


async def error_of(execution: Execution) -> str:
    return (await Job.get(execution_id=execution.id)).error or ""


# --- nodes


@pytest.mark.parametrize(("run_as", "status", "notes"), [("system", "succeeded", 1), ("caller", "error", 0)])
async def test_a_node_may_do_what_its_caller_may(clerk, door: Door, save: Save, run_as, status, notes):
    await save("w", nodes=[NOTE], options={"runAs": run_as})
    before = await Note.filter(text="a note").count()

    execution = await fire(door, "w")

    assert status == execution.status
    assert notes == await Note.filter(text="a note").count() - before
    assert ("caller" == run_as) == (await error_of(execution)).startswith("NO_PERMISSION: ")


async def test_what_the_caller_may_do_is_done_in_their_name(clerk, door: Door, save: Save):
    """A post's author is the acting user, whom no clerk may give."""
    await save("w", nodes=[node("create", "posts", values={"title": "by the node"})], options=CALLER)

    execution = await fire(door, "w")

    assert Status.SUCCEEDED is execution.status
    assert clerk.id == (await Post.get(title="by the node")).author_id


async def test_a_query_finds_the_rows_and_columns_of_the_caller(clerk, door: Door, save: Save):
    await Post.create(title="somebody's")
    await save("w", nodes=[node("query", "posts", many=True, appends=["author"])], options=CALLER)

    execution = await fire(door, "w")

    [found] = (await Job.get(execution_id=execution.id)).result
    assert {"id", "title", "authorId", "author"} == found.keys()
    assert {"id": clerk.id, "nickname": "Clerk"} == found["author"]


@pytest.mark.parametrize(
    "hidden",
    [
        node("query", "posts", filter={"secretNote": {"$startsWith": "p"}}),
        node("query", "posts", filter={"id": 1}, sort=["secretNote"]),
        node("query", "posts", filter={"id": 1}, appends=["tags"]),
        node("update", "posts", filter={"title": "mine"}, values={"secretNote": "x"}),
        node("update", "posts", filter={"secretNote": "x"}, values={"title": "x"}),
        node("create", "posts", values={"title": "x", "secretNote": "x"}),
        node("create", "posts", values={"title": "x", "category": {"title": "x"}}),
    ],
)
async def test_a_hidden_column_is_unknown_to_a_node(clerk, door: Door, save: Save, hidden):
    await save("w", nodes=[hidden], options=CALLER)

    execution = await fire(door, "w")

    assert Status.ERROR is execution.status
    assert "not a field" in await error_of(execution)
    assert ["mine"] == await Post.all().values_list("title", flat=True)


async def test_an_update_leaves_rows_alone_that_the_caller_may_not_change(clerk, door: Door, save: Save):
    await Post.create(title="somebody's")
    values = {"title": "changed"}
    await save("w", nodes=[node("update", "posts", filter={"id": {"$gt": 0}}, values=values)], options=CALLER)

    await fire(door, "w")

    assert {"somebody's", "changed"} == set(await Post.all().values_list("title", flat=True))


async def test_an_atomic_workflow_that_may_not_undoes_the_write(clerk, door: Door, save: Save, rows: Rows):
    await save("w", sync=True, nodes=[NOTE], options={**CALLER, "atomic": True})
    before = await rows()

    answer = await door.create("posts", {"title": "mine"}, triggers=["w"], role="clerk")

    assert ["WORKFLOW_REJECTED"] == answer.codes
    assert before == await rows()


async def test_what_a_run_causes_acts_for_the_same_caller(clerk, door: Door, save: Save):
    """Also where the run between them was the service's own."""
    await save("first", nodes=[TAG])
    await save("then", "tags", type="collection", config={"actions": ["create"]}, nodes=[NOTE], options=CALLER)

    await fire(door, "first")
    then = await ended((await until(lambda: Execution.filter(key="then").first())).id)

    assert (Status.ERROR, clerk.id, "clerk") == (then.status, then.user_id, then.role_name)
    assert not await Note.filter(text="a note").exists()


# --- whoever caused it, by then


async def test_a_role_that_was_taken_away_is_gone(service: Service, clerk, door: Door, save: Save):
    await save("w", nodes=[TAG], options=CALLER)
    execution = await fire(door, "w")
    await clerk.roles.clear()
    door.token = await service.issue_token("root", 1)

    again = await ended((await door.execution("rerun", key=execution.id)).data["id"])

    assert (Status.SUCCEEDED, Status.ERROR) == (execution.status, again.status)
    assert (await error_of(again)).startswith("NO_PERMISSION: ")
    assert 1 == await Tag.filter(name="a tag").count()


@pytest.mark.parametrize("how", ["suspended", "destroyed", "narrowed"])
async def test_who_may_no_more_makes_it_fail(service: Service, clerk, door: Door, save: Save, how):
    await save("w", nodes=[TAG], options=CALLER)
    execution = await fire(door, "w")
    await Post.all().delete()
    match how:
        case "suspended":
            await User.filter(id=clerk.id).update(suspended=True)
        case "destroyed":
            await clerk.delete()
        case _:
            await Role.filter(name="clerk").update(grants={"tags": {"read": {}}})
    door.token = await service.issue_token("root", 1)

    again = await ended((await door.execution("rerun", key=execution.id)).data["id"])

    assert Status.ERROR is again.status
    assert (await error_of(again)).startswith("NO_PERMISSION: ")


async def test_who_runs_it_again_gives_it_none_of_their_own_rights(service: Service, clerk, door: Door, save: Save):
    """Else whoever may not do a thing would have it done by the administrator who mends what failed."""
    await save("w", nodes=[NOTE], options=CALLER)
    execution = await fire(door, "w")
    door.token = await service.issue_token("root", 1)

    again = await ended((await door.execution("rerun", key=execution.id)).data["id"])

    assert (Status.ERROR, clerk.id) == (again.status, again.user_id)


async def test_what_was_handed_to_the_service_is_not_handed_to_a_caller(clerk, service: Service, door: Door, save):
    """A version that acts for its caller is not run again on what an earlier one saw with the service's power."""
    await save("w")
    execution = await fire(door, "w")
    revision = await service.engine.versions.revise(
        (await service.engine.versions.definition(execution.workflow_id)).id
    )
    await service.engine.versions.update(revision.id, {"options": CALLER, "enabled": True})

    answer = await door.execution("rerun", key=execution.id, version="current", role="clerk")

    assert ["BAD_VALUE"] == answer.codes
    assert 1 == await Execution.filter(key="w").count()


# --- by hand


async def test_by_hand_it_acts_for_whoever_runs_it(service: Service, clerk, door: Door, save: Save):
    await Role.filter(name="clerk").update(grants={**CLERK, "workflows": {"update": {}}})
    service.engine.accounts.forget()
    workflow = await save("w", nodes=[NOTE], options=CALLER)
    mine = await Post.create(title="mine", author=clerk, secret_note="psst")
    other = await Post.create(title="somebody's")

    found = await door.workflow("execute", key=workflow.id, data=mine.id, role="clerk")
    hidden = await door.workflow("execute", key=workflow.id, data=other.id, role="clerk")
    execution = await ended(found.data["id"])

    assert ["NOT_FOUND"] == hidden.codes
    assert {"id": mine.id, "title": "mine", "authorId": clerk.id} == execution.context["data"]
    assert Status.ERROR is execution.status


async def test_by_hand_a_collection_that_may_not_be_read_is_refused(service: Service, clerk, door: Door, save: Save):
    await Role.filter(name="clerk").update(grants={"workflows": {"update": {}}})
    service.engine.accounts.forget()
    workflow = await save("w", options=CALLER)
    post = await Post.create(title="mine", author=clerk)

    answer = await door.workflow("execute", key=workflow.id, data=post.id, role="clerk")

    assert ["NO_PERMISSION"] == answer.codes
    assert not await Execution.filter(key="w").exists()


# --- contexts


@pytest.mark.parametrize("run_as", ["system", "caller"])
async def test_a_context_holds_what_the_caller_may_read(clerk, door: Door, save: Save, run_as):
    post = await Post.create(title="mine", author=clerk, secret_note="psst", status="draft")
    await post.tags.add(await Tag.create(name="tag"))
    config = {"appends": ["author", "tags", "comments"]}
    await save("w", config=config, options={"runAs": run_as})

    answer = await door.update("posts", {"title": "new"}, key=post.id, triggers=["w"], role="clerk")
    context = (await ended(answer.workflows[0]["executionId"])).context

    whole = run_as == "system"
    assert whole == ("psst" in str(context))
    assert (whole, whole) == ("tags" in context["data"], "comments" in context["data"])
    assert whole == ("username" in context["data"]["author"])
    assert ("mine", "new") == (context["previous"]["title"], context["data"]["title"])
    assert whole == ("status" in context["previous"])


async def test_of_a_record_that_is_hidden_the_key_is_handed_over(clerk, service: Service, door: Door, save: Save):
    await Role.filter(name="clerk").update(grants={"posts": {"create": {}}})
    service.engine.accounts.forget()
    await save("w", config={"global": True, "actions": ["create"]}, options=CALLER)

    await door.create("posts", {"title": "mine", "secretNote": "psst"}, role="clerk")
    execution = await ended((await Execution.get(key="w")).id)

    assert {"id": (await Post.get(title="mine")).id} == execution.context["data"]


async def test_what_a_workflow_changed_before_the_row_was_theirs_is_not_told(clerk, door: Door, save: Save):
    """A row that was somebody else's becomes the caller's by a node: they are told of it from then on."""
    await Post.create(title="hidden title")
    values = {"authorId": clerk.id, "title": "given", "secretNote": "psst"}
    given = node("update", "posts", filter={"title": "hidden title"}, values=values)
    await save("give", "tags", nodes=[given])
    await save("then", type="collection", config={"actions": ["update"]}, options=CALLER)

    await door.create("tags", {"name": "x"}, triggers=["give"], role="clerk")
    then = await ended((await until(lambda: Execution.filter(key="then").first())).id)

    assert ("given", None) == (then.context["data"]["title"], then.context["previous"])
    assert {"authorId", "title"} == set(then.context["changed"])


# --- saved


async def test_what_follows_executions_has_no_caller(service: Service, door: Door):
    document = {"title": "x", "type": "execution", "config": {}, "options": CALLER}

    answer = await door.workflow("create", values=document)

    assert ["WORKFLOW_INVALID"] == answer.codes
    assert "runAs" in str(answer.errors)


# --- the record at the end of a path


async def test_no_record_is_handed_over_that_the_caller_may_not_read(clerk, service: Service, door, save, rows):
    """Attack C07. The column that holds its key is theirs to read, so that there is one is told."""
    grants = {
        "posts": {"read": {}, "update": {}, "destroy": {}},
        "categories": {"read": {"filter": {"title": {"$ne": "hidden"}}}},
    }
    await Role.filter(name="clerk").update(grants=grants)
    service.engine.accounts.forget()
    await save("w", "categories")
    post = await Post.create(title="mine", category=await Category.create(title="hidden"))
    before = await rows()

    updated = await door.update("posts", {"title": "new"}, key=post.id, triggers=["w!category"], role="clerk")
    ended = await door.destroy("posts", key=post.id, triggers=["w!category"], role="clerk")
    tried = await door.update(
        "posts", {"title": "new"}, key=post.id, triggers=["w!category"], role="clerk", dry_run=True
    )

    assert [["TRIGGER_FORBIDDEN"]] * 3 == [updated.codes, ended.codes, tried.codes]
    assert "w!category" == updated.errors[0]["details"]["trigger"]
    assert before == await rows()


async def test_a_hidden_record_that_holds_the_link_itself_is_missing(clerk, service: Service, door: Door, save: Save):
    """Nothing that the caller sees tells that there is one."""
    grants = {"posts": {"read": {"filter": OWN}}, "categories": {"read": {}, "update": {}}}
    await Role.filter(name="clerk").update(grants=grants)
    service.engine.accounts.forget()
    await save("w")
    lonely, linked = await Category.create(title="lonely"), await Category.create(title="linked")
    await Post.create(title="somebody's", category=linked)

    answers = [
        await door.update("categories", {"title": "x"}, key=each.id, triggers=["w!post"], role="clerk")
        for each in (lonely, linked)
    ]

    assert [[{"key": "w", "association": "post", "reason": "NULL_TARGET"}]] * 2 == [each.skipped for each in answers]
    assert not await Comment.filter(content="x").exists()
