"""The REST routes of what hangs on one record; GraphQL reads it nested, and creates it with the relation's key."""

from typing import Any

import httpx
import pytest

from engine.system.models import Execution
from schema.sample.models import Banner, Category, Comment, Post, Tag
from tests.doors.conftest import Rows, Save, give_role


@pytest.fixture
def root(client: httpx.AsyncClient, token: str) -> httpx.AsyncClient:
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def codes(response: httpx.Response) -> list[str]:
    return [error["code"] for error in response.json().get("errors", [])]


# --- reading


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("posts/1/comments:list", [1]),
        ("posts/2/comments:list", []),
        ("posts/1/comments", [1]),
        ("posts/1/tags:list?sort=-id", [2, 1]),
        ("posts/1/tags:list?filter[name]=news", [1]),
        ("posts/1/tags:list?pageSize=1&page=2", [2]),
        ("tags/2/posts:list?fields=id", [1, 2]),
        ("users/1/posts:list", [1, 2]),
        ("executions/99/jobs:list", None),
    ],
)
async def test_a_list_is_of_what_hangs_there(root: httpx.AsyncClient, path: str, ids: list[int] | None) -> None:
    response = await root.get(f"/api/{path}")

    if ids is None:
        assert (404, ["NOT_FOUND"]) == (response.status_code, codes(response))
    else:
        assert ids == [record["id"] for record in response.json()["data"]]


async def test_a_count_is_of_what_hangs_there(root: httpx.AsyncClient) -> None:
    response = await root.get("/api/posts/1/tags:count?filter[name][$ne]=news")

    assert {"data": 1} == response.json()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("categories/1/post:get", 1),
        ("categories/1/post", 1),
        ("posts/1/category:get", 1),
        ("posts/1/author:get?fields=id", 1),
        ("posts/1/comments:get/1", 1),
        ("posts/1/comments/1", 1),
        ("posts/1/tags:get?filter[name]=python", 2),
        ("posts/2/comments:get/1", 404),
        ("posts/2/category:get", 404),
        ("posts/99/category:get", 404),
        ("posts/1/tags:get", 400),
        ("posts/abc/tags:list", 400),
    ],
)
async def test_a_get_is_of_what_hangs_there(root: httpx.AsyncClient, path: str, expected: int) -> None:
    response = await root.get(f"/api/{path}")

    found = response.json()["data"]["id"] if response.status_code == 200 else response.status_code
    assert expected == found


@pytest.mark.parametrize(
    "grants", [{"posts": {"read": {}}}, {"comments": {"read": {}}}], ids=["the owner alone", "the target alone"]
)
async def test_both_ends_must_be_readable(root: httpx.AsyncClient, grants: dict[str, Any]) -> None:
    await give_role("half", grants)

    response = await root.get("/api/posts/1/comments:list", headers={"X-Role": "half"})

    assert (403, ["NO_PERMISSION"]) == (response.status_code, codes(response))


# --- creating


@pytest.mark.parametrize(
    ("path", "values", "linked"),
    [
        ("posts/2/comments:create", {"content": "New"}, lambda: Comment.filter(content="New", post_id=2)),
        ("posts/2/comments", {"content": "New"}, lambda: Comment.filter(content="New", post_id=2)),
        ("posts/2/tags:create", {"name": "new"}, lambda: Tag.filter(name="new", posts__id=2)),
        ("posts/2/category:create", {"title": "New"}, lambda: Category.filter(title="New", post__id=2)),
        ("posts/1/category:create", {"title": "New"}, lambda: Category.filter(title="New", post__id=1)),
        ("banners/2/category", {"title": "New"}, lambda: Category.filter(title="New", banner_id=2)),
        ("users/1/posts:create", {"title": "New"}, lambda: Post.filter(title="New", author_id=1)),
    ],
)
async def test_what_is_created_hangs_there(root: httpx.AsyncClient, path: str, values: Any, linked: Any) -> None:
    await Banner.create(url="/free")

    response = await root.post(f"/api/{path}", json=values)

    assert 200 == response.status_code, response.text
    assert [response.json()["data"]["id"]] == await linked().values_list("id", flat=True)


async def test_several_are_created_at_once(root: httpx.AsyncClient) -> None:
    await root.post("/api/posts/2/comments:create", json=[{"content": "a"}, {"content": "b"}])

    assert ["a", "b"] == [comment.content for comment in await Comment.filter(post_id=2).order_by("id")]


async def test_what_is_created_fires_and_its_owner_does_not(root: httpx.AsyncClient, save: Save) -> None:
    await save("commented", "comments")
    await save("all-comments", "comments", config={"global": True, "actions": ["create"]})

    response = await root.post("/api/posts/2/comments:create?triggerWorkflows=commented", json={"content": "New"})

    assert ["commented", "all-comments"] == [each["key"] for each in response.json()["meta"]["workflows"]]
    assert {"comments"} == {each.collection for each in await Execution.all()}


async def test_the_path_of_a_trigger_starts_at_what_is_created(root: httpx.AsyncClient) -> None:
    path = "/api/tags/1/posts:create?triggerWorkflows=category-created!category"

    response = await root.post(path, json={"title": "New", "category": {"title": "Mine"}})

    assert [("category-created", "category"), ("post-audit", None)] == [
        (each["key"], each["association"]) for each in response.json()["meta"]["workflows"]
    ]


@pytest.mark.parametrize(
    ("path", "values", "code"),
    [
        ("posts/99/comments:create", {"content": "x"}, "NOT_FOUND"),
        ("posts/abc/comments:create", {"content": "x"}, "BAD_KEY"),
        ("posts/1/comments:create", {"content": "x", "postId": 2}, "BAD_VALUE"),
        ("posts/1/comments:create", {"content": "x", "post": {"id": 2}}, "BAD_VALUE"),
        ("posts/1/comments:create?dryRun=maybe", {"content": "x"}, "BAD_VALUE"),
        ("posts/1/tags:create", {"title": "x"}, "UNKNOWN_FIELD"),
        ("categories/1/post:create", {"title": "x"}, "UNIQUE_VIOLATION"),
        ("posts/2/category:create", [{"title": "a"}, {"title": "b"}], "BAD_VALUE"),
    ],
)
async def test_a_bad_creation_is_refused(
    root: httpx.AsyncClient, rows: Rows, path: str, values: Any, code: str
) -> None:
    before = await rows()

    response = await root.post(f"/api/{path}", json=values)

    assert code == codes(response)[0]
    assert before == await rows()


@pytest.mark.parametrize(
    ("path", "values", "grants", "status"),
    [
        ("posts/2/comments:create", {}, {"posts": {"read": {}}, "comments": {"create": {}}}, 200),
        ("posts/2/comments:create", {}, {"posts": {"read": {}, "update": {}}, "comments": {"read": {}}}, 403),
        ("posts/2/comments:create", {}, {"comments": {"create": {}}}, 403),
        ("posts/2/tags:create", {"name": "x"}, {"posts": {"read": {}}, "tags": {"create": {}}}, 403),
        ("posts/2/tags:create", {"name": "x"}, {"posts": {"read": {}, "update": {}}, "tags": {"create": {}}}, 200),
    ],
)
async def test_creating_is_granted_where_it_writes(
    root: httpx.AsyncClient, path: str, values: Any, grants: dict[str, Any], status: int
) -> None:
    await give_role("some", grants)

    response = await root.post(f"/api/{path}", json=values, headers={"X-Role": "some"})

    assert status == response.status_code, response.text


# --- changing and ending


async def test_an_update_reaches_what_hangs_there_alone(root: httpx.AsyncClient) -> None:
    await Comment.create(content="Loose")

    by_filter = await root.post("/api/posts/1/comments:update?filter[id][$gt]=0", json={"content": "New"})
    by_key = await root.post("/api/posts/1/comments:update/2", json={"content": "New"})

    assert ([1], 404) == ([record["id"] for record in by_filter.json()["data"]], by_key.status_code)
    assert ["New", "Loose"] == [comment.content for comment in await Comment.all().order_by("id")]


async def test_a_destroy_reaches_what_hangs_there_alone(root: httpx.AsyncClient) -> None:
    await Comment.create(content="Loose")

    by_filter = await root.post("/api/posts/1/comments:destroy?filter[id][$gt]=0")
    by_key = await root.post("/api/posts/1/comments:destroy/2")

    assert ({"data": 1}, 404) == (by_filter.json(), by_key.status_code)
    assert [2] == await Comment.all().values_list("id", flat=True)


@pytest.mark.parametrize("action", ["update", "destroy"])
async def test_where_many_hang_it_must_be_said_which(root: httpx.AsyncClient, rows: Rows, action: str) -> None:
    before = await rows()

    response = await root.post(f"/api/posts/1/comments:{action}", json={})

    assert ["FILTER_REQUIRED"] == codes(response)
    assert before == await rows()


async def test_where_one_hangs_nothing_more_must_be_said(root: httpx.AsyncClient) -> None:
    updated = await root.post("/api/categories/1/post:update", json={"status": "old"})
    destroyed = await root.post("/api/categories/1/post:destroy")
    gone = await root.post("/api/categories/1/post:destroy")

    assert ["old"] == [record["status"] for record in updated.json()["data"]]
    assert ({"data": 1}, 404) == ({"data": destroyed.json()["data"]}, gone.status_code)


async def test_what_hangs_there_is_looked_up_or_created(root: httpx.AsyncClient) -> None:
    await Comment.create(content="Same", post_id=1)
    path = "/api/posts/2/comments:firstOrCreate?filterKeys=content"

    first = await root.post(path, json={"content": "Same"})
    second = await root.post(path, json={"content": "Same"})

    assert first.json()["data"] == second.json()["data"]
    assert [1, 1, 2] == sorted(await Comment.all().values_list("post_id", flat=True))


async def test_links_fire_nothing(root: httpx.AsyncClient, rows: Rows) -> None:
    before = await rows()

    response = await root.post("/api/posts/1/tags:add?triggerWorkflows=post-created", json=[1])

    assert ["TRIGGER_ACTION"] == codes(response)
    assert before == await rows()
