"""Workflows that a caller names and may not, or that there are none of (I01, I02, I15): nothing is written."""

from typing import Any

import pytest

from engine.workflow.references import MAX_TRIGGERS
from tests.doors.conftest import give_role
from tests.doors.door import Door, RestDoor

POST = {"title": "attack", "category": {"title": "attack"}}

WRITES = {
    "create": lambda door, world, named: door.create("posts", POST, triggers=named, role="member"),
    "create many": lambda door, world, named: door.create("posts", [POST, POST], triggers=named, role="member"),
    "only try": lambda door, world, named: door.create("posts", POST, triggers=named, role="member", dry_run=True),
    "update": lambda door, world, named: door.update(
        "posts", {"title": "attack"}, key=world.own.id, triggers=named, role="member"
    ),
    "update what is not theirs": lambda door, world, named: door.update(
        "posts", {"title": "attack"}, key=world.foreign.id, triggers=named, role="member"
    ),
    "update by a filter": lambda door, world, named: door.update(
        "posts", {"title": "attack"}, filter={"title": "members"}, triggers=named, role="member"
    ),
    "update with nested values": lambda door, world, named: door.update(
        "posts", {"category": {"title": "attack"}}, key=world.own.id, triggers=named, role="member"
    ),
    "destroy": lambda door, world, named: door.destroy("posts", key=world.own.id, triggers=named, role="member"),
    "destroy by a filter": lambda door, world, named: door.destroy(
        "posts", filter={"title": "members"}, triggers=named, role="member"
    ),
    "first or create": lambda door, world, named: door.find_or_create(
        "firstOrCreate", "posts", {"title": "attack"}, ["title"], triggers=named, role="member"
    ),
    "first or create what there is": lambda door, world, named: door.find_or_create(
        "firstOrCreate", "posts", {"title": "members"}, ["title"], triggers=named, role="member"
    ),
    "update or create": lambda door, world, named: door.find_or_create(
        "updateOrCreate", "posts", {"title": "attack"}, ["title"], triggers=named, role="member"
    ),
}

NAMED = {
    "alone": ["wfAdmin"],
    "among those they may": ["wfPost", "wfSync", "wfAdmin", "wfCat!category"],
    "twice": ["wfAdmin", "wfAdmin"],
    "on the way back": ["wfAdmin!category.post"],
    "with spaces around": [" wfAdmin "],
}


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_a_member_names_no_workflow_of_the_administrators(world, member, refused, write, named):
    assert ["TRIGGER_FORBIDDEN"] == await refused(write(member, world, named))


async def test_the_record_at_the_end_of_a_path_may_not_be_of_another_workflow(world, member, refused):
    """From the other side, too."""
    values = {"title": "attack", "post": {"title": "attack"}}

    assert ["TRIGGER_FORBIDDEN"] == await refused(
        member.create("categories", values, triggers=["wfAdmin!post"], role="member")
    )


@pytest.mark.parametrize("keys", [[], ["wfCat"], ["wfpost"]], ids=str)
async def test_to_know_a_key_is_not_to_have_it(world, door: Door, refused, keys):
    """I15: the role's document decides, byte for byte."""
    await give_role("narrow", {"*": {"read": {}, "create": {}}}, keys)

    assert ["TRIGGER_FORBIDDEN"] == await refused(door.create("posts", POST, triggers=["wfPost"], role="narrow"))


UNKNOWN = {
    "no such key": ("wfNone", "TRIGGER_UNKNOWN"),
    "another case": ("wfpost", "TRIGGER_UNKNOWN"),
    "a part of one": ("wfPos", "TRIGGER_UNKNOWN"),
    "more than one": ("wfPostwfPost", "TRIGGER_UNKNOWN"),
    "a member of objects in other languages": ("__proto__", "TRIGGER_UNKNOWN"),
    "a number": ("1", "TRIGGER_UNKNOWN"),
    "nothing, in JSON": ("null", "TRIGGER_UNKNOWN"),
    "a disabled one": ("wfOff", "TRIGGER_DISABLED"),
    "one of another table": ("wfCat", "TRIGGER_COLLECTION_MISMATCH"),
    "one of the table it came from": ("wfPost!category", "TRIGGER_COLLECTION_MISMATCH"),
    "letters that look alike": ("wf\u0420ost", "TRIGGER_SYNTAX"),
    "wide letters": ("\uff57\uff46Post", "TRIGGER_SYNTAX"),
    "a space of no width": ("wfPost\u200b", "TRIGGER_SYNTAX"),
    "a combining accent": ("wfPost\u0301", "TRIGGER_SYNTAX"),
    "text from right to left": ("\u202ewfPost", "TRIGGER_SYNTAX"),
    "a space inside": ("wf Post", "TRIGGER_SYNTAX"),
    "a line's end inside": ("wf\nPost", "TRIGGER_SYNTAX"),
    "everything": ("*", "TRIGGER_SYNTAX"),
    "a pattern": ("wf%", "TRIGGER_SYNTAX"),
    "SQL": ("wfPost'--", "TRIGGER_SYNTAX"),
    "a path of files": ("../wfPost", "TRIGGER_SYNTAX"),
    "a template": ("{{$user.id}}", "TRIGGER_SYNTAX"),
    "too long a key": ("a" * 65, "TRIGGER_SYNTAX"),
    "no path": ("wfPost!", "TRIGGER_SYNTAX"),
    "two paths": ("wfPost!category!post", "TRIGGER_SYNTAX"),
    "an empty step": ("wfPost!category..post", "TRIGGER_SYNTAX"),
    "a step that is a filter": ("wfPost!category.$exists", "TRIGGER_SYNTAX"),
    "an attribute of Python's": ("wfPost!__class__", "TRIGGER_PATH_UNKNOWN"),
    "the name that the table has": ("wfCat!category_id", "TRIGGER_PATH_UNKNOWN"),
    "a column": ("wfPost!title", "TRIGGER_PATH_UNKNOWN"),
    "a hidden column": ("wfPost!secretNote", "TRIGGER_PATH_UNKNOWN"),
    "a lookup of the ORM's": ("wfPost!category__post", "TRIGGER_PATH_UNKNOWN"),
    "a foreign key": ("wfPost!author", "TRIGGER_MANY_TO_ONE"),
    "a foreign key on the way": ("wfPost!author.posts", "TRIGGER_MANY_TO_ONE"),
    "many": ("wfPost!tags", "TRIGGER_TO_MANY"),
    "many on the way": ("wfPost!comments.post", "TRIGGER_TO_MANY"),
}


@pytest.mark.parametrize(("named", "code"), UNKNOWN.values(), ids=UNKNOWN)
async def test_what_there_is_not_starts_nothing(world, member, refused, named, code):
    """I02."""
    assert [code] == await refused(member.create("posts", POST, triggers=[named], role="member"))


async def test_a_path_ends_at_what_may_be_read(world, member, refused):
    """The member's category has a banner, which is not theirs to read."""
    asked = member.create("posts", POST, triggers=["wfPost!category.banner"], role="member")

    assert "TRIGGER_FORBIDDEN" in await refused(asked)


@pytest.mark.parametrize("path", ["category", "category.post", "category.banner", "nothing"])
async def test_a_hidden_relation_is_none(world, door: Door, refused, path):
    """Nor is what lies behind it, and all of them are told alike."""
    grants = {
        "posts": {"read": {"fields": ["id", "title"]}, "create": {"fields": ["title"]}},
        "categories": {"read": {}},
    }
    await give_role("narrow", grants)

    assert ["TRIGGER_PATH_UNKNOWN"] == await refused(
        door.create("posts", {"title": "attack"}, triggers=[f"wfPost!{path}"], role="narrow")
    )


async def test_one_more_than_may_be_named_is_too_many(world, member, refused):
    named = [*(f"wf{number}" for number in range(MAX_TRIGGERS)), "wfAdmin"]

    assert ["TRIGGER_TOO_MANY"] == await refused(member.create("posts", POST, triggers=named, role="member"))


QUERIES = {
    "as an array": ("triggerWorkflows[]=wfPost", "TRIGGER_SYNTAX"),
    "by numbers": ("triggerWorkflows[0]=wfPost", "TRIGGER_SYNTAX"),
    "as an object": ("triggerWorkflows[key]=wfPost", "TRIGGER_SYNTAX"),
    "twice": ("triggerWorkflows=wfPost&triggerWorkflows=wfSync", "TRIGGER_SYNTAX"),
    "once allowed, once not": ("triggerWorkflows=wfPost&triggerWorkflows[]=wfAdmin", "TRIGGER_SYNTAX"),
    "as JSON": ("triggerWorkflows=%5B%22wfPost%22%5D", "TRIGGER_SYNTAX"),
    "after a comma": ("triggerWorkflows=wfPost,wfAdmin", "TRIGGER_FORBIDDEN"),
    "after many commas": ("triggerWorkflows=,,wfPost,,%20,wfAdmin,", "TRIGGER_FORBIDDEN"),
    "after a comma in code": ("triggerWorkflows=wfPost%2CwfAdmin", "TRIGGER_FORBIDDEN"),
    "in code": ("triggerWorkflows=%77fAdmin", "TRIGGER_FORBIDDEN"),
    "its name in code": ("%74riggerWorkflows=wfAdmin", "TRIGGER_FORBIDDEN"),
    "in code twice": ("triggerWorkflows=%2577fAdmin", "TRIGGER_SYNTAX"),
    "behind a zero": ("triggerWorkflows=wfPost%00", "TRIGGER_SYNTAX"),
    "its name in small letters": ("triggerworkflows=wfPost", "UNKNOWN_PARAMETER"),
    "by its name in other languages": ("trigger_workflows=wfPost", "UNKNOWN_PARAMETER"),
}


@pytest.mark.parametrize(("query", "code"), QUERIES.values(), ids=QUERIES)
async def test_however_it_is_named_in_a_query(world, refused, query, code):
    asked = world.send("POST", f"posts:create?{query}", world.tokens["member"], json=POST)

    assert code in await refused(asked)


@pytest.mark.parametrize("name", ["triggerWorkflows", "workflows"])
async def test_it_is_not_named_in_a_body(world, member, refused, name):
    codes = await refused(member.create("posts", {**POST, name: "wfAdmin"}, role="member"))

    assert codes == (["UNKNOWN_FIELD"] if isinstance(member, RestDoor) else ["GRAPHQL_INVALID"])


ARGUMENTS = {
    "no key": ("{}", "GRAPHQL_INVALID"),
    "nothing for a key": ("{key: null}", "GRAPHQL_INVALID"),
    "a number for a key": ("{key: 1}", "GRAPHQL_INVALID"),
    "a list for a key": ('{key: ["wfPost"]}', "GRAPHQL_INVALID"),
    "a text": ('"wfPost"', "GRAPHQL_INVALID"),
    "a path in the key": ('{key: "wfCat!category"}', "TRIGGER_SYNTAX"),
    "two in the key": ('{key: "wfPost,wfSync"}', "TRIGGER_SYNTAX"),
    "an empty key": ('{key: ""}', "TRIGGER_SYNTAX"),
    "an empty path": ('{key: "wfPost", association: ""}', "TRIGGER_SYNTAX"),
    "a path of a space": ('{key: "wfPost", association: " "}', "TRIGGER_SYNTAX"),
    "two paths": ('{key: "wfCat", association: "category,category"}', "TRIGGER_SYNTAX"),
    "a list for a path": ('{key: "wfCat", association: ["category"]}', "GRAPHQL_INVALID"),
    "which collection": ('{key: "wfPost", collection: "posts"}', "GRAPHQL_INVALID"),
    "as whom": ('{key: "wfPost", role: "admin"}', "GRAPHQL_INVALID"),
    "a key in other characters": ('{key: "\\u0077fAdmin"}', "TRIGGER_FORBIDDEN"),
    "without a list around": ('{key: "wfAdmin"}', "TRIGGER_FORBIDDEN"),
    "behind a zero": ('[{key: "wfPost\\u0000"}]', "TRIGGER_SYNTAX"),
    "behind nothing": ('[null, {key: "wfAdmin"}]', "GRAPHQL_INVALID"),
}


@pytest.mark.parametrize(("argument", "code"), ARGUMENTS.values(), ids=ARGUMENTS)
async def test_however_it_is_named_in_an_argument(world, refused, argument, code):
    document = (
        f'mutation {{ createPost(values: {{title: "attack"}}, triggerWorkflows: {argument}) {{ record {{ id }} }} }}'
    )

    assert code in await refused(world.ask(document, world.tokens["member"]))


async def test_one_refused_mutation_is_no_cover_for_another(world, member, nothing_happened):
    """Each root field is checked by itself, under whatever alias."""
    create = 'createPost(values: {title: "attack"}, triggerWorkflows: [{key: "wfAdmin"}]) { record { id } }'
    async with nothing_happened():
        answer = await world.ask(f"mutation {{ posts: {create} a: {create} }}", world.tokens["member"])

    assert ["TRIGGER_FORBIDDEN"] * 2 == [error["extensions"]["code"] for error in answer.json()["errors"]]


SILENT = (
    *("posts:list", "posts:get/1", "posts:count", "posts/1/tags:list", "executions:list", "collections:list"),
    *("auth:check", "roles:check"),
)


@pytest.mark.parametrize("path", SILENT)
async def test_who_reads_starts_nothing(world, refused, path):
    asked = world.send("GET", f"{path}?triggerWorkflows=wfPost", world.tokens["root"])

    assert ["TRIGGER_ACTION"] == await refused(asked)


@pytest.mark.parametrize("mode", ["add", "set", "remove", "toggle"])
async def test_who_links_starts_nothing(world, refused, mode):
    path = f"posts/{world.own.id}/tags:{mode}?triggerWorkflows=wfPost"

    assert ["TRIGGER_ACTION"] == await refused(world.send("POST", path, world.tokens["root"], json=[1]))


@pytest.mark.parametrize("path", ["users:create", "roles:create", "workflows:create", "auth:signIn"])
async def test_nor_does_who_administers(world, refused, path):
    body: dict[str, Any] = {}
    codes = await refused(world.send("POST", f"{path}?triggerWorkflows=wfPost", world.tokens["root"], json=body))

    assert "TRIGGER_ACTION" in codes
