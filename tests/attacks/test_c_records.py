"""Records that a role does not read, asked for by their keys: each is answered like one that does not exist (C, D11).

Whatever differs but the key is a hint.
"""

import json
from typing import Any

import httpx
import pytest

from schema.sample.models import Category, Post
from tests.attacks.world import World

HIDDEN, MISSING = 70701, 70702
"""Keys of posts and of categories: there are editor's with the first, and none with the second."""

READS = {
    "a get": ("posts:get/KEY", {}),
    "a get by its parameter": ("posts:get", {"filterByTk": "KEY"}),
    "a get by a filter": ("posts:get", {"filter": '{"id": KEY}'}),
    "a list": ("posts:list", {"filter": '{"id": {"$in": [KEY]}}'}),
    "a list by what it is not": ("posts:list", {"filter": '{"$not": {"id": {"$ne": KEY}}}'}),
    "what hangs on it": ("posts/KEY/comments:list", {}),
    "its tags": ("posts/KEY/tags:list", {}),
    "its author": ("posts/KEY/author:get", {}),
    "its category": ("posts/KEY/category:get", {}),
    "what ran on it": ("posts/KEY/executions:list", {}),
    "another table's": ("categories:get/KEY", {}),
    "the post of it": ("categories/KEY/post:get", {}),
    "by a relation": ("categories:list", {"filter": '{"post": {"id": KEY}}'}),
    "by a relation that is none": ("comments:list", {"filter": '{"post": {"id": KEY}}'}),
}
WRITES = {
    "a change": ("posts:update/KEY", {}, {"title": "attack"}),
    "a change of several": ("posts:update", {"filterByTk[]": ["OWN", "KEY"]}, {"title": "attack"}),
    "a change by a filter": ("posts:update", {"filter": '{"id": KEY}'}, {"title": "attack"}),
    "a change with a workflow": (
        "posts:update/KEY",
        {"triggerWorkflows": "wfPost,wfCat!category"},
        {"title": "attack"},
    ),
    "a change that would say no": ("posts:update/KEY", {}, {"secretNote": "attack", "title": 1}),
    "an end": ("posts:destroy/KEY", {}, None),
    "an end of several": ("posts:destroy", {"filterByTk[]": ["OWN", "KEY"]}, None),
    "an end by a filter": ("posts:destroy", {"filter": '{"id": KEY}'}, None),
    "a tag": ("posts/KEY/tags:add", {}, [1]),
    "all of its tags": ("posts/KEY/tags:set", {}, []),
    "another category": ("posts/KEY/category:create", {}, {"title": "attack"}),
    "another's category": ("posts:update/OWN", {}, {"category": {"id": "KEY"}}),
    "a dry run": ("posts:update/KEY", {"dryRun": "true"}, {"title": "attack"}),
}
DOCUMENTS = {
    "a record": "{ post(id: KEY) { title } }",
    "a list": "{ posts(filter: {id: {eq: KEY}}) { count items { title } } }",
    "its category": "{ category(id: KEY) { post { title } } }",
    "what ran on it": "{ post(id: KEY) { executions { key } } }",
    "a change": 'mutation { updatePost(id: KEY, values: {title: "attack"}) { record { id } } }',
    "a change with a workflow": 'mutation { updatePost(id: KEY, values: {title: "attack"},'
    ' triggerWorkflows: [{key: "wfCat", association: "category"}]) { record { id } } }',
    "an end": "mutation { destroyPost(id: KEY) { count } }",
    "a tag": "mutation { addPostTags(id: KEY, keys: [1]) { keys } }",
}


@pytest.fixture(autouse=True)
async def hidden(world: World) -> None:
    """A post of editor's, and its category."""
    category = await Category.create(id=HIDDEN, title="hidden")
    await Post.create(id=HIDDEN, title="hidden", author=await world.user("editor"), category=category)


def put_in(given: Any, key: int, own: int) -> Any:
    return json.loads(json.dumps(given).replace('"KEY"', str(key)).replace("KEY", str(key)).replace("OWN", str(own)))


def like(response: httpx.Response, key: int) -> tuple[int, str]:
    """The answer without the key in it."""
    return response.status_code, response.text.replace(str(key), "KEY")


@pytest.mark.parametrize(("path", "params"), READS.values(), ids=READS)
async def test_it_is_not_read(world: World, nothing_happened, path, params):
    answers = []
    async with nothing_happened():
        for key in (HIDDEN, MISSING):
            given = put_in(params, key, world.own.id)
            answer = await world.send("GET", path.replace("KEY", str(key)), world.tokens["member"], params=given)
            answers.append(like(answer, key))

    assert answers[0] == answers[1]
    assert "hidden" not in answers[0][1]


@pytest.mark.parametrize(("path", "params", "values"), WRITES.values(), ids=WRITES)
async def test_it_is_not_written(world: World, nothing_happened, path, params, values):
    answers = []
    async with nothing_happened():
        for key in (HIDDEN, MISSING):
            asked = path.replace("KEY", str(key)).replace("OWN", str(world.own.id))
            given, body = put_in(params, key, world.own.id), put_in(values, key, world.own.id)
            answers.append(like(await world.send("POST", asked, world.tokens["member"], params=given, json=body), key))

    assert answers[0] == answers[1]


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_nor_in_graphql(world: World, nothing_happened, document):
    answers = []
    async with nothing_happened():
        for key in (HIDDEN, MISSING):
            asked = put_in(document, key, world.own.id)
            answers.append(like(await world.ask(asked, world.tokens["member"]), key))

    assert answers[0] == answers[1]
    assert "GRAPHQL_INVALID" not in answers[0][1]


@pytest.mark.parametrize(
    "given", [{}, {"filter": "{}"}, {"filter": '{"$or": [{}]}'}, {"filter": '{"$and": []}'}], ids=str
)
@pytest.mark.parametrize("action", ["update", "destroy"])
async def test_a_write_of_everything_is_refused(world: World, refused, action, given):
    body = {"title": "attack"} if action == "update" else None

    assert ["FILTER_REQUIRED"] == await refused(
        world.send("POST", f"posts:{action}", world.tokens["member"], params=given, json=body)
    )
