"""What whoever writes users, roles, workflows and executions is answered: no more than they may read (attack D12)."""

from typing import Any

import pytest

from engine.system.models import Execution, Role, User
from tests.doors.conftest import Save, give_role
from tests.doors.door import Door, GraphqlDoor, RestDoor
from tests.until import until

PASSWORD = "a password that is long enough"
USER = {"username": "eve", "password": PASSWORD, "roles": ["powerless"]}
AS_GRAPHQL = f'{{username: "eve", password: "{PASSWORD}", roles: ["powerless"]}}'
WORKFLOW = {"key": "told", "title": "Told", "type": "action", "config": {"collection": "posts"}}

# The collection and the verb that are granted, and the same write at each door; WF and EX are numbers of rows.
WRITES = {
    "a new user": ("users", "create", "users:create", USER, f"createUser(values: {AS_GRAPHQL})"),
    "a user": ("users", "update", "users:update/2", {"nickname": "x"}, 'updateUser(id: 2, values: {nickname: "x"})'),
    "a new role": (
        *("roles", "create", "roles:create", {"name": "eve", "grants": {}}),
        'createRole(values: {name: "eve", grants: {}})',
    ),
    "a role": (
        *("roles", "update", "roles:update/powerless", {"title": "x"}),
        'updateRole(id: "powerless", values: {title: "x"})',
    ),
    "a new workflow": (
        *("workflows", "create", "workflows:create", WORKFLOW),
        'createWorkflow(values: {key: "told", title: "Told", type: action, config: {collection: "posts"}})',
    ),
    "a workflow": (
        *("workflows", "update", "workflows:update/WF", {"title": "x"}),
        'updateWorkflow(id: WF, values: {title: "x"})',
    ),
    "a revision": ("workflows", "create", "workflows:revision/WF", {}, "reviseWorkflow(id: WF)"),
    "a run by hand": ("workflows", "update", "workflows:execute/WF", {"data": 1}, "executeWorkflow(id: WF, data: 1)"),
    "a run once more": ("executions", "update", "executions:rerun/EX", {}, "rerunExecution(id: EX)"),
}


@pytest.fixture
async def numbers(door: Door, save: Save) -> dict[str, str]:
    """Of a workflow, and of an execution of it that has ended; beside them a role and a user who may do nothing."""
    headers = door.headers(None)
    await door.client.post("/api/roles:create", json={"name": "powerless", "grants": {}}, headers=headers)
    await door.client.post("/api/users:create", json={**USER, "username": "bob"}, headers=headers)
    workflow = await save("known")
    await door.create("posts", {"title": "x"}, triggers=["known"])
    await until(lambda: Execution.filter(key="known", status="succeeded").exists())
    return {"WF": str(workflow.id), "EX": str((await Execution.get(key="known")).id)}


async def ask(door: Door, path: str, body: Any, field: str, numbers: dict[str, str], selected: str) -> Any:
    for name, number in numbers.items():
        path, field = path.replace(name, number), field.replace(name, number)
    headers = door.headers("narrow")
    if isinstance(door, RestDoor):
        return (await door.client.post(f"/api/{path}", json=body, headers=headers)).json()
    document = f"mutation {{ it: {field} {{ record {{ {selected} }} }} }}"
    return (await door.client.post("/graphql", json={"query": document}, headers=headers)).json()


@pytest.mark.parametrize(("collection", "verb", "path", "body", "field"), WRITES.values(), ids=WRITES)
async def test_who_reads_nothing_is_answered_the_key_alone(door, service, numbers, collection, verb, path, body, field):
    await give_role("narrow", {collection: {verb: {}}})
    service.engine.accounts.forget()
    key = "name" if collection == "roles" else "id"
    told = await ask(door, path, body, field, numbers, key)

    assert "errors" not in told
    [record] = [told["data"]] if isinstance(told["data"], dict) else told["data"]
    assert {key} == {*(record if isinstance(door, RestDoor) else record["it"]["record"])}


async def test_graphql_tells_them_that_they_may_not_read_more(client, token, service):
    """At the field that they asked for; the write is done by then."""
    await give_role("narrow", {"roles": {"create": {}}})
    headers = {"Authorization": f"Bearer {token}", "X-Role": "narrow"}
    document = 'mutation { createRole(values: {name: "eve", grants: {}}) { record { name grants } } }'
    answer = (await client.post("/graphql", json={"query": document}, headers=headers)).json()

    assert ["NO_PERMISSION"] == [error["extensions"]["code"] for error in answer["errors"]]
    assert ["createRole", "record", "grants"] == answer["errors"][0]["path"]


async def make_key(door: Door, selected: str) -> tuple[dict[str, Any], list[Any]]:
    """What is told of a new key, and where more was asked for than may be read. Asked again it makes no other."""
    headers = {**door.headers("narrow"), "Idempotency-Key": "once"}
    if isinstance(door, RestDoor):
        return (await door.client.post("/api/apiKeys:create", json={"name": "x"}, headers=headers)).json()["data"], []
    document = f'mutation {{ it: createApiKey(values: {{name: "x"}}) {{ token record {{ {selected} }} }} }}'
    answer = (await door.client.post("/graphql", json={"query": document}, headers=headers)).json()
    told, errors = answer["data"]["it"], answer.get("errors", [])
    assert {"NO_PERMISSION"} >= {error["extensions"]["code"] for error in errors}
    return {**(told["record"] or {}), "token": told["token"]}, [error["path"] for error in errors]


async def test_who_makes_a_key_without_reading_keys_is_told_it_and_its_number(door, service):
    await give_role("narrow", {"apiKeys": {"create": {}}})
    service.engine.accounts.forget()
    first, _ = await make_key(door, "id")
    again, _ = await make_key(door, "id")

    assert {"id", "token"} == {*first} == {*again}
    assert (True, None) == (first["token"].startswith("bp_"), again["token"])


async def test_graphql_tells_it_also_to_whoever_asks_for_more(client, token, service):
    """It is told this once."""
    await give_role("narrow", {"apiKeys": {"create": {}}})
    told, refused = await make_key(GraphqlDoor(client, token, service.engine.collections), "name")

    assert {"token"} == {*told}
    assert told["token"].startswith("bp_")
    assert [["it", "record", "name"]] == refused


READ_NONE: dict[str, Any] = {}
READ_ONE = {"roles": {"read": {"filter": {"name": "powerless"}}}}


@pytest.mark.parametrize(("reading", "shown"), [(READ_NONE, None), (READ_ONE, ["powerless"])], ids=["none", "one"])
async def test_who_writes_users_is_told_of_the_roles_that_they_read(door, service, numbers, reading, shown):
    """As where they read users: of roles that are hidden, not even that somebody holds them."""
    hidden = await Role.create(name="hidden", grants={})
    bob = await User.get(username="bob").prefetch_related("roles")
    await bob.roles.add(hidden)
    await give_role("narrow", {"users": {"read": {}, "update": {}}, **reading})
    service.engine.accounts.forget()
    field = f'updateUser(id: {bob.id}, values: {{nickname: "x"}})'
    selected = "id roles { name }" if shown else "id"
    told = await ask(door, f"users:update/{bob.id}", {"nickname": "x"}, field, numbers, selected)

    if isinstance(door, RestDoor):
        assert shown == told["data"][0].get("roles")
    else:
        roles = told["data"]["it"]["record"].get("roles")
        assert shown == (roles and [role["name"] for role in roles])
