"""Columns that a role does not read, asked for by every way: each is answered like one that does not exist (D).

The first name of each case is hidden from members, the second is nowhere; whatever differs but the name is a hint.
"""

import json
from typing import Any

import httpx
import pytest

from schema.sample.models import Post
from tests.attacks.world import World
from tests.doors.conftest import give_role
from tests.doors.door import Door

HIDDEN = {"secretNote": "noSuchNote", "secret_note": "no_suchnote"}
"""As it is spelt, and as the column is called; as long as each other, since places are told."""

READS = {
    "fields": ("posts:list", {"fields": "NAME"}),
    "fields among others": ("posts:list", {"fields[]": ["id", "NAME"]}),
    "except": ("posts:list", {"except": "NAME"}),
    "appends": ("posts:list", {"appends": "NAME"}),
    "of a related record": ("comments:list", {"appends": "post", "fields": "post.NAME"}),
    "sort": ("posts:list", {"sort": "NAME"}),
    "sort downwards": ("posts:list", {"sort": "-NAME"}),
    "sort by a related record": ("comments:list", {"sort": "post.NAME"}),
    "filter": ("posts:list", {"filter": '{"NAME": "only members"}'}),
    "filter by an operator": ("posts:list", {"filter": '{"NAME": {"$startsWith": "o"}}'}),
    "filter by its absence": ("posts:list", {"filter": '{"NAME": {"$empty": true}}'}),
    "filter in another spelling": ("posts:list", {"filter[NAME][$includes]": "o"}),
    "filter deep inside": ("posts:list", {"filter": '{"$or": [{"$not": {"$and": [{"NAME": {"$ne": null}}]}}]}'}),
    "filter over a relation": ("comments:list", {"filter": '{"post": {"NAME": {"$startsWith": "o"}}}'}),
    "filter over a relation, with dots": ("comments:list", {"filter": '{"post.NAME.$startsWith": "o"}'}),
    "filter of a get": ("posts:get", {"filter": '{"NAME": {"$startsWith": "o"}}'}),
    "filter of related records": ("categories/1/post:get", {"fields": "NAME"}),
}
WRITES = {
    "a new record": ("posts:create", {}, {"title": "x", "NAME": "attack"}),
    "many new records": ("posts:create", {}, [{"title": "x"}, {"title": "y", "NAME": "attack"}]),
    "a change": ("posts:update", {"filterByTk": "OWN"}, {"NAME": "attack"}),
    "a change by a filter": ("posts:update", {"filter": '{"NAME": {"$startsWith": "o"}}'}, {"title": "attack"}),
    "an end by a filter": ("posts:destroy", {"filter": '{"NAME": {"$startsWith": "o"}}'}, None),
    "a record found by it": ("posts:firstOrCreate", {"filterKeys[]": "NAME"}, {"title": "x", "NAME": "only members"}),
    "a record changed by it": (
        "posts:updateOrCreate",
        {"filterKeys[]": "NAME"},
        {"title": "x", "NAME": "only members"},
    ),
    "the answer": ("posts:update", {"filterByTk": "OWN", "fields": "NAME"}, {"title": "attack"}),
    "a dry run": ("posts:create", {"dryRun": "true", "fields": "NAME"}, {"title": "x"}),
}
DOCUMENTS = {
    "a field": "{ posts { items { NAME } } }",
    "under another name": "{ posts { items { a: NAME } } }",
    "in a fragment": "{ posts { items { ...F } } } fragment F on Post { NAME }",
    "in a fragment on its type": "{ posts { items { ... on Post { NAME } } } }",
    "left out by a directive": "{ posts { items { id NAME @include(if: false) } } }",
    "of a related record": "{ comments { items { post { NAME } } } }",
    "of one record": "{ post(id: OWN) { NAME } }",
    "a filter": '{ posts(filter: {NAME: {startsWith: "o"}}) { items { id } } }',
    "a filter deep inside": '{ posts(filter: {or: [{not: {NAME: {eq: "o"}}}]}) { items { id } } }',
    "a filter over a relation": '{ comments(filter: {post: {NAME: {startsWith: "o"}}}) { items { id } } }',
    "a new record": 'mutation { createPost(values: {title: "x", NAME: "attack"}) { record { id } } }',
    "a change": 'mutation { updatePost(id: OWN, values: {NAME: "attack"}) { record { id } } }',
    "the answer": 'mutation { createPost(values: {title: "x"}) { record { id NAME } } }',
}


def put_in(given: Any, name: str, own: int) -> Any:
    return json.loads(json.dumps(given).replace("NAME", name).replace("OWN", str(own)))


def like(response: httpx.Response, name: str) -> tuple[int, str]:
    """The answer without the name in it."""
    return response.status_code, response.text.replace(name, "NAME")


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(("path", "params"), READS.values(), ids=READS)
async def test_it_is_not_read(world: World, path: str, params: dict[str, Any], hidden: str, nothing_happened):
    answers = []
    async with nothing_happened():
        for name in (hidden, HIDDEN[hidden]):
            given = put_in(params, name, world.own.id)
            answers.append(like(await world.send("GET", path, world.tokens["member"], params=given), name))

    assert answers[0] == answers[1]
    assert answers[0][0] in (400, 404)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(("path", "params", "values"), WRITES.values(), ids=WRITES)
async def test_it_is_not_written(world: World, path, params, values, hidden, nothing_happened):
    answers = []
    async with nothing_happened():
        for name in (hidden, HIDDEN[hidden]):
            given, body = put_in(params, name, world.own.id), put_in(values, name, world.own.id)
            answer = await world.send("POST", path, world.tokens["member"], params=given, json=body)
            answers.append(like(answer, name))

    assert answers[0] == answers[1]
    assert 400 == answers[0][0]


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_nor_in_graphql(world: World, document: str, nothing_happened):
    answers = []
    async with nothing_happened():
        for name in ("secretNote", HIDDEN["secretNote"]):
            asked = put_in(document, name, world.own.id)
            answers.append(like(await world.ask(asked, world.tokens["member"]), name))

    assert answers[0] == answers[1]
    assert "errors" in answers[0][1]
    assert "Did you mean" not in answers[0][1]


async def test_nor_is_whether_a_record_that_may_not_be_changed_is_linked(world: World, door: Door, nothing_happened):
    """Whoever links it changes it, so the refusal is that of the change, whether the link would be free or not."""
    own = {"authorId": "{{$user.id}}"}
    posts = {"read": {"fields": ["title"]}, "update": {"fields": ["category"], "filter": own}}
    await give_role("linking", {"posts": posts, "categories": {"read": {}, "create": {}}})
    free = await Post.create(title="without a category")
    async with nothing_happened():
        for post in (world.foreign, free):
            answer = await door.create("categories", {"title": "x", "post": {"id": post.id}}, role="linking")

            assert ["NO_PERMISSION"] == answer.codes


# Hidden relations, each beside one that is nowhere; METHOD action, and what is sent.
HIDDEN_RELATIONS = {"tags": "xags", "category": "xategory", "comments": "xomments"}
PATHS = (
    *("GET", "POST", "PUT", "DELETE", "OPTIONS", "GET :list", "GET :get", "GET :count", "POST :create", "POST :update"),
    *(
        "POST :destroy",
        "POST :add",
        "POST :set",
        "POST :remove",
        "POST :toggle",
        "GET :set",
        "PUT :add",
        "POST :nothing",
    ),
)
READING: dict[str, Any] = {"read": {"fields": ["title"]}}


@pytest.mark.parametrize("grants", [READING, {**READING, "update": {"fields": ["title"]}}], ids=["reader", "writer"])
@pytest.mark.parametrize("hidden", HIDDEN_RELATIONS)
async def test_a_hidden_relation_is_no_path(world: World, nothing_happened, grants, hidden):
    """By whichever method, and whatever else is wrong with the request."""
    await give_role("narrow", {"posts": grants, "tags": {"read": {}}})
    differing = []
    async with nothing_happened():
        for asked in PATHS:
            method, _, action = asked.partition(" ")
            for key, query, content in (("1", "", "[1]"), ("1", "", "{"), ("x", "", ""), ("1", "?nothing=1", "")):
                answers = []
                for name in (hidden, HIDDEN_RELATIONS[hidden]):
                    more = {"content": content, "headers": {"X-Role": "narrow"}}
                    answer = await world.send(
                        method, f"posts/{key}/{name}{action}{query}", world.tokens["root"], **more
                    )
                    answers.append(like(answer, name))
                if answers[0] != answers[1]:
                    differing.append((asked, key, query, content, answers))

    assert [] == differing


@pytest.mark.parametrize("mode", ["add", "set", "remove", "toggle"])
async def test_nor_is_it_a_field_to_link_by(world: World, nothing_happened, mode):
    await give_role("narrow", {"posts": READING, "tags": {"read": {}}})
    answers = []
    async with nothing_happened():
        for name in ("Tags", "Xags"):
            document = f"mutation {{ {mode}Post{name}(id: 1, keys: [1]) {{ keys }} }}"
            answer = await world.ask(document, world.tokens["root"], headers={"X-Role": "narrow"})
            answers.append(like(answer, name))

    assert answers[0] == answers[1]
