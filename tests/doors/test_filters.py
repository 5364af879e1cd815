"""Every operator of filters, and the caller's time zone, in the same words through both doors."""

import json
from datetime import datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data.operators import OPERATORS
from schema.sample.models import Category, Post
from tests.doors.conftest import give_role
from tests.doors.door import Door

ASKING = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

# The sample's two posts: the first is published, has a category and a content, and is half an hour older in Berlin.
CASES: list[tuple[dict[str, Any], list[int]]] = [
    ({"title": {"$eq": "A post without a category"}}, [2]),
    ({"content": {"$ne": "x"}}, [1, 2]),
    ({"id": {"$in": [2, 9]}}, [2]),
    ({"content": {"$notIn": ["x"]}}, [1, 2]),
    ({"id": {"$gt": 1}}, [2]),
    ({"title": {"$gte": "A w"}}, [1]),
    ({"readCount": {"$lt": 1}}, [1, 2]),
    ({"title": {"$lte": "A post without a category"}}, [2]),
    ({"id": {"$between": [0, 1]}}, [1]),
    ({"content": {"$empty": True}}, [2]),
    ({"content": {"$notEmpty": True}}, [1]),
    ({"content": {"$exists": False}}, [2]),
    ({"content": {"$notExists": False}}, [1]),
    ({"category.$exists": True}, [1]),
    ({"category.$exists": False}, [2]),
    ({"category": {"id": {"$eq": None}}}, [2]),
    ({"category": {"id": {"$exists": False}}}, [2]),
    ({"comments.$exists": False}, [2]),
    ({"title": {"$includes": "WORKFLOW"}}, [1]),
    ({"content": {"$notIncludes": "%"}}, [1, 2]),
    ({"title": {"$startsWith": "a w"}}, [1]),
    ({"content": {"$notStartsWith": "NAME"}}, [2]),
    ({"title": {"$endWith": "CATEGORY"}}, [2]),
    ({"content": {"$notEndWith": "it."}}, [2]),
    ({"createdAt": {"$dateOn": "2024"}}, [1]),
    ({"createdAt": {"$dateNotOn": "2024Q4"}}, [2]),
    ({"createdAt": {"$dateBefore": "2024-12-31T22:45:00Z"}}, [1]),
    ({"createdAt": {"$dateNotBefore": "2025-01"}}, [2]),
    ({"createdAt": {"$dateAfter": "2024"}}, [2]),
    ({"createdAt": {"$dateNotAfter": "2025"}}, [1, 2]),
    ({"createdAt": {"$dateBetween": ["2024-12", "2024-12-31"]}}, [1]),
    ({"createdAt": {"$dateOn": "[2025,2026)"}}, [2]),
    ({"category": {"title": {"$startsWith": "ann"}}}, [1]),
    ({"$not": {"category": {"banner": {"url": {"$includes": "/"}}}}}, [2]),
    ({"$or": [{"tags": {"name": {"$eq": "news"}}}, {"id": {"$gt": 1}}]}, [1, 2]),
    ({"$and": [{"author": {"username": {"$eq": "root"}}}, {"$not": {"id": {"$eq": 1}}}]}, [2]),
]


async def date_posts() -> None:
    """The turn of the year in Berlin is between the two."""
    for key, moment in ((1, "2024-12-31T22:30:00+00:00"), (2, "2024-12-31T23:00:00+00:00")):
        await Post.filter(id=key).update(created_at=datetime.fromisoformat(moment))


def keys(answer: Any) -> list[int]:
    return [int(record["id"]) for record in answer.data]


async def test_operators_find_what_the_table_says(door: Door) -> None:
    await date_posts()
    door.zone = "Europe/Berlin"

    answers = {json.dumps(condition): await door.page("posts", filter=condition) for condition, _ in CASES}

    assert {} == {asked: answer.errors for asked, answer in answers.items() if answer.errors}
    assert {json.dumps(asked): found for asked, found in CASES} == {
        asked: keys(answer) for asked, answer in answers.items()
    }


def test_every_operator_is_among_them() -> None:
    """But for those of booleans: the sample has none but in its workflows."""
    text = json.dumps([condition for condition, _ in CASES])

    assert {"$isTruly", "$isFalsy"} == {name for name in OPERATORS if f'"{name}"' not in text}


@pytest.mark.parametrize(("condition", "count"), [({"$isTruly": True}, 3), ({"$isFalsy": True}, 0)])
async def test_operators_of_booleans(door: Door, condition: Any, count: int) -> None:
    answer = await door.page("workflows", filter={"enabled": condition, "config": {"$notEmpty": True}})

    assert [] == answer.errors
    assert count == len(answer.data)


@pytest.mark.parametrize(
    ("zone", "found"), [(None, [1, 2]), ("UTC", [1, 2]), ("Europe/Berlin", [1]), ("+01:00", [1]), ("-05:00", [1, 2])]
)
async def test_days_begin_where_the_caller_lives(door: Door, zone: str | None, found: list[int]) -> None:
    await date_posts()
    door.zone = zone

    answer = await door.page("posts", filter={"createdAt": {"$dateOn": "2024-12-31"}})

    assert found == keys(answer)


async def test_days_of_updates_and_ends_begin_there_as_well(door: Door) -> None:
    await date_posts()
    door.zone = "Europe/Berlin"
    which = {"createdAt": {"$dateAfter": "2024"}}

    updated = await door.update("posts", {"status": "new"}, filter=which)
    ended = await door.destroy("posts", filter=which)

    assert [2] == keys(updated)
    assert 1 == ended.data
    assert [1] == await Post.all().values_list("id", flat=True)


@pytest.mark.parametrize("zone", ["Berlin", "", "+25:00", "../UTC", "UTC, UTC", "ZZ" * 1000])
async def test_an_unknown_zone_is_refused_whatever_is_asked(door: Door, zone: str) -> None:
    door.zone = zone

    answers = [await door.page("posts"), await door.create("posts", {"title": "x"})]

    assert [(400, ["BAD_VALUE"])] * 2 == [(answer.status, answer.codes) for answer in answers]
    assert [["X-Timezone"]] * 2 == [answer.errors[0]["path"] for answer in answers]
    assert 2 == await Post.all().count()


@pytest.mark.parametrize("path", ["/api/posts:list", "/graphql?query={posts{count}}"])
async def test_nobody_is_told_that_a_token_is_missing_before_all_else(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path, headers={"X-Timezone": "nowhere"})

    assert "EMPTY_TOKEN" in response.text
    assert "X-Timezone" not in response.text


@pytest.mark.parametrize(
    "condition",
    [
        {"id": {"$between": [1]}},
        {"createdAt": {"$dateOn": "yesterday"}},
        {"createdAt": {"$dateBetween": ["2024", "2023-02-29"]}},
        {"title": {"$includes": "x" * 1001}},
        {"id": {"$in": list(range(201))}},
    ],
    ids=lambda condition: next(iter(next(iter(condition.values())))),
)
async def test_what_cannot_be_meant_is_refused_at_its_place(door: Door, condition: dict[str, Any]) -> None:
    column, (operator,) = next((column, tuple(compared)) for column, compared in condition.items())

    answers = [
        await door.page("posts", filter=condition),
        await door.update("posts", {"title": "x"}, filter=condition),
        await door.destroy("posts", filter=condition),
    ]

    assert [["BAD_FILTER"]] * 3 == [answer.codes for answer in answers]
    assert [["filter", column, operator]] * 3 == [answer.errors[0]["path"] for answer in answers]
    assert 0 == await Post.filter(title="x").count()


async def test_whether_a_hidden_relation_exists_is_not_told(door: Door) -> None:
    await give_role("reader", {"posts": {"read": {}}})

    answer = await door.page("posts", filter={"category.$exists": True}, role="reader")

    assert ["NO_PERMISSION"] == answer.codes
    assert 1 == await Category.all().count()


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=5)
    | st.sampled_from(["2024-05-03", "2024Q2", "[2024,2025)", "9999", "0001", "2024-05-03T10:00Z"])
)
NAMES = ["title", "readCount", "createdAt", "category", "tags", "authorId", "categoryExists"]


def shaped(names: list[str]) -> st.SearchStrategy[Any]:
    """Any JSON, with a liking for what filters are made of."""
    return st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(names) | st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=3
            )
        ),
        max_leaves=12,
    )


@ASKING
@given(condition=shaped([*NAMES, "category.$exists", "tags.name.$in", "$and", "$or", "$not", *OPERATORS]))
async def test_whatever_json_comes_rest_finds_or_refuses(client: httpx.AsyncClient, token: str, condition: Any) -> None:
    query = {"filter": json.dumps(condition)}
    response = await client.get("/api/posts:list", params=query, headers={"Authorization": f"Bearer {token}"})
    codes = {error["code"] for error in response.json().get("errors", [])}

    assert response.status_code in (200, 400)
    assert codes <= {"BAD_FILTER", "UNKNOWN_FIELD", "BAD_VALUE"}


@ASKING
@given(condition=shaped([*NAMES, "and", "or", "not", *(name.removeprefix("$") for name in OPERATORS)]))
async def test_whatever_json_comes_graphql_finds_or_refuses(
    client: httpx.AsyncClient, token: str, condition: Any
) -> None:
    body = {
        "query": "query($filter: PostFilter) { posts(filter: $filter) { count } }",
        "variables": {"filter": condition},
    }
    response = await client.post("/graphql", json=body, headers={"Authorization": f"Bearer {token}"})
    codes = {(error.get("extensions") or error)["code"] for error in response.json().get("errors", [])}

    assert response.status_code in (200, 400)
    assert codes <= {"BAD_FILTER", "UNKNOWN_FIELD", "BAD_VALUE", "GRAPHQL_INVALID", "BAD_JSON"}
