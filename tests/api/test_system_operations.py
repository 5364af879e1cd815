"""Signing in, users, roles, workflows and executions through the REST door of a whole service."""

from typing import Any

import httpx
import pytest

from tests.conftest import PASSWORD


@pytest.fixture
def root(client, token) -> httpx.AsyncClient:
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def data(response: httpx.Response) -> Any:
    assert 200 == response.status_code, response.text
    return response.json()["data"]


def errors(response: httpx.Response) -> tuple[int, list[tuple[str, Any]]]:
    """The status, and what is wrong where."""
    return response.status_code, [(each["code"], each.get("path")) for each in response.json()["errors"]]


# --- signing in


@pytest.mark.parametrize(
    "request_body",
    [
        {"json": {"account": "root", "password": PASSWORD}},
        {"data": {"username": "root", "password": PASSWORD}},
        {
            "content": f'{{"account":"root","password":"{PASSWORD}"}}',
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
    ],
)
async def test_sign_in_needs_no_token(client, request_body):
    signed = data(await client.post("/api/auth:signIn", **request_body))

    assert "root" == signed["user"]["username"]
    assert signed["token"]


async def test_sign_in_with_a_wrong_password(client):
    response = await client.post("/api/auth:signIn", json={"account": "root", "password": "wrong"})

    assert (401, [("INVALID_CREDENTIALS", None)]) == errors(response)


async def test_what_nobody_signs_in_with(client):
    response = await client.post("/api/auth:signIn?page=1&triggerWorkflows=a", json={"acount": "root"})

    assert (
        400,
        [("UNKNOWN_PARAMETER", ["page"]), ("TRIGGER_ACTION", ["triggerWorkflows"]), ("UNKNOWN_FIELD", ["acount"])],
    ) == errors(response)


@pytest.mark.parametrize("content", ["[]", '"root"', "5", "null"])
async def test_who_signs_in_is_told_in_an_object(client, content):
    assert (400, [("BAD_VALUE", None)]) == errors(await client.post("/api/auth:signIn", content=content))


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_check(root, method):
    assert {"username": "root", "role": "root"}.items() <= data(await root.request(method, "/api/auth:check")).items()
    assert "root" == data(await root.request(method, "/api/roles:check"))["name"]


async def test_sign_out_ends_the_token(root):
    assert data(await root.post("/api/auth:signOut")) is True

    assert (401, [("BLOCKED_TOKEN", None)]) == errors(await root.get("/api/auth:check"))


async def test_refresh_exchanges_the_token(root):
    fresh = data(await root.post("/api/auth:refresh"))["token"]

    assert 401 == (await root.get("/api/auth:check")).status_code
    assert 200 == (await root.get("/api/auth:check", headers={"Authorization": f"Bearer {fresh}"})).status_code


async def test_a_password_is_changed_by_whoever_knows_it(root):
    await root.post("/api/auth:changePassword", json={"oldPassword": PASSWORD, "newPassword": "another horse"})
    del root.headers["Authorization"]

    assert 401 == (await root.post("/api/auth:signIn", json={"account": "root", "password": PASSWORD})).status_code
    assert (
        200 == (await root.post("/api/auth:signIn", json={"account": "root", "password": "another horse"})).status_code
    )


# --- users and roles

MARY = {"username": "mary", "password": "correct horse too", "roles": ["member"]}


async def test_the_life_of_a_user(root):
    created = data(await root.post("/api/users:create", json=MARY))
    [updated] = data(await root.patch(f"/api/users/{created['id']}", json={"nickname": "M"}))
    ended = data(await root.post(f"/api/users:destroy?filterByTk={created['id']}"))

    assert ["member"] == created["roles"]
    assert "M" == updated["nickname"]
    assert 1 == ended
    assert 404 == (await root.get(f"/api/users/{created['id']}")).status_code


async def test_the_life_of_a_role(root):
    created = data(await root.post("/api/roles", json={"name": "reader", "grants": {"posts": {"read": {}}}}))
    [updated] = data(await root.post("/api/roles:update/reader", json={"title": "Reader"}))

    assert "reader" == created["name"]
    assert "Reader" == updated["title"]
    assert 1 == data(await root.delete("/api/roles/reader"))


@pytest.mark.parametrize("action", ["update", "destroy"])
@pytest.mark.parametrize("resource", ["users", "roles", "workflows"])
async def test_ours_are_written_one_by_one_and_by_key(root, resource, action):
    unsaid = await root.post(f"/api/{resource}:{action}")
    several = await root.post(f"/api/{resource}:{action}?filterByTk[]=1&filterByTk[]=2")
    filtered = await root.post(f"/api/{resource}:{action}/1?filter[id]=1")

    assert (400, [("FILTER_REQUIRED", ["filterByTk"])]) == errors(unsaid)
    assert (400, [("BAD_KEY", ["filterByTk"])]) == errors(several)
    assert (400, [("UNKNOWN_PARAMETER", ["filter"])]) == errors(filtered)


@pytest.mark.parametrize("path", ["users:create", "users:update/1", "roles:destroy/member", "workflows:execute/1"])
async def test_a_member_administers_nothing(root, path):
    response = await root.post(f"/api/{path}", headers={"X-Role": "member"})

    assert (403, [("NO_PERMISSION", None)]) == errors(response)


# --- workflows and executions

WORKFLOW = {"key": "mine", "title": "Mine", "type": "action", "config": {"collection": "posts"}, "nodes": []}


async def test_the_life_of_a_workflow(root):
    created = data(await root.post("/api/workflows:create", json=WORKFLOW))
    [enabled] = data(await root.post(f"/api/workflows:update/{created['id']}", json={"enabled": True}))
    revised = data(await root.post(f"/api/workflows:revision/{created['id']}"))

    assert (1, False) == (created["version"], created["enabled"])
    assert enabled["enabled"]
    assert (2, False) == (revised["version"], revised["enabled"])
    assert 2 == data(await root.post(f"/api/workflows:destroy/{revised['id']}?all=true"))


async def test_a_workflow_run_by_hand(root):
    workflow = data(await root.post("/api/workflows:create", json=WORKFLOW))
    post = data(await root.post("/api/posts:create", json={"title": "x"}))

    execution = data(await root.post(f"/api/workflows:execute/{workflow['id']}", json={"data": post["id"]}))

    assert ("mine", True, str(post["id"])) == (execution["key"], execution["manual"], execution["recordKey"])


async def test_what_a_run_by_hand_does_not_know(root):
    response = await root.post("/api/workflows:execute/1", json={"record": 1, "data": 1})

    assert (400, [("UNKNOWN_FIELD", ["record"])]) == errors(response)


async def test_executions_and_their_jobs_are_read_like_records(root):
    node = {"key": "asked", "type": "condition", "config": {"expression": "true"}}
    await root.post("/api/workflows:create", json={**WORKFLOW, "sync": True, "enabled": True, "nodes": [node]})
    fired = [await root.post("/api/posts:create?triggerWorkflows=mine", json={"title": "x"}) for _ in range(2)]
    first, second = (response.json()["meta"]["workflows"][0]["executionId"] for response in fired)

    assert "mine" == data(await root.get(f"/api/executions:get/{first}"))["key"]
    assert [second] == [each["id"] for each in data(await root.get(f"/api/executions?filter[id]={second}"))]
    jobs = data(await root.get(f"/api/executions/{second}/jobs:list?filter[status]=succeeded"))
    assert [(second, "asked")] == [(job["executionId"], job["nodeKey"]) for job in jobs]


@pytest.mark.parametrize(("key", "status", "code"), [("999", 404, "NOT_FOUND"), ("x", 400, "BAD_KEY")])
async def test_jobs_of_what_is_no_execution(root, key, status, code):
    response = await root.get(f"/api/executions/{key}/jobs:list")

    assert (status, code) == (response.status_code, response.json()["errors"][0]["code"])


async def test_collections_are_described(root):
    described = {each["name"]: each for each in data(await root.get("/api/collections:list"))}

    assert {"posts", "categories", "users", "executions"} <= described.keys()
    assert "category.banner" in described["posts"]["associations"]


# --- outside of the doors


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "//api/posts:list", 404, "NOT_FOUND"),
        ("GET", "/graphql/", 404, "NOT_FOUND"),
        ("POST", "/health/ready", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_errors_are_json_everywhere(root, method, path, status, code):
    response = await root.request(method, f"http://test{path}")

    assert (status, code) == (response.status_code, response.json()["errors"][0]["code"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("post:list", "There is no collection 'post'. Did you mean 'posts'?"),
        ("posts:lists", "'posts' has no action 'lists'. Did you mean 'list'?"),
        ("posts/1/x/2/y", "There is nothing at this path."),
    ],
)
async def test_what_there_is_not_is_told_with_what_was_meant(root, path, message):
    response = await root.get(f"/api/{path}")

    assert (404, message) == (response.status_code, response.json()["errors"][0]["message"])


async def test_what_was_meant_is_not_told_to_those_who_may_not_see_it(root):
    response = await root.get("/api/workflow:list", headers={"X-Role": "member"})

    assert "workflows" not in response.text
