"""Keys for programs: made once and told once, good for one role, ended in every way there is; by both doors."""

from typing import Any

import pytest

from engine.system.models import ApiKey, IdempotencyKey, Role, User
from tests.attacks.world import told

FIELDS = "id name role userId expiresAt lastUsedAt createdAt"
ACTIONS = {
    "create": "mutation($values: ApiKeyCreateInput!) "
    f"{{ it: createApiKey(values: $values) {{ token record {{ {FIELDS} }} }} }}",
    "get": f"query($id: ID!) {{ it: apiKey(id: $id) {{ {FIELDS} }} }}",
    "list": f"{{ it: apiKeys {{ items {{ {FIELDS} }} count }} }}",
    "destroy": "mutation($id: ID!) { it: destroyApiKey(id: $id) { count } }",
}


@pytest.fixture(params=["rest", "graphql"])
def keys(request, client):
    """`await keys(token, action, key, values)` → the response and what it holds, alike for both doors."""

    async def by_rest(token, action, key=None, values=None, **headers: str) -> tuple[Any, Any]:
        path = f"/api/apiKeys:{action}" + (f"/{key}" if key else "")
        method = "GET" if action in ("get", "list") else "POST"
        body = {} if values is None else {"json": values}
        answer = await client.request(method, path, headers=_headers(token, headers), **body)
        return answer, answer.json().get("data")

    async def by_graphql(token, action, key=None, values=None, **headers: str) -> tuple[Any, Any]:
        variables = {name: value for name, value in {"id": key, "values": values}.items() if value is not None}
        body = {"query": ACTIONS[action], "variables": variables}
        answer = await client.post("/graphql", json=body, headers=_headers(token, headers))
        data = (answer.json().get("data") or {}).get("it")
        if data is None:
            return answer, None
        found = {"create": lambda: {**data["record"], "token": data["token"]}, "list": lambda: data["items"]}
        found["destroy"] = lambda: data["count"]
        return answer, found.get(action, lambda: data)()

    return by_rest if request.param == "rest" else by_graphql


def _headers(token: str, more: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): value for name, value in more.items()}


@pytest.fixture
async def mary(service):
    """A token of somebody who is an editor and a member, an editor by default."""
    user = await User.create(username="mary", password_hash="x", default_role="editor")
    await user.roles.add(*await Role.filter(name__in=["editor", "member"]))
    return await service.issue_token("mary", 1)


async def ask(client, token, **headers):
    return told(await client.get("/api/posts:list", headers=_headers(token, headers)))


async def test_a_key_is_told_once_and_kept_as_a_hash(client, keys, mary):
    _, made = await keys(mary, "create", values={"name": "importer", "role": "member"})

    assert ("importer", "member") == (made["name"], made["role"])
    assert made["token"].startswith("bp_")
    row = await ApiKey.get(id=made["id"])
    assert made["token"] not in str(dict(row))
    for action in ("list", "get"):
        answer, _ = await keys(mary, action, made["id"] if action == "get" else None)
        assert made["token"] not in answer.text
        assert row.digest not in answer.text


async def test_a_key_asks_as_its_user_in_its_role(client, keys, mary):
    _, made = await keys(mary, "create", values={"name": "importer", "role": "member"})

    answer = await client.get("/api/auth:check", params={"token": made["token"]})

    assert ("mary", "member", ["member"]) == (
        answer.json()["data"]["username"],
        answer.json()["data"]["role"],
        [role["name"] for role in answer.json()["data"]["roles"]],
    )
    assert 200 == (await ask(client, made["token"], X_Role="member")).status


async def test_no_other_role_of_its_user_is_its_own(client, keys, mary):
    _, made = await keys(mary, "create", values={"name": "importer", "role": "member"})

    answer = await ask(client, made["token"], X_Role="editor")

    assert (401, ("ROLE_NOT_FOUND_FOR_USER",)) == (answer.status, answer.codes)


async def test_without_a_role_it_has_the_one_that_was_asked_in(keys, mary):
    _, made = await keys(mary, "create", values={"name": "importer"})

    assert "editor" == made["role"]


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({}, ["REQUIRED"]),
        ({"name": ""}, ["REQUIRED"]),
        ({"name": "x", "role": "root"}, ["BAD_VALUE"]),
        ({"name": "x", "role": "Member"}, ["BAD_VALUE"]),
        ({"name": "x", "role": "", "expiresIn": "30"}, ["BAD_VALUE", "BAD_VALUE"]),
        ({"name": "x", "expiresIn": "0d"}, ["BAD_VALUE"]),
        ({"name": "x", "expiresIn": "99999y"}, ["BAD_VALUE"]),
        ({"name": "x", "expiresIn": "-1d"}, ["BAD_VALUE"]),
        ({"name": "x", "expiresIn": "٣d"}, ["BAD_VALUE"]),
    ],
)
async def test_what_cannot_be_made(keys, mary, values, codes):
    answer, made = await keys(mary, "create", values=values)

    assert codes == list(told(answer).codes)
    assert made is None
    assert not await ApiKey.exists()


async def test_nocobases_way_to_say_the_role_and_the_end(client, mary):
    values = {"name": "x", "role": {"name": "member"}, "expiresIn": "never"}
    answer = await client.post("/api/apiKeys:create", json=values, headers=_headers(mary, {}))

    assert ("member", None) == (answer.json()["data"]["role"], answer.json()["data"]["expiresAt"])


async def test_a_key_ends_when_it_is_destroyed(client, keys, mary):
    _, made = await keys(mary, "create", values={"name": "x"})
    assert 200 == (await ask(client, made["token"])).status

    _, count = await keys(mary, "destroy", made["id"])

    assert 1 == count
    assert (401, ("INVALID_TOKEN",)) == said(await ask(client, made["token"]))


async def test_a_key_ends_with_its_time(client, keys, mary, service):
    _, made = await keys(mary, "create", values={"name": "x", "expiresIn": "1h"})
    await ApiKey.filter(id=made["id"]).update(expires_at=service.engine.accounts.tokens.now())

    assert (401, ("EXPIRED_TOKEN",)) == said(await ask(client, made["token"]))


@pytest.mark.parametrize(
    ("values", "code"),
    [({"suspended": True}, "BLOCKED_TOKEN"), ({"roles": ["member"]}, "ROLE_NOT_FOUND_FOR_USER")],
)
async def test_a_key_ends_with_what_its_user_loses(client, keys, mary, token, values, code):
    """At once, though it was in use a moment ago."""
    _, made = await keys(mary, "create", values={"name": "x", "role": "editor"})
    assert 200 == (await ask(client, made["token"])).status
    user = await User.get(username="mary")

    await client.post(f"/api/users:update/{user.id}", json=values, headers=_headers(token, {}))

    assert (401, (code,)) == said(await ask(client, made["token"]))


async def test_a_key_ends_with_its_user(client, keys, mary, token):
    _, made = await keys(mary, "create", values={"name": "x"})
    user = await User.get(username="mary")

    answer = await client.post(f"/api/users:destroy/{user.id}", headers=_headers(token, {}))

    assert 200 == answer.status_code
    assert (401, ("INVALID_TOKEN",)) == said(await ask(client, made["token"]))
    assert not await ApiKey.exists()


async def test_a_key_makes_no_keys(keys, mary):
    """It would get to the other roles of its user."""
    _, made = await keys(mary, "create", values={"name": "x"})

    answer, another = await keys(made["token"], "create", values={"name": "y", "role": "member"})

    assert (("NO_PERMISSION",), None) == (told(answer).codes, another)
    assert 1 == await ApiKey.all().count()


@pytest.mark.parametrize("action", ["refresh", "signOut", "changePassword"])
async def test_a_key_is_no_token_to_exchange(client, keys, mary, action):
    _, made = await keys(mary, "create", values={"name": "x"})
    passwords = {"oldPassword": "correct horse", "newPassword": "battery staple"}
    body = passwords if action == "changePassword" else {}

    answer = await client.post(f"/api/auth:{action}", json=body, headers=_headers(made["token"], {}))

    assert (403, ("NO_PERMISSION",)) == said(told(answer))


@pytest.mark.parametrize("action", ["get", "destroy"])
async def test_keys_of_others_are_not_there(service, keys, mary, token, action):
    _, foreign = await keys(token, "create", values={"name": "root's", "role": "root"})

    answer, found = await keys(mary, action, foreign["id"])
    _, listed = await keys(mary, "list")

    assert (("NOT_FOUND",), None, []) == (told(answer).codes, found, listed)
    assert await ApiKey.exists(id=foreign["id"])


async def test_root_sees_and_ends_the_keys_of_all(keys, mary, token):
    _, made = await keys(mary, "create", values={"name": "x"})

    _, listed = await keys(token, "list")
    _, count = await keys(token, "destroy", made["id"])

    assert (["x"], 1) == ([each["name"] for each in listed], count)


@pytest.mark.parametrize("action", ["create", "list", "get", "destroy"])
async def test_it_takes_the_grant(keys, mary, action):
    """Members have none."""
    _, made = await keys(mary, "create", values={"name": "x"})

    key = made["id"] if action in ("get", "destroy") else None
    values = {"name": "y"} if action == "create" else None
    answer, _ = await keys(mary, action, key, values, X_Role="member")

    assert ("NO_PERMISSION",) == told(answer).codes
    assert ["x"] == await ApiKey.all().values_list("name", flat=True)


async def test_a_request_that_comes_again_makes_no_second_key_and_is_told_no_token(keys, mary):
    """No answer with a token in it is kept."""
    _, first = await keys(mary, "create", values={"name": "x"}, Idempotency_Key="once")
    _, again = await keys(mary, "create", values={"name": "x"}, Idempotency_Key="once")

    assert first["token"].startswith("bp_")
    assert {**first, "token": None} == again
    assert 1 == await ApiKey.all().count()
    assert first["token"] not in str(await IdempotencyKey.all().values())


def said(answer: Any) -> tuple[int, tuple[str, ...]]:
    return answer.status, answer.codes
