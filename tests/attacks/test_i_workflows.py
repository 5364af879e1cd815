"""Workflows that are saved, run and run again by who may not, or with what has no place in them (I06, I09, I10)."""

from typing import Any

import pytest

from engine.system.models import Execution, Workflow
from tests.attacks.world import nothing_happened_in
from tests.doors.conftest import give_role
from tests.doors.door import Door, RestDoor
from tests.until import until


def writing(key: str, text: str) -> dict[str, Any]:
    return {"key": key, "type": "create", "config": {"collection": "notes", "values": {"text": text}}}


NOTE = writing("note", "attack")


def document(**members: Any) -> dict[str, Any]:
    return {"key": "attack", "title": "Attack", "type": "action", "config": {"collection": "posts"}, **members}


def inside(depth: int) -> dict[str, Any]:
    """A condition in a condition, and so on."""
    node: dict[str, Any] = NOTE
    for level in range(depth):
        config = {"expression": "true"}
        node = {"key": f"c{level}", "type": "condition", "config": config, "branches": {"then": [node]}}
    return node


@pytest.fixture
async def ran(world) -> Execution:
    """An execution of the administrators' workflow, which has ended."""
    await world.send("POST", "posts:create?triggerWorkflows=wfAdmin", world.tokens["root"], json={"title": "x"})
    async with nothing_happened_in(world):
        return await Execution.get(key="wfAdmin")


ADMINISTERING = {
    "save one": lambda door, workflow, execution, role: door.workflow("create", values=document(), role=role),
    "change one": lambda door, workflow, execution, role: door.workflow(
        "update", key=workflow, values={"title": "attack"}, role=role
    ),
    "disable one": lambda door, workflow, execution, role: door.workflow(
        "update", key=workflow, values={"enabled": False}, role=role
    ),
    "revise one": lambda door, workflow, execution, role: door.workflow("revise", key=workflow, role=role),
    "run one": lambda door, workflow, execution, role: door.workflow("execute", key=workflow, data=1, role=role),
    "run one on anything": lambda door, workflow, execution, role: door.workflow(
        "execute", key=workflow, data={"title": "attack"}, role=role
    ),
    "end one": lambda door, workflow, execution, role: door.workflow("destroy", key=workflow, role=role),
    "end all of a key": lambda door, workflow, execution, role: door.workflow(
        "destroy", key=workflow, all=True, role=role
    ),
    "cancel": lambda door, workflow, execution, role: door.execution("cancel", key=execution, role=role),
    "run again": lambda door, workflow, execution, role: door.execution("rerun", key=execution, role=role),
    "run again as it is now": lambda door, workflow, execution, role: door.execution(
        "rerun", key=execution, version="current", role=role
    ),
    "run all again": lambda door, workflow, execution, role: door.execution(
        "rerun", filter={"key": "wfPost"}, role=role
    ),
}


@pytest.mark.parametrize("attempt", ADMINISTERING.values(), ids=ADMINISTERING)
@pytest.mark.parametrize("role", ["member", "editor"])
async def test_who_may_name_a_workflow_does_not_administer_it(world, door: Door, refused, ran, role, attempt):
    """Naming one with a write is all that their documents grant, however much they write."""
    door.token = world.tokens[role]
    workflow = await Workflow.get(key="wfPost")

    assert ["NO_PERMISSION"] == await refused(attempt(door, workflow.id, ran.id, role))


AGAIN = {
    "as it was": lambda door, ran: door.execution("rerun", key=ran.id, role="operator"),
    "as it is now": lambda door, ran: door.execution("rerun", key=ran.id, version="current", role="operator"),
    "from a node on": lambda door, ran: door.execution("rerun", key=ran.id, fromNode="note", role="operator"),
    "by a filter": lambda door, ran: door.execution("rerun", filter={"key": "wfAdmin"}, role="operator"),
}


@pytest.mark.parametrize("attempt", AGAIN.values(), ids=AGAIN)
async def test_to_run_again_is_to_start(world, door: Door, refused, ran, attempt):
    """Who may run things again does so with the workflows that they may start, and with no others."""
    await give_role("operator", {"executions": {"read": {}, "update": {}}}, ["wfPost"])

    assert ["TRIGGER_FORBIDDEN"] == await refused(attempt(door, ran))


async def test_what_may_be_started_may_be_run_again(door: Door, ran):
    await give_role("operator", {"executions": {"read": {}, "update": {}}}, ["wfAdmin"])
    answer = await door.execution("rerun", key=ran.id, role="operator")

    assert ([], ran.id) == (answer.errors, int(answer.data["rerunOf"]))


# --- documents


async def test_a_workflow_that_is_saved_does_not_enable_itself(world, door: Door, refused):
    """Whoever may only save them needs somebody else who looks at it."""
    await give_role("author", {"workflows": {"read": {}, "create": {}}})

    assert ["NO_PERMISSION"] == await refused(door.workflow("create", values=document(enabled=True), role="author"))


async def test_it_lands_disabled_where_nothing_else_is_said(world, door: Door):
    await give_role("author", {"workflows": {"read": {}, "create": {}}})
    answer = await door.workflow("create", values=document(nodes=[NOTE]), role="author")

    assert ([], False) == (answer.errors, answer.data["enabled"])
    assert ["TRIGGER_DISABLED"] == (await door.create("posts", {"title": "x"}, triggers=["attack"])).codes


@pytest.mark.parametrize("key", ["wfPost", "wfAdmin", "wfOff"])
async def test_nobody_takes_a_key_over(world, door: Door, refused, key):
    assert ["WORKFLOW_KEY_TAKEN"] == await refused(door.workflow("create", values=document(key=key, nodes=[NOTE])))


MEMBERS = {
    "its number": {"id": 1},
    "its version": {"version": 9},
    "that it is the current one": {"current": True},
    "the column behind": {"currentKey": "wfPost"},
    "which key is enabled": {"enabledKey": "wfPost"},
    "the same, as the table has it": {"enabled_key": "wfPost"},
    "how often it ran": {"executed": 5},
    "when it was made": {"createdAt": "1999-01-01T00:00:00.000Z"},
    "an author": {"userId": 1},
    "an attribute of Python's": {"__class__": "x"},
}


@pytest.mark.parametrize("members", MEMBERS.values(), ids=MEMBERS)
async def test_a_document_says_nothing_of_its_row(world, door: Door, refused, members):
    codes = await refused(door.workflow("create", values=document(**members)))

    assert set(codes) <= {"WORKFLOW_INVALID", "UNKNOWN_FIELD", "FIELD_NOT_WRITABLE", "GRAPHQL_INVALID"}


CALL = {"method": "POST", "url": "https://example.org/"}
DOCUMENTS = {
    "a key with a space": {"key": "at tack"},
    "a key that looks like another": {"key": "wf\u0420ost"},
    "a key with the end of a line": {"key": "wfPost\n"},
    "a key of a path": {"key": "../attack"},
    "an empty key": {"key": ""},
    "too long a key": {"key": "a" * 65},
    "a table of ours": {"config": {"collection": "users"}},
    "another one of ours": {"config": {"collection": "workflows"}},
    "a table of the database": {"config": {"collection": "sqlite_master"}},
    "a secret in a text": {
        "nodes": [{"key": "a", "type": "request", "config": {**CALL, "json": {"a": "{{$secrets.stripe}}"}}}]
    },
    "a secret column": {"nodes": [{**NOTE, "config": {"collection": "users", "values": {"passwordHash": "x"}}}]},
    "users that are written": {"nodes": [{**NOTE, "config": {"collection": "users", "values": {"username": "eve"}}}]},
    "roles that are written": {
        "nodes": [
            {
                "key": "a",
                "type": "update",
                "config": {"collection": "roles", "filter": {"name": "member"}, "values": {"grants": {}}},
            }
        ]
    },
    "a filter by what is secret": {
        "nodes": [
            {
                "key": "a",
                "type": "query",
                "config": {"collection": "users", "filter": {"passwordHash": {"$startsWith": "a"}}, "many": True},
            }
        ]
    },
    "relations to what is secret": {"config": {"collection": "posts", "appends": ["author.passwordHash"]}},
    "a program": {"nodes": [{"key": "a", "type": "script", "config": {"source": "import os"}}]},
    "SQL": {"nodes": [{"key": "a", "type": "sql", "config": {"sql": "DELETE FROM posts"}}]},
    "a kind that is an attribute": {"nodes": [{"key": "a", "type": "__class__", "config": {}}]},
    "a node that goes back to itself": {"nodes": [writing("note", "{{$jobs.note.text}}")]},
    "a node that looks ahead": {"nodes": [writing("first", "{{$jobs.note.text}}"), NOTE]},
    "nodes that look at each other": {"nodes": [writing("a", "{{$jobs.b.text}}"), writing("b", "{{$jobs.a.text}}")]},
    "edges as elsewhere": {"nodes": [{**NOTE, "next": "note"}]},
    "a key twice": {"nodes": [NOTE, NOTE]},
    "a key twice, once inside": {"nodes": [NOTE, inside(1)]},
    "many nodes": {"nodes": [{**NOTE, "key": f"n{number}"} for number in range(500)]},
    "a long text": {"nodes": [{**NOTE, "config": {"collection": "notes", "values": {"text": "x" * 100_000}}}]},
    "much in a branch of a branch": {"nodes": [inside(25)]},
    "no list of nodes": {"nodes": {"note": NOTE}},
    "a workflow that decides as whom": {"options": {"runAs": "root"}},
    "a workflow that asks for another's rights": {"options": {"runAs": {"user": 1}}},
    "a workflow that goes round for ever": {"options": {"reentries": 10**9}},
    "a kind that there is none of": {"type": "webhook"},
    "a schedule": {"type": "schedule", "config": {"cron": "* * * * *"}},
}


@pytest.mark.parametrize("members", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_a_document_is_validated_whole(world, door: Door, refused, members):
    """By an administrator, who may save all that is one."""
    codes = set(await refused(door.workflow("create", values=document(**members))))

    assert codes <= ({"WORKFLOW_INVALID"} if isinstance(door, RestDoor) else {"WORKFLOW_INVALID", "GRAPHQL_INVALID"})


@pytest.mark.parametrize("depth", [40, 90, 1000])
async def test_depth_is_no_crash(world, door: Door, refused, depth):
    """What is too deep for the reader of bodies is not read, and the next request is answered."""
    text = '{"a":' * depth + "1" + "}" * depth
    headers = {"Authorization": f"Bearer {world.tokens['root']}", "Content-Type": "application/json"}
    values = f'{{"key":"attack","title":"A","type":"action","config":{{"collection":"posts"}},"nodes":[{text}]}}'
    body = (
        values
        if isinstance(door, RestDoor)
        else '{"query":"mutation($v: WorkflowCreateInput!) { createWorkflow(values: $v) { record { id } } }",'
        f'"variables":{{"v":{values}}}}}'
    )
    path = "/api/workflows:create" if isinstance(door, RestDoor) else "/graphql"
    codes = set(await refused(world.client.post(path, content=body, headers=headers)))

    assert codes <= {"WORKFLOW_INVALID", "BAD_JSON"}
    assert 200 == (await world.send("GET", "auth:check", world.tokens["root"])).status_code


@pytest.mark.parametrize("members", [{"key": "wfPost"}, {"type": "collection"}, {"sync": True}], ids=str)
async def test_a_workflow_does_not_become_another(world, door: Door, refused, members):
    off = await Workflow.get(key="wfOff")
    codes = set(await refused(door.workflow("update", key=off.id, values=members)))

    assert codes <= {"FIELD_NOT_WRITABLE", "GRAPHQL_INVALID"}


# --- ways to start one that there are not


HOOKS = (
    *("/api/webhooks:trigger/wfPost", "/api/webhooks/wfPost", "/api/workflows:trigger/wfPost"),
    *("/api/workflows:webhook/wfPost", "/api/workflows/wfPost/webhook:receive", "/api/posts:trigger/1"),
    *("/api/posts:trigger?triggerWorkflows=wfPost", "/webhooks/wfPost", "/hooks/wfPost", "/webhook", "/api/hooks"),
)


@pytest.mark.parametrize("path", HOOKS)
async def test_there_are_no_webhooks(world, refused, path):
    """I09: signatures that nobody checks would be the alternative."""
    headers = {"Authorization": f"Bearer {world.tokens['root']}", "webhook-signature": "v1,x", "webhook-id": "1"}

    assert ["NOT_FOUND"] == await refused(world.client.post(path, json={"title": "attack"}, headers=headers))


@pytest.mark.parametrize("path", HOOKS)
async def test_nor_for_nobody(world, refused, path):
    assert await refused(world.client.post(path, json={"title": "attack"})) in (["NOT_FOUND"], ["EMPTY_TOKEN"])


# --- loops

RINGS = {
    "through two tables": (("notes", "tags"), ("tags", "notes")),
    "through three": (("notes", "tags"), ("tags", "comments"), ("comments", "notes")),
    "in one": (("notes", "notes"),),
    "spreading": (("notes", "tags"), ("notes", "comments"), ("tags", "notes"), ("comments", "notes")),
}
COLUMNS = {"notes": "text", "tags": "name", "comments": "content"}


@pytest.mark.parametrize("ring", RINGS.values(), ids=RINGS)
async def test_workflows_that_write_each_others_tables_stop(world, member, ring):
    """I06: a member starts it, once, and where it was cut is there to be seen."""
    for number, (follows, writes) in enumerate(ring):
        node = {"key": "write", "type": "create", "config": {"collection": writes, "values": {COLUMNS[writes]: "ring"}}}
        config = {"collection": follows, "actions": ["create"]}
        ring_part = document(key=f"ring{number}", type="collection", enabled=True, config=config, nodes=[node])
        await world.service.engine.versions.create(ring_part)

    answer = await member.create("posts", {"title": "attack"}, triggers=["wfPost"], role="member")
    await until(lambda: Execution.filter(key__startswith="ring", status="skipped").exists())
    async with nothing_happened_in(world):
        made = await Execution.filter(key__startswith="ring")

    assert [] == answer.errors
    assert len(made) < 200
    assert all(each.error for each in made if each.status == "skipped")
