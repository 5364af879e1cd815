"""What a role is not for, by every way to ask for it (B08, B10, B11, B13)."""

import json
from typing import Any

import pytest

from tests.doors.door import Door

ROLES: list[Any] = [["admin"], [{"name": "admin"}], [{"id": 1}], "admin", {"name": "admin"}, {"connect": ["admin"]}]


# --- a role on the way to something else (B08)

NESTED = {
    "with a new post": lambda door, author: door.create("posts", {"title": "x", "author": author}, role="member"),
    "with many": lambda door, author: door.create("posts", [{"title": "x", "author": author}], role="member"),
    "with a post": lambda door, author: door.update("posts", {"author": author}, key=3, role="member"),
    "with a post, said to be changed": lambda door, author: door.update(
        "posts", {"author": author}, key=3, associations=["author"], role="member"
    ),
    "with a post's category's post": lambda door, author: door.update(
        "posts", {"category": {"title": "x", "post": {"title": "x", "author": author}}}, key=3, role="member"
    ),
    "with a comment's post": lambda door, author: door.create(
        "comments", {"content": "x", "post": {"title": "x", "author": author}}, role="member"
    ),
    "with one found or made": lambda door, author: door.find_or_create(
        "updateOrCreate", "posts", {"title": "members", "author": author}, ["title"], role="member"
    ),
}


@pytest.mark.parametrize("roles", ROLES, ids=json.dumps)
@pytest.mark.parametrize("write", NESTED.values(), ids=NESTED)
async def test_roles_are_given_on_no_way_through_records(world, member, refused, write, roles):
    author = {"id": (await world.user("member")).id, "roles": roles}
    codes = set(await refused(write(member, author)))

    assert codes <= {"FIELD_NOT_WRITABLE", "UNKNOWN_FIELD", "NO_PERMISSION", "GRAPHQL_INVALID", "BAD_VALUE"}


@pytest.mark.parametrize(
    "name", ["passwordHash", "password", "password_hash", "tokensValidFrom", "defaultRole", "suspended"]
)
@pytest.mark.parametrize("role", ["member", "editor", "admin"])
async def test_nor_is_anything_else_of_users(world, door: Door, refused, role, name):
    """Who writes users does so by their own operations alone, whoever they are."""
    door.token = world.tokens[role]
    author = {"id": (await world.user("member")).id, name: "x"}
    codes = set(
        await refused(door.update("posts", {"author": author}, key=world.own.id, associations=["author"], role=role))
    )

    assert codes <= {"FIELD_NOT_WRITABLE", "UNKNOWN_FIELD", "NO_PERMISSION", "GRAPHQL_INVALID", "BAD_VALUE"}


RELATED = (
    *("POST posts/3/author:create", "PUT posts/3/author", "PATCH posts/3/author", "POST posts/3/author:update"),
    *("POST users/4/roles:add", "POST users/4/roles:set", "POST users/4/roles:create", "POST roles/admin/users:add"),
    *("POST roles/admin/users:set", "POST users/4/roles:toggle", "DELETE users/1", "PUT users/4", "PATCH roles/member"),
)


@pytest.mark.parametrize("asked", RELATED)
@pytest.mark.parametrize("role", ["member", "editor"])
async def test_nor_by_a_path(world, refused, role, asked):
    method, _, path = asked.partition(" ")
    codes = await refused(world.send(method, path, world.tokens[role], json=["admin"]))

    assert set(codes) <= {"NOT_FOUND", "NO_PERMISSION", "METHOD_NOT_ALLOWED"}


SELF = {
    "a role more": {"roles": ["member", "admin"]},
    "another one": {"roles": ["admin"]},
    "root": {"roles": ["root"]},
    "a default": {"defaultRole": "admin"},
    "another password": {"password": "a password that is long enough"},
}


@pytest.mark.parametrize("values", SELF.values(), ids=SELF)
@pytest.mark.parametrize("role", ["member", "editor"])
async def test_nobody_promotes_themselves(world, refused, role, values):
    user = await world.user(role)
    body = ", ".join(f"{name}: {json.dumps(value)}" for name, value in values.items())
    token = world.tokens[role]

    assert ["NO_PERMISSION"] == await refused(world.send("POST", f"users:update/{user.id}", token, json=values))
    assert ["NO_PERMISSION"] == await refused(
        world.ask(f"mutation {{ updateUser(id: {user.id}, values: {{{body}}}) {{ record {{ id }} }} }}", token)
    )


@pytest.mark.parametrize("values", [{"roles": ["root"]}, {"roles": ["admin", "root"], "defaultRole": "root"}], ids=str)
async def test_an_administrator_makes_no_root(world, refused, values):
    token, user = world.tokens["admin"], await world.user("member")
    new = {"username": "eve", "password": "a password that is long enough", **values}

    assert ["NO_PERMISSION"] == await refused(world.send("POST", f"users:update/{user.id}", token, json=values))
    assert ["NO_PERMISSION"] == await refused(world.send("POST", "users:create", token, json=new))
    assert ["NO_PERMISSION"] == await refused(world.send("POST", "users:update/1", token, json={"nickname": "x"}))
    assert ["NO_PERMISSION"] == await refused(world.send("POST", "roles:update/root", token, json={"title": "x"}))


# --- administration (B10)

OPERATIONS = {
    "POST users:create": "createUser(values: {}) { record { id } }",
    "POST users:update/1": "updateUser(id: 1, values: {}) { record { id } }",
    "POST users:destroy/1": "destroyUser(id: 1) { count }",
    "POST roles:create": "createRole(values: {}) { record { name } }",
    "POST roles:update/member": 'updateRole(id: "member", values: {}) { record { name } }',
    "POST roles:destroy/member": 'destroyRole(id: "member") { count }',
    "POST workflows:create": "createWorkflow(values: {}) { record { id } }",
    "POST workflows:update/1": "updateWorkflow(id: 1, values: {}) { record { id } }",
    "POST workflows:revision/1": "reviseWorkflow(id: 1) { record { id } }",
    "POST workflows:execute/1": "executeWorkflow(id: 1, data: 1) { record { id } }",
    "POST workflows:destroy/1": "destroyWorkflow(id: 1) { count }",
    "POST executions:cancel/1": "cancelExecution(id: 1) { record { id } }",
    "POST executions:rerun/1": "rerunExecution(id: 1) { record { id } }",
    "POST executions:rerun?filter[id]=1": "rerunExecutions(filter: {id: {eq: 1}}) { records { id } }",
    "POST apiKeys:create": "createApiKey(values: {}) { token }",
    "POST apiKeys:destroy/1": "destroyApiKey(id: 1) { count }",
    "GET apiKeys:list": "apiKeys { items { id } }",
    "GET apiKeys:get/1": "apiKey(id: 1) { id }",
    "GET roles:list": "roles { items { name } }",
    "GET roles:get/admin": 'role(id: "admin") { name }',
    "GET roles:count": "roles { count }",
    "GET workflows:list": "workflows { items { id } }",
    "GET workflows:get/1": "workflow(id: 1) { id }",
    "GET executions:list": "executions { items { id } }",
    "GET executions:get/1": "execution(id: 1) { id }",
    "GET executions/1/jobs:list": "execution(id: 1) { jobs { id } }",
    "GET requests:get/1": 'request(id: "1") { id }',
    "GET posts/3/executions:list": 'executions(filter: {collection: {eq: "posts"}}) { items { id } }',
}


@pytest.mark.parametrize(("path", "field"), OPERATIONS.items(), ids=OPERATIONS)
async def test_a_member_administers_nothing(world, refused, path, field):
    """Nor do they learn by it what there is."""
    method, _, path = path.partition(" ")
    kind = "query" if method == "GET" else "mutation"
    token = world.tokens["member"]

    assert ["NO_PERMISSION"] == await refused(
        world.send(method, path, token, **({"json": {}} if method == "POST" else {}))
    )
    assert ["NO_PERMISSION"] == await refused(world.ask(f"{kind} {{ {field} }}", token))


async def test_of_users_a_member_sees_what_is_granted(world):
    listed = (await world.send("GET", "users:list", world.tokens["member"])).json()["data"]

    assert [{"id", "nickname"}] * 4 == [set(user) for user in listed]


# --- methods (B11)

WRITING = (
    *("posts:create", "posts:update/3", "posts:destroy/3", "posts:firstOrCreate", "posts:updateOrCreate"),
    *("posts/3/tags:add", "posts/3/tags:set", "posts/3/tags:remove", "posts/3/tags:toggle", "posts/3/tags:create"),
    *("users:create", "users:update/4", "users:destroy/4", "roles:destroy/member", "workflows:execute/1"),
    *("workflows:destroy/1", "executions:cancel/1", "apiKeys:create", "auth:signOut", "auth:signIn", "auth:refresh"),
)


METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "POSTS")


@pytest.mark.parametrize("path", WRITING)
async def test_what_writes_takes_its_one_method(world, nothing_happened, path):
    """No link, image or prefetch asks for it, whoever follows it."""
    async with nothing_happened():
        answers = [await world.send(method, path, world.tokens["root"]) for method in METHODS]

    assert [405] * len(METHODS) == [answer.status_code for answer in answers]
    assert {"POST"} == {answer.headers["Allow"] for answer in answers}


OVERRIDES = {
    "a header": ({"X-HTTP-Method-Override": "DELETE"}, ""),
    "another header": ({"X-HTTP-Method": "DELETE"}, ""),
    "a third one": ({"X-Method-Override": "DELETE"}, ""),
    "the path": ({"X-Original-URL": "/api/posts:destroy/3"}, ""),
    "the path, rewritten": ({"X-Rewrite-URL": "/api/posts:destroy/3"}, ""),
    "a prefix": ({"X-Forwarded-Prefix": "/api/posts:destroy"}, ""),
}


@pytest.mark.parametrize(("headers", "query"), OVERRIDES.values(), ids=OVERRIDES)
async def test_headers_do_not_say_what_is_asked(world, nothing_happened, headers, query):
    async with nothing_happened():
        answer = await world.send("GET", f"posts/{world.own.id}{query}", world.tokens["root"], headers=headers)

    assert (200, world.own.id) == (answer.status_code, answer.json()["data"]["id"])


@pytest.mark.parametrize(
    "query", ["_method=DELETE", "method=DELETE", "_action=destroy", "action=destroy", "X-Role=root"]
)
async def test_nor_do_parameters(world, refused, query):
    path = f"posts/{world.own.id}?{query}"

    assert ["UNKNOWN_PARAMETER"] == await refused(world.send("GET", path, world.tokens["root"]))


@pytest.mark.parametrize("member", ["_method", "method", "action", "_action"])
async def test_nor_do_bodies(world, refused, member):
    asked = world.send("POST", "posts:create", world.tokens["root"], json={"title": "x", member: "destroy"})

    assert ["UNKNOWN_FIELD"] == await refused(asked)


# --- actions that there are not (B13)

ACTIONS = (
    *(
        "__init__",
        "__class__",
        "_meta",
        "bulk_create",
        "bulk_update",
        "save",
        "delete",
        "all",
        "raw",
        "filter",
        "first",
    ),
    *(
        "get_or_create",
        "update_or_create",
        "refresh_from_db",
        "describe",
        "using_db",
        "export",
        "import",
        "query",
        "sql",
    ),
    *(
        "move",
        "trigger",
        "publish",
        "Create",
        "CREATE",
        "create ",
        "list.json",
        "list\u200b",
        "create%00",
        "lıst",
        "ｌist",
    ),
    *("", ":", "create:create", "create;list", "run", "resolve", "constructor", "__proto__", "toString"),
)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("collection", ["posts", "users"])
async def test_actions_come_from_a_list(world, refused, collection, action):
    for method in ("POST", "GET"):
        asked = world.send(method, f"{collection}:{action}", world.tokens["root"])

        assert ["NOT_FOUND"] == await refused(asked)


FIELDS = (
    "__init__",
    "bulkCreatePost",
    "savePost",
    "deletePost",
    "rawPosts",
    "updateUsers",
    "destroyRoles",
    "createJob",
)


@pytest.mark.parametrize("field", FIELDS)
async def test_so_do_root_fields(world, refused, field):
    assert ["GRAPHQL_INVALID"] == await refused(world.ask(f"mutation {{ {field} }}", world.tokens["root"]))


@pytest.mark.parametrize("relation", ["_meta", "__class__", "pk", "author_id", "secretNote", "objects"])
async def test_so_do_relations(world, refused, relation):
    assert ["NOT_FOUND"] == await refused(
        world.send("GET", f"posts/{world.own.id}/{relation}:list", world.tokens["root"])
    )
