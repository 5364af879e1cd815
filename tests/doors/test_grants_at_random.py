"""Random grants and random reads: a role is told what everybody would be, were there no more than it may see."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx
import pytest

from engine.system.models import User
from schema.sample.models import Category, Comment, Post, Tag
from tests.doors.conftest import give_role

COLUMNS = {
    "posts": ("title", "status", "readCount", "secretNote"),
    "categories": ("title",),
    "tags": ("name",),
    "comments": ("content",),
}
RELATIONS = {
    "posts": {"category": ("categories", False), "tags": ("tags", True), "comments": ("comments", True)},
    "categories": {"post": ("posts", False)},
    "tags": {"posts": ("posts", True)},
    "comments": {"post": ("posts", False)},
}
WORDS = ("a", "b", "c")
READS = 6

Row = dict[str, Any]
Rows = Mapping[str, list[Row]]


@dataclass(frozen=True)
class Seen:
    """What a role sees: rows by collection, each with the rows that hang on it, and the names of its columns."""

    rows: Rows
    names: Mapping[str, frozenset[str]]

    def related(self, collection: str, row: Row, relation: str) -> list[Row]:
        target, _ = RELATIONS[collection][relation]
        return [each for each in self.rows[target] if each["id"] in row[relation]]

    def columns(self, collection: str) -> list[str]:
        return ["id", *(name for name in COLUMNS[collection] if name in self.names[collection])]

    def relations(self, collection: str) -> list[str]:
        return [name for name in RELATIONS[collection] if name in self.names[collection]]

    def matches(self, collection: str, row: Row, filter: Mapping[str, Any]) -> bool:
        return all(self._member(collection, row, name, value) for name, value in filter.items())

    def _member(self, collection: str, row: Row, name: str, value: Any) -> bool:
        if name == "$not":
            return not self.matches(collection, row, value)
        if name == "$or":
            return any(self.matches(collection, row, part) for part in value)
        if name in RELATIONS[collection]:
            target, _ = RELATIONS[collection][name]
            return any(self.matches(target, each, value) for each in self.related(collection, row, name))
        return row[name] in value["$in"]

    def told(self, collection: str, row: Row, relations: Iterable[str]) -> Row:
        told = {name: row[name] for name in self.columns(collection)}
        for name in relations:
            target, many = RELATIONS[collection][name]
            found = [
                {column: each[column] for column in self.columns(target)}
                for each in sorted(self.related(collection, row, name), key=lambda each: each["id"])
            ]
            told[name] = found if many else next(iter(found), None)
        return told


async def fill(random: Random) -> Rows:
    """A few rows of everything, linked at random; answers them, with the keys of what hangs on each."""
    for model in (Comment, Post, Category, Tag):
        await model.all().delete()
    author = await User.get(username="root")
    tags = [await Tag.create(name=random.choice(WORDS)) for _ in range(3)]
    categories = [await Category.create(title=random.choice(WORDS)) for _ in range(5)]
    posts = []
    for number in range(6):
        post = await Post.create(
            title=random.choice(WORDS),
            status=random.choice(WORDS),
            read_count=random.randrange(3),
            secret_note=random.choice(WORDS),
            category=categories[number] if number < 4 else None,
            author=author if random.random() < 0.6 else None,
        )
        await post.tags.add(*random.sample(tags, random.randrange(1, 3)))
        posts.append(post)
    for _ in range(8):
        await Comment.create(content=random.choice(WORDS), post=random.choice([*posts, None]))
    return await everything()


async def everything() -> Rows:
    posts = await Post.all().prefetch_related("tags", "comments")
    return {
        "posts": [
            {
                "id": post.id,
                "title": post.title,
                "status": post.status,
                "readCount": post.read_count,
                "secretNote": post.secret_note,
                "authorId": post.author_id,
                "category": {post.category_id},
                "tags": {tag.id for tag in post.tags},
                "comments": {comment.id for comment in post.comments},
            }
            for post in posts
        ],
        "categories": [
            {"id": each.id, "title": each.title, "post": {post.id for post in posts if post.category_id == each.id}}
            for each in await Category.all()
        ],
        "tags": [
            {"id": tag.id, "name": tag.name, "posts": {post.id for post in posts if tag in post.tags}}
            for tag in await Tag.all()
        ],
        "comments": [{"id": each.id, "content": each.content, "post": {each.post_id}} for each in await Comment.all()],
    }


def some(random: Random, names: Iterable[str]) -> list[str]:
    return [name for name in names if random.random() < 0.6]


def a_filter(random: Random, seen: Seen, collection: str, depth: int = 2) -> dict[str, Any]:
    """A filter over what can be seen."""
    columns = [name for name in seen.columns(collection) if name != "id"]
    kind = random.choice(["column", "relation", "$not", "$or"] if depth else ["column"])
    if kind == "relation" and (relations := seen.relations(collection)):
        name = random.choice(relations)
        return {name: a_filter(random, seen, RELATIONS[collection][name][0], depth - 1)}
    if kind == "$not":
        return {"$not": a_filter(random, seen, collection, depth - 1)}
    if kind == "$or":
        return {"$or": [a_filter(random, seen, collection, depth - 1) for _ in range(2)]}
    if not columns:
        return {"id": {"$in": [random.choice(seen.rows[collection])["id"]] if seen.rows[collection] else [0]}}
    name = random.choice(columns)
    values = [0, 1, 2] if name == "readCount" else WORDS
    return {name: {"$in": random.sample(values, random.randrange(1, 3))}}


def narrowed(random: Random, rows: Rows, root: int) -> tuple[dict[str, Any], Seen]:
    """A grant on each collection, and what it leaves."""
    whole = Seen(rows, {name: frozenset((*COLUMNS[name], *RELATIONS[name])) for name in COLUMNS})
    grants: dict[str, Any] = {}
    names: dict[str, frozenset[str]] = {}
    left: dict[str, list[Row]] = {}
    for collection in COLUMNS:
        limits: dict[str, Any] = {}
        names[collection], left[collection] = whole.names[collection], rows[collection]
        if random.random() < 0.7:
            limits["fields"] = some(random, [*COLUMNS[collection], *RELATIONS[collection]])
            names[collection] = frozenset(limits["fields"])
        if random.random() < 0.7:
            wanted = a_filter(random, whole, collection)
            left[collection] = [row for row in left[collection] if whole.matches(collection, row, wanted)]
            limits["filter"] = wanted
            if collection == "posts" and random.random() < 0.5:
                left[collection] = [row for row in left[collection] if row["authorId"] == root]
                limits["filter"] = {"$and": [wanted, {"author": {"id": "{{$user.id}}"}}]}
        grants[collection] = {"read": limits}
    return grants, Seen(left, names)


def typed(filter: Any) -> Any:
    """A filter as GraphQL has it."""
    if isinstance(filter, list):
        return [typed(part) for part in filter] if filter and isinstance(filter[0], dict) else filter
    return (
        {name.removeprefix("$"): typed(value) for name, value in filter.items()} if isinstance(filter, dict) else filter
    )


def as_text(value: Any) -> Any:
    """Keys as GraphQL tells them."""
    if isinstance(value, list):
        return [as_text(each) for each in value]
    if isinstance(value, dict):
        return {name: str(each) if name == "id" else as_text(each) for name, each in value.items()}
    return value


@pytest.mark.parametrize("number", range(12))
async def test_a_role_is_told_what_everybody_would_be_if_there_were_no_more(
    number, seed: int, client: httpx.AsyncClient, token: str
):
    random = Random(f"{seed} {number}")
    rows = await fill(random)
    root = await User.get(username="root")
    grants, seen = narrowed(random, rows, root.id)
    await give_role("random", grants)
    headers = {"Authorization": f"Bearer {token}", "X-Role": "random"}

    for _ in range(READS):
        collection = random.choice([*COLUMNS])
        relations, wanted = some(random, seen.relations(collection)), a_filter(random, seen, collection)
        sort, descending = random.choice(seen.columns(collection)), random.random() < 0.5
        found = sorted(
            (row for row in seen.rows[collection] if seen.matches(collection, row, wanted)), key=lambda row: row["id"]
        )
        found.sort(key=lambda row: row[sort], reverse=descending)
        expected = [seen.told(collection, row, relations) for row in found]
        order = f"{'-' * descending}{sort}"

        query = {"filter": json.dumps(wanted), "sort": order, **({"appends": ",".join(relations)} if relations else {})}
        rest = (await client.get(f"/api/{collection}:list", params=query, headers=headers)).json()
        asked = await client.post(
            "/graphql",
            json={
                "query": document(seen, collection, relations),
                "variables": {"filter": typed(wanted), "sort": [order]},
            },
            headers=headers,
        )
        graphql = asked.json()

        assert len(expected) == rest["meta"]["count"] == graphql["data"]["it"]["count"], (grants, query)
        assert as_text(expected) == graphql["data"]["it"]["items"], (grants, query)
        assert expected == [without_keys(collection, record) for record in rest["data"]], (grants, query)


def document(seen: Seen, collection: str, relations: Iterable[str]) -> str:
    nested = " ".join(f"{name} {{ {' '.join(seen.columns(RELATIONS[collection][name][0]))} }}" for name in relations)
    one = {"posts": "Post", "categories": "Category", "tags": "Tag", "comments": "Comment"}[collection]
    return (
        f"query($filter: {one}Filter, $sort: [String!]) {{ it: {collection}(filter: $filter, sort: $sort) "
        f"{{ count items {{ {' '.join(seen.columns(collection))} {nested} }} }} }}"
    )


def without_keys(collection: str, record: Row) -> Row:
    """A record without the columns that are not looked at here: the keys of others, and when it was written."""
    told = {}
    for name, value in record.items():
        if name in RELATIONS[collection]:
            target, _ = RELATIONS[collection][name]
            listed = isinstance(value, list)
            told[name] = (
                [without_keys(target, each) for each in value] if listed else value and without_keys(target, value)
            )
        elif name == "id" or name in COLUMNS[collection]:
            told[name] = value
    return told
