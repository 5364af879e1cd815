"""Which part of the values is taken, and which part of a record is answered."""

from typing import Any

import httpx
import pytest

from schema.sample.models import Post
from tests.doors.conftest import Rows


@pytest.fixture
def root(client: httpx.AsyncClient, token: str) -> httpx.AsyncClient:
    client.headers["Authorization"] = f"Bearer {token}"
    return client


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("whitelist=title,status", {"title": "New", "status": "old"}),
        ("whitelist[]=title&whitelist[]=tags", {"title": "New"}),
        ("whitelist=", {"title": "New", "status": "old", "content": "x"}),
        ("blacklist=status,category,createdAt", {"title": "New", "content": "x"}),
        ("whitelist=title,status&blacklist=status", {"title": "New"}),
    ],
)
@pytest.mark.parametrize("path", ["posts:create", "posts:update/2", "posts:updateOrCreate"])
async def test_values_are_taken_as_the_lists_say(
    root: httpx.AsyncClient, path: str, query: str, kept: dict[str, Any]
) -> None:
    values = {"title": "New", "status": "old", "content": "x"}
    keys = "&filterKeys=title" if path.endswith("OrCreate") else ""

    response = await root.post(f"/api/{path}?{query}{keys}", json=values)

    assert 200 == response.status_code, response.text
    [stored] = await Post.filter(title="New").values("title", "status", "content")
    assert kept.items() <= stored.items()
    assert {name for name, value in stored.items() if values[name] == value} == kept.keys()


async def test_a_record_that_was_read_is_sent_back_with_what_may_be_written(root: httpx.AsyncClient) -> None:
    record = (await root.get("/api/posts:get/1")).json()["data"]

    response = await root.post("/api/posts:update/1?whitelist=title,content", json={**record, "title": "New"})

    assert "New" == response.json()["data"][0]["title"]


async def test_what_is_required_is_required_of_what_is_taken(root: httpx.AsyncClient, rows: Rows) -> None:
    before = await rows()

    response = await root.post("/api/posts:create?blacklist=title", json={"title": "New"})

    assert [("REQUIRED", ["title"])] == [(error["code"], error["path"]) for error in response.json()["errors"]]
    assert before == await rows()


CATEGORY = {"id": 1, "title": "Announcements"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("fields=id,comments.id,comments.post.id", {"id": 1, "comments": [{"id": 1, "post": {"id": 1}}]}),
        ("fields=id,category.title", {"id": 1, "category": {"title": "Announcements"}}),
        ("fields=id,category.banner.id", {"id": 1, "category": {**CATEGORY, "bannerId": 1, "banner": {"id": 1}}}),
        ("fields=id,tags.name", {"id": 1, "tags": [{"name": "news"}, {"name": "python"}]}),
        ("fields=id&appends=category&except=category.bannerId", {"id": 1, "category": CATEGORY}),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "posts:get/1"), ("GET", "posts:list"), ("POST", "posts:update/1")]
)
async def test_names_with_dots_reach_into_relations(
    root: httpx.AsyncClient, method: str, path: str, query: str, expected: dict[str, Any]
) -> None:
    response = await root.request(
        method, f"/api/{path}?{query}", content=b'{"title":"New"}' if method == "POST" else b""
    )

    data = response.json()["data"]

    assert expected == (data[0] if isinstance(data, list) else data)
