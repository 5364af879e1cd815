"""Users, roles and workflows that a role does not read and would write: each is answered like one that is missing (C).

Whatever differs but the key is a hint; so is the name of a role that somebody holds.
"""

import json
from typing import Any

import httpx
import pytest

from engine.system.models import Role, User, Workflow
from tests.attacks.world import World, told
from tests.doors.conftest import give_role

HIDDEN, MISSING, OWN = 70701, 70702, 70703
"""What is hidden has the first for a key, as a number or as a name, what is missing the second, a user the last."""

# Which verb is granted, and the same write at each door.
WRITES = {
    "a user": ("update", "users:update/KEY", {"nickname": "x"}, 'updateUser(id: KEY, values: {nickname: "x"})'),
    "a wrong user": (
        "update",
        "users:update/KEY",
        {"roles": ["root"]},
        'updateUser(id: KEY, values: {roles: ["root"]})',
    ),
    "the end of a user": ("destroy", "users:destroy/KEY", None, "destroyUser(id: KEY)"),
    "a role": ("update", "roles:update/KEY", {"title": "x"}, 'updateRole(id: "KEY", values: {title: "x"})'),
    "a greater role": (
        *("update", "roles:update/KEY", {"grants": {"*": {"read": {}}}}),
        'updateRole(id: "KEY", values: {grants: {_: 1}})',
    ),
    "the end of a role": ("destroy", "roles:destroy/KEY", None, 'destroyRole(id: "KEY")'),
    "a workflow": ("update", "workflows:update/KEY", {"title": "x"}, 'updateWorkflow(id: KEY, values: {title: "x"})'),
    "an enabled one": (
        "update",
        "workflows:update/KEY",
        {"enabled": True},
        "updateWorkflow(id: KEY, values: {enabled: true})",
    ),
    "a revision": ("create", "workflows:revision/KEY", {}, "reviseWorkflow(id: KEY)"),
    "a run": ("update", "workflows:execute/KEY", {"data": {}}, "executeWorkflow(id: KEY, data: {})"),
    "the end of a workflow": ("destroy", "workflows:destroy/KEY", None, "destroyWorkflow(id: KEY)"),
    "the end of its key": ("destroy", "workflows:destroy/KEY?all=true", None, "destroyWorkflow(id: KEY, all: true)"),
}


@pytest.fixture(autouse=True)
async def hidden(world: World) -> None:
    await Role.create(name=str(HIDDEN), grants={"posts": {"read": {}}})
    user = await User.create(id=HIDDEN, username="hidden", password_hash="x", default_role="admin")
    await user.roles.add(await Role.get(name="admin"))
    await Workflow.create(id=HIDDEN, version=1, key="hidden", title="x", type="action", config={"collection": "posts"})


def like(response: httpx.Response, key: int) -> tuple[int, str]:
    """The answer without the key in it."""
    return response.status_code, response.text.replace(str(key), "KEY")


@pytest.mark.parametrize(("verb", "path", "body", "field"), WRITES.values(), ids=WRITES)
async def test_what_is_hidden_is_not_written(world: World, nothing_happened, verb, path, body, field):
    collection = path.partition(":")[0]
    own = {"name": "narrow"} if collection == "roles" else {"id": 1}
    await give_role("narrow", {collection: {"read": {"filter": own}, verb: {}}})
    headers, selected = {"X-Role": "narrow"}, "count" if verb == "destroy" else "record { __typename }"
    rest, graphql = [], []
    async with nothing_happened():
        for key in (HIDDEN, MISSING):
            more: dict[str, Any] = {"headers": headers, **({} if body is None else {"json": body})}
            asked, document = path.replace("KEY", str(key)), field.replace("KEY", str(key))
            rest.append(like(await world.send("POST", asked, world.tokens["root"], **more), key))
            answer = await world.ask(
                f"mutation {{ {document} {{ {selected} }} }}", world.tokens["root"], headers=headers
            )
            graphql.append(like(answer, key))

    assert rest[0] == rest[1]
    assert graphql[0] == graphql[1]
    assert "GRAPHQL_INVALID" not in graphql[0][1]


@pytest.mark.parametrize(
    ("verb", "path", "field"), [("update", "users:update", "updateUser"), ("destroy", "users:destroy", "destroyUser")]
)
async def test_nobody_learns_which_roles_somebody_holds_by_writing_them(
    world: World, nothing_happened, verb, path, field
):
    await give_role("narrow", {"users": {"read": {"fields": ["id"]}, verb: {}}})
    headers = {"X-Role": "narrow"}
    values, selected = (", values: {}", "record { id }") if verb == "update" else ("", "count")
    document = f"mutation {{ {field}(id: {HIDDEN}{values}) {{ {selected} }} }}"
    async with nothing_happened():
        rest = await world.send("POST", f"{path}/{HIDDEN}", world.tokens["root"], json={}, headers=headers)
        graphql = await world.ask(document, world.tokens["root"], headers=headers)

    for answer in (rest, graphql):
        assert ("NO_PERMISSION",) == told(answer).codes
        assert "admin" not in answer.text


@pytest.mark.parametrize("door", ["rest", "graphql"])
async def test_a_key_does_not_end_with_versions_that_are_hidden(world: World, nothing_happened, door):
    """Whoever sees drafts alone does not end what runs, nor its history."""
    draft = await world.service.engine.versions.revise((await Workflow.get(key="wfPost")).id)
    await give_role("narrow", {"workflows": {"read": {"filter": {"enabled": False}}, "destroy": {}}})
    headers, token = {"X-Role": "narrow"}, world.tokens["root"]
    async with nothing_happened():
        if door == "rest":
            answer = await world.send("POST", f"workflows:destroy/{draft.id}?all=true", token, headers=headers)
        else:
            document = f"mutation {{ destroyWorkflow(id: {draft.id}, all: true) {{ count }} }}"
            answer = await world.ask(document, token, headers=headers)

    assert ("NO_PERMISSION",) == told(answer).codes


NEW = {"username": "new", "password": "correct horse battery", "roles": ["KEY"]}

# Roles that are given by name, and the same at each door.
GIVEN = {
    "a new user's": (
        *("users:create", NEW),
        'createUser(values: {username: "new", password: "correct horse battery", roles: ["KEY"]})',
    ),
    "a user's": ("users:update/OWN", {"roles": ["KEY"]}, 'updateUser(id: OWN, values: {roles: ["KEY"]})'),
    "one of a user's": (
        *("users:update/OWN", {"roles": ["narrow", "KEY"]}),
        'updateUser(id: OWN, values: {roles: ["narrow", "KEY"]})',
    ),
    "the role by default": (
        *("users:update/OWN", {"defaultRole": "KEY"}),
        'updateUser(id: OWN, values: {defaultRole: "KEY"})',
    ),
}


@pytest.fixture
async def own(world: World) -> None:
    """A user whom the role `narrow` may change, who holds it and the hidden role."""
    narrow = {"users": {"read": {}, "create": {}, "update": {}}, "roles": {"read": {"filter": {"name": "narrow"}}}}
    await give_role("narrow", {**narrow, "posts": {"read": {}}})
    user = await User.create(id=OWN, username="own", password_hash="x", default_role="narrow")
    await user.roles.add(*await Role.filter(name__in=["narrow", str(HIDDEN)]))


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(("path", "body", "field"), GIVEN.values(), ids=GIVEN)
async def test_a_hidden_role_is_not_given(world: World, nothing_happened, path, body, field):
    """Whether or not it is more than what the role may do, and whether or not the user holds it."""
    await Role.create(name="greater", grants={"*": {"read": {}}})
    rest, graphql = [], []
    async with nothing_happened():
        for key in (str(HIDDEN), "greater", str(MISSING)):
            asked = [json.dumps(body), path, f"mutation {{ {field} {{ record {{ id }} }} }}"]
            content, address, document = (each.replace("KEY", key).replace("OWN", str(OWN)) for each in asked)
            headers = {"X-Role": "narrow", "Content-Type": "application/json"}
            rest.append(
                like(await world.send("POST", address, world.tokens["root"], content=content, headers=headers), key)
            )
            graphql.append(like(await world.ask(document, world.tokens["root"], headers=headers), key))

    assert 1 == len(set(rest))
    assert 1 == len(set(graphql))
    assert 400 == rest[0][0]
    assert "GRAPHQL_INVALID" not in graphql[0][1]


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("by_rest", [True, False], ids=["rest", "graphql"])
async def test_a_hidden_role_stays_where_the_others_are_set(world: World, by_rest):
    headers = {"X-Role": "narrow"}
    if by_rest:
        values = {"roles": ["narrow"]}
        answer = await world.send("POST", f"users:update/{OWN}", world.tokens["root"], json=values, headers=headers)
    else:
        document = f'mutation {{ updateUser(id: {OWN}, values: {{roles: ["narrow"]}}) {{ record {{ id }} }} }}'
        answer = await world.ask(document, world.tokens["root"], headers=headers)
    held = await Role.filter(users__id=OWN).values_list("name", flat=True)

    assert (200, {"narrow", str(HIDDEN)}) == (answer.status_code, {*held})
    assert str(HIDDEN) not in answer.text
