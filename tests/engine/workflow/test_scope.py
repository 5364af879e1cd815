"""Variables have a type of their own, what they bring is data, and a document cannot name what does not exist."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from engine.errors import Code, Refusal
from engine.workflow.scope import MOST_TEXT, Known, Scope

LONG = "{{$context.data.long}}"
NOW = datetime(2026, 5, 3, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def scope() -> Scope:
    context = {
        "data": {
            "id": 7,
            "title": "Hello",
            "content": None,
            "hostile": "{{$user.id}} {{",
            "tags": [{"name": "a"}, {"name": "b"}],
            "category": {"id": 3},
        },
        "user": {"id": 1, "nickname": "Ann"},
    }
    return Scope(context, {"find": {"count": 2}, "ids": [1, 2]}, NOW)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{$context.data.id}}", 7),
        ("{{$context.data.content}}", None),
        ("{{$context.data.tags}}", [{"name": "a"}, {"name": "b"}]),
        ("{{$context.data.tags.1.name}}", "b"),
        ("{{$jobs.find.count}}", 2),
        ("{{$user.nickname}}", "Ann"),
        ("{{$now}}", "2026-05-03T10:00:00.123Z"),
        (["{{$user.id}}", {"a": "{{$user.id}}"}], [1, {"a": 1}]),
        (5, 5),
    ],
)
def test_a_template_that_is_one_variable_keeps_its_type(scope, template, value):
    """Numbers stay numbers, lists stay lists, at any depth."""
    assert value == scope.fill(template)


@pytest.mark.parametrize(
    "template",
    ["{{$context.data.titel}}", "{{$context.data.title.x}}", "{{$context.data.tags.9}}", "{{$jobs.other.id}}"],
)
def test_what_is_missing_is_null(scope, template):
    """A run does not fail because a record lacks something."""
    assert scope.fill(template) is None


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hello {{$user.nickname}}!", "Hello Ann!"),
        ("[{{$context.data.content}}]", "[]"),
        ("{{$context.data.id}} of {{$jobs.find}}", '7 of {"count": 2}'),
        ("{{$context.data.title}} ", "Hello "),
    ],
)
def test_inside_text_a_variable_is_text(scope, template, text):
    """Null is nothing, objects and lists are JSON."""
    assert text == scope.fill(template)


@pytest.mark.parametrize("template", ["{{$context.data.hostile}}", "x{{$context.data.hostile}}"])
def test_templates_in_data_are_data(scope, template):
    """What a template brings is not looked into again."""
    assert scope.fill(template).endswith("{{$user.id}} {{")


@pytest.mark.parametrize(
    ("filter", "filled"),
    [
        ({"id": "{{$context.data.id}}"}, {"id": 7}),
        ({"$or": [{"title": {"$includes": "{{$user.nickname}}"}}]}, {"$or": [{"title": {"$includes": "Ann"}}]}),
        ({"id": {"$in": "{{$jobs.ids}}"}}, {"id": {"$in": [1, 2]}}),
        ({"id": {"$notIn": ["{{$user.id}}", 5]}}, {"id": {"$notIn": [1, 5]}}),
        ({"id": {"$between": "{{$jobs.ids}}"}}, {"id": {"$between": [1, 2]}}),
        ({"id": {"$between": ["{{$user.id}}", 5]}}, {"id": {"$between": [1, 5]}}),
    ],
)
def test_a_filter_takes_literals(scope, filter, filled):
    """Values stand where the templates stood, lists where a list is compared with."""
    assert filled == scope.fill_filter(filter)


@pytest.mark.parametrize(
    "filter",
    [
        {"category": "{{$context.data.category}}"},
        {"id": "{{$jobs.ids}}"},
        {"$and": "{{$context.data.tags}}"},
        {"id": {"$in": "{{$context.data.tags}}"}},
        {"id": {"$in": ["{{$jobs.ids}}"]}},
        {"id": {"$eq": "{{$jobs.find}}"}},
        {"createdAt": {"$dateOn": "{{$jobs.ids}}"}},
    ],
)
def test_no_data_becomes_an_operator(scope, filter):
    """An object that a template brings could hold `$ne`: it is refused, like a list that would mean `$in`."""
    with pytest.raises(Refusal) as refused:
        scope.fill_filter(filter)

    assert Code.BAD_FILTER is refused.value.code


@pytest.mark.parametrize(
    "value", [f"{LONG} {LONG}", [LONG, LONG], {"a": LONG, "b": [LONG]}], ids=["text", "list", "object"]
)
def test_templates_bring_no_more_than_there_is_room_for(scope, value):
    """Small documents and small records make great texts together."""
    scope = replace(scope, context={"data": {"long": "x" * (MOST_TEXT // 2 + 1)}})
    for fill in (scope.fill, scope.fill_filter):
        with pytest.raises(Refusal):
            fill(value)

    assert scope.fill(LONG)


def test_nobody_is_the_user_of_a_run_without_one():
    """Variables of the user are null then."""
    assert Scope({"user": None}, {}, NOW).fill("{{$user.id}}") is None


@pytest.fixture
def known(collections) -> Known:
    return Known(collections, "posts", ("category.banner", "tags"), frozenset({"find"}))


@pytest.mark.parametrize(
    "variable",
    [
        "now",
        "user.nickname",
        "context",
        "context.data.title",
        "context.data.category.banner.url",
        "context.data.tags.0.name",
        "context.previous.title",
        "context.event.at",
        "context.user.id",
        "context.changed.0",
        "jobs.find.anything.at.all",
    ],
)
def test_a_document_may_refer_to_what_exists(known, variable):
    """Columns of the record, relations that the trigger loads, results of nodes before."""
    root, *names = variable.split(".")

    assert known.fault(root, tuple(names)) is None


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("contxt.data", "Did you mean 'context'?"),
        ("context.date", "Did you mean 'data'?"),
        ("context.data.titel", "Did you mean 'title'?"),
        ("context.data.title.length", "has no members"),
        ("context.data.author.nickname", "name it in the trigger's 'appends'"),
        ("context.data.category.banner.ulr", "Did you mean 'url'?"),
        ("context.data.tags.name", "by its number"),
        ("context.previous.category.title", "not loaded"),
        ("context.event.time", "has no member 'time'"),
        ("context.roleName.x", "has no member 'x'"),
        ("user.passwordHash", "has no member"),
        ("user.id.x", "has no members"),
        ("jobs.fnd", "Did you mean 'find'?"),
        ("jobs", "Name the node"),
        ("scopes.loop.item", "no loop"),
        ("now.year", "has no members"),
    ],
)
def test_a_document_may_not_refer_to_anything_else(known, variable, hint):
    """Each complaint says what to do about it."""
    root, *names = variable.split(".")

    assert hint in str(known.fault(root, tuple(names)))


def test_a_secret_column_is_told_like_one_that_does_not_exist(collections):
    """A workflow about records with an author cannot find out what columns users have that it may not see."""
    known = Known(collections, "posts", ("author",))

    faults = [str(known.fault("context", ("data", "author", name))) for name in ("passwordHash", "passwortHash")]

    assert faults[0].replace("passwordHash", "") == faults[1].replace("passwortHash", "")
    assert "is not a field" in faults[0]


def test_the_record_is_not_held_against_a_collection_that_is_unknown(collections):
    """A document whose trigger cannot be read is not blamed for its variables too."""
    fields: tuple[Any, ...] = ("data", "anything")

    assert Known(collections).fault("context", fields) is None
