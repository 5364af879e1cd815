"""What the audit tells of each door: who was refused what, who has changed what; and what it never tells."""

import logging
from typing import Any

import pytest

from tests.api.sockets import open_socket, serve
from tests.conftest import PASSWORD
from tests.doors.conftest import give_role

SECRET = "a password that nobody else may read"
NOTE = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": "Hello"}}}


@pytest.fixture
def audited(caplog):
    """The lines so far, as their members."""
    caplog.set_level(logging.INFO, "bangpath.audit")
    members = ("outcome", "code", "user", "username", "role", "action", "target", "fields", "requestId", "peer")

    def audited(**wanted: Any) -> list[dict[str, Any]]:
        lines = [vars(record) for record in caplog.records if record.name == "bangpath.audit"]
        told = [{name: line[name] for name in members if name in line} for line in lines]
        return [line for line in told if wanted.items() <= line.items()]

    return audited


async def test_a_refused_write_is_one_line(door, audited):
    await give_role("reader", {"posts": {"read": {}}})
    await door.create("posts", {"title": SECRET}, role="reader")
    [line] = audited()

    assert ("refused", "NO_PERMISSION", "root", "reader") == tuple(
        line[name] for name in ("outcome", "code", "username", "role")
    )
    assert line["action"] in ("POST /api/posts:create", "mutation createPost")
    assert "127.0.0.1" == line["peer"]


async def test_it_is_found_by_the_request_of_the_answer(client, token, audited):
    answer = await client.get("/api/posts:get/999", headers={"Authorization": f"Bearer {token}"})

    assert [answer.headers["X-Request-Id"]] == [line["requestId"] for line in audited(code="NOT_FOUND")]


async def test_much_that_is_wrong_with_one_write_is_one_line(door, audited):
    await door.update("posts", {"title": None, "readCount": None}, key="x", triggers=["a", "b!c", "d!e"])

    assert 1 == len(audited())


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/posts", "EMPTY_TOKEN"),
        ("/api/posts?token=guess", "INVALID_TOKEN"),
        ("/graphql?query={posts{count}}", "EMPTY_TOKEN"),
        ("/graphql?query={posts{count}}&token=guess", "INVALID_TOKEN"),
        ("/openapi.json", "EMPTY_TOKEN"),
        ("/nothing", "NOT_FOUND"),
        ("/static/nothing.js", "NOT_FOUND"),
    ],
)
async def test_who_is_nobody_is_told_of_as_such(client, audited, path, code):
    await client.get(path)
    [line] = audited()

    assert (code, "127.0.0.1") == (line["code"], line["peer"])
    assert "user" not in line
    assert "guess" not in str(line)


async def test_sockets_are_told_of(service, audited):
    async with serve(service.asgi) as url, open_socket(url) as peer:
        await peer.send(type="connection_init", payload={"Authorization": "Bearer guess"})
        await peer.closed()

    assert ["WebSocket /graphql"] == [line["action"] for line in audited(code="INVALID_TOKEN")]


async def test_a_subscription_that_is_refused_is_told_of(service, token, audited):
    await give_role("reader", {"posts": {"read": {}}})
    async with serve(service.asgi) as url, open_socket(url) as peer:
        await peer.begin(token, **{"X-Role": "reader"})
        await peer.subscribe("a", "subscription { it: executionChanged(id: 1) { id } }")
        await peer.receive()

    assert ["subscription executionChanged"] == [line["action"] for line in audited(code="NO_PERMISSION")]


async def test_reading_and_writing_as_one_may_is_nobodys_business(door, audited):
    await door.create("posts", {"title": "a"}, triggers=["post-created"])
    await door.page("posts")

    assert [] == audited()


async def test_workflows_are_told_of_as_they_come_and_go(door, audited):
    document = {"key": "greet", "title": "Greet", "type": "action", "config": {"collection": "posts"}, "nodes": [NOTE]}
    made = (await door.workflow("create", values=document)).data["id"]
    await door.workflow("update", key=made, values={"title": SECRET, "enabled": True})
    await door.workflow("execute", key=made, data=1)
    await door.workflow("revise", key=made)
    await door.workflow("destroy", key=made, all=True)
    actions = [line["action"] for line in audited(outcome="done", username="root")]

    assert ["create", "update", "execute", "revision", "destroy"] == [
        action.removeprefix("workflows:") for action in actions
    ]
    assert [["enabled", "title"]] == [line["fields"] for line in audited(action="workflows:update")]
    assert SECRET not in str(audited())


async def test_a_change_that_is_refused_is_not_told_as_done(door, audited):
    await door.workflow("create", values={"title": "x"})

    assert ["refused"] == [line["outcome"] for line in audited()]


async def test_a_change_that_comes_again_is_told_once(client, token, audited):
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "again"}
    for _ in range(2):
        await client.post("/api/roles:create", json={"name": "guests", "grants": {}}, headers=headers)

    assert ["guests"] == [line["target"] for line in audited(action="roles:create")]


async def test_passwords_are_in_no_line(client, token, audited):
    headers = {"Authorization": f"Bearer {token}"}
    values = {"username": "ann", "password": SECRET, "roles": ["member"]}
    made = (await client.post("/api/users:create", json=values, headers=headers)).json()["data"]["id"]
    await client.post(f"/api/users:update/{made}", json={"password": f"{SECRET}!"}, headers=headers)
    await client.post("/api/auth:signIn", json={"account": "root", "password": PASSWORD}, headers=headers)
    await client.post("/api/auth:signIn", json={"account": SECRET, "password": SECRET}, headers=headers)

    assert ["users:create", "users:update", "auth:signIn", "POST /api/auth:signIn"] == [
        line["action"] for line in audited()
    ]
    for secret in (SECRET, PASSWORD, token):
        assert secret not in str(audited())


async def test_nobody_forges_a_line_or_talks_to_a_terminal(client, audited, caplog):
    await client.get("/nothing%0aoutcome=done%1b[31m%e2%80%a8%c2%9b")
    [line] = audited()

    assert "GET /nothing\\u000aoutcome=done\\u001b[31m\\u2028\\u009b" == line["action"]
    assert caplog.messages[-1].isprintable()


async def test_a_long_path_is_cut(client, audited):
    await client.get(f"/{'x' * 5000}")

    assert 200 == len(audited()[0]["action"])
