"""How much CPU one GraphQL request can cost, at worst: of those that are accepted, and of those that are refused.

In seconds of the whole process, which does nothing else meanwhile, over a database whose pages are full: 200 posts,
each with 20 comments and 20 tags. Each document is sent twice; the first time nothing of it is kept from before, the
second time its text and its validation are.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import httpx

from api.app import open_service
from api.settings import Settings
from schema.sample.models import Comment, Post, Tag
from tests.bench._figures import show

POSTS, EACH = 200, 20
COLUMNS = "id title content status readCount createdAt"


def overlapping(count: int) -> str:
    return "{ posts { items { " + "title " * count + "} } }"


def fragments(levels: int) -> str:
    spread = " ".join(f"fragment F{n} on Post {{ title ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ posts {{ items {{ ...F0 }} }} }} {spread} fragment F{levels} on Post {{ id }}"


DOCUMENTS = {
    "pages with all relations": (
        f"{{ posts(pageSize: {POSTS}) {{ count items {{ {COLUMNS} author {{ id }} category {{ id }} "
        f"comments {{ id content }} tags {{ id name }} }} }} }}"
    ),
    "15 full pages": "{ "
    + " ".join(f'a{n}: posts(pageSize: {POSTS}, sort: ["-title"]) {{ items {{ {COLUMNS} }} }}' for n in range(15))
    + " }",
    "one field 990 times": overlapping(990),
    "fragments that double 80 times": fragments(80),
    "a filter of 200 parts": "query($f: PostFilter) { posts(filter: $f) { count } }",
    "the whole schema": "{ __schema { types { name description fields { name description "
    "args { name description type { name kind ofType { name kind } } } type { name kind ofType { name kind } } } "
    "inputFields { name type { name kind ofType { name } } } enumValues { name } } } }",
    "a megabyte of tokens": "{ posts { items { " + "title " * 170_000 + "} } }",
    "a megabyte of one text": '{ posts(filter: {title: {eq: "' + "x" * 1_000_000 + '"}}) { nothing } }',
    "a megabyte of comment": "#" + "x" * 1_000_000 + "\n{ nothing }",
    "a megabyte of escapes": '{ posts(sort: ["' + "\\u0041" * 130_000 + '"]) { count } }',
    "unknown fields": "{ posts { items { " + " ".join(f"field{n}" for n in range(900)) + " } } }",
    "fields that contradict each other": "{ posts { items { " + "x: title x: content " * 160 + "} } }",
    "200 levels": "{ posts { items { " + "author { posts { items { " * 60 + "id" + " } } }" * 60 + " } } }",
    "aliases that double 40 times": fragments(40).replace("title", "a: title"),
    "50,000 variables": "query($a: [String!]) { posts(sort: $a) { count nothing } }",
    "introspection in circles": "{ __schema { types { " + "fields { type { " * 5 + "name" + " } }" * 5 + " } } }",
    "too much in the answer": f"{{ posts(pageSize: {POSTS}) "
    "{ items { comments { post { comments { id } } } } } }",
}
VARIABLES = {
    "a filter of 200 parts": {"f": {"or": [{"title": {"includes": f"x{number}"}} for number in range(200)]}},
    "50,000 variables": {"a": ["x"] * 50_000},
}


async def fill() -> None:
    await Post.bulk_create(Post(title=f"Number {n}", content="x" * 200, author_id=1) for n in range(POSTS))
    tags = [await Tag.create(name=f"tag {n}") for n in range(EACH)]
    for post in await Post.all():
        await post.tags.add(*tags)
        await Comment.bulk_create(Comment(post_id=post.id, content="x" * 100) for _ in range(EACH))


async def measure(client: httpx.AsyncClient, name: str, document: str) -> tuple[int, float, float]:
    body = {"query": document, "variables": VARIABLES.get(name, {})}
    times, status = [], 0
    for _ in range(2):
        began = time.process_time()
        answer = await client.post("/graphql", json=body)
        times.append(time.process_time() - began)
        status = answer.status_code
    return status, times[0], times[1]


async def run(folder: Path) -> None:
    settings = Settings(
        home=folder, database_url=f"sqlite://{folder}/bench.db", secret="s" * 32, root_password="r" * 16
    )
    async with open_service(settings) as service:
        await fill()
        token = await service.issue_token("root", 1)
        transport = httpx.ASGITransport(service.asgi)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://bench", headers=headers, timeout=60
        ) as client:
            await client.post("/graphql", json={"query": "{ posts { count } }"})
            taken = {name: await measure(client, name, document) for name, document in DOCUMENTS.items()}
    for kind, status in (("accepted", 200), ("refused", 400)):
        of_kind = {name: times for name, (answered, *times) in taken.items() if answered == status}
        for name, (first, again) in of_kind.items():
            print(f"{kind:<9} {name:<36} {first:7.3f} s CPU, again {again:7.3f} s")
        worst = max(of_kind, key=lambda name: of_kind[name][0])
        show(f"worst that is {kind}: {worst}", [of_kind[worst][0] * 1000], "ms")
    assert {200, 400} == {answered for answered, *_ in taken.values()}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(run(Path(made)))
