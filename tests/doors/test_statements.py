"""What a list costs: as many SQL statements for fifty records as for five, through both doors."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

import httpx
import pytest

from engine.system.models import User
from schema.sample.models import Comment, Post, Tag

Ask: TypeAlias = Callable[[httpx.AsyncClient, int], Awaitable[httpx.Response]]

DOCUMENT = """query ($size: Int) { posts(pageSize: $size) {
    items { id author { id username } tags { id name } comments { id post { id } } category { id } }
} }"""


async def by_rest(client: httpx.AsyncClient, size: int) -> httpx.Response:
    appends = "author,tags,comments.post,category"
    return await client.get("/api/posts:list", params={"appends": appends, "pageSize": size})


async def by_graphql(client: httpx.AsyncClient, size: int) -> httpx.Response:
    return await client.post("/graphql", json={"query": DOCUMENT, "variables": {"size": size}})


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The statements since it was last cleared, as Tortoise's client logs them, but those of our own rounds, and those
    that find out who asks: that is remembered for a moment, see `tests/engine/identity/test_accounts.py`.
    """
    kept: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said = record.getMessage()
            if not any(
                name in said for name in ('"executions"', '"revisions"', '"revoked_tokens"', '"tokens_valid_from"')
            ):
                kept.append(said)

    client, handler = logging.getLogger("tortoise.db_client"), Keeping()
    before = client.level
    client.addHandler(handler)
    client.setLevel(logging.DEBUG)
    yield kept
    client.setLevel(before)
    client.removeHandler(handler)


@pytest.fixture
async def root(client: httpx.AsyncClient, token: str) -> httpx.AsyncClient:
    """A client of root's, in a database with fifty posts that have everything."""
    client.headers["Authorization"] = f"Bearer {token}"
    author = await User.get(username="root")
    tags = [await Tag.create(name=f"tag {number}") for number in range(4)]
    for number in range(48):
        post = await Post.create(title=f"post {number}", author=author)
        await post.tags.add(tags[number % 4], tags[(number + 1) % 4])
        await Comment.create(content="x", post=post)
    return client


@pytest.mark.parametrize("ask", [by_rest, by_graphql])
async def test_fifty_records_cost_no_more_statements_than_five(
    root: httpx.AsyncClient, statements: list[str], ask: Ask
) -> None:
    counts: dict[int, int] = {}

    for size in (5, 50):
        statements.clear()
        response = await ask(root, size)
        counts[size] = len(statements)
        assert size == response.text.count('"username"')

    assert counts[5] == counts[50]
    # The count, the page, and for each of the five relations no more than three.
    assert counts[50] <= 2 + 5 * 3
