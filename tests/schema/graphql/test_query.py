"""Queries: which action a document becomes, and how relations are fetched."""

from engine.actions import GetRecord, ListRecords, LoadRelated
from engine.errors import Code, refuse
from engine.outcomes import Page
from tests.schema.graphql.conftest import codes

POSTS = [
    {"id": 1, "title": "a", "authorId": 1, "categoryId": None},
    {"id": 2, "title": "b", "authorId": 1, "categoryId": 5},
]


async def test_list_becomes_the_action_of_rest(door, resolve):
    resolve.answers = [Page(POSTS, 41, 2, 20)]

    result = await door(
        '{ posts(filter: {title: {includes: "x"}}, sort: ["-id", "title"], page: 2, pageSize: 20) '
        "{ items { title } count page pageSize totalPage } }"
    )

    assert {
        "items": [{"title": "a"}, {"title": "b"}],
        "count": 41,
        "page": 2,
        "pageSize": 20,
        "totalPage": 3,
    } == result.data["posts"]
    assert [
        ListRecords(
            collection="posts", filter={"title": {"$includes": "x"}}, sort=("-id", "title"), page=2, page_size=20
        )
    ] == resolve.actions


async def test_nulls_count_as_absent(door, resolve):
    resolve.answers = [Page([], 0, 1, 20)]

    await door("{ posts(filter: null, sort: null, page: null, pageSize: null) { count } }")

    assert [ListRecords(collection="posts")] == resolve.actions


async def test_filters_nest_as_in_rest(door, resolve):
    resolve.answers = [Page([], 0, 1, 20)]

    await door(
        '{ posts(filter: {and: [{or: [{title: {eq: "a"}}, {content: null}]}, {not: {category: {title: {in: ["b"]}}}}], '
        "readCount: {gte: 1, lt: 5}, authorId: {ne: null}, tags: null}) { count } }"
    )

    assert {
        "$and": [
            {"$or": [{"title": {"$eq": "a"}}, {"content": None}]},
            {"$not": {"category": {"title": {"$in": ["b"]}}}},
        ],
        "readCount": {"$gte": 1, "$lt": 5},
        "authorId": {"$ne": None},
        "tags": None,
    } == resolve.actions[0].filter


async def test_one_is_asked_by_its_key_as_text(door, resolve):
    resolve.answers = [POSTS[0], refuse(Code.NOT_FOUND, "none")]

    result = await door('{ a: post(id: 1) { id } b: post(id: "abc") { id } }')

    assert {"a": {"id": "1"}, "b": None} == result.data
    assert ["NOT_FOUND"] == codes(result)
    assert [GetRecord(collection="posts", key="1"), GetRecord(collection="posts", key="abc")] == resolve.actions


async def test_relations_of_a_page_are_loaded_at_once(door, resolve):
    resolve.answers = [Page(POSTS, 2, 1, 20)]
    author = {"id": 1, "username": "root"}
    resolve.related = {
        ("posts", "author"): {1: author, 2: author},
        ("posts", "tags"): {1: [], 2: [{"id": 9, "name": "t"}]},
        ("posts", "category"): {2: {"id": 5, "title": "c"}},
    }

    result = await door("{ posts { items { author { username } tags { name } category { title } } } }")

    assert [
        {"author": {"username": "root"}, "tags": [], "category": None},
        {"author": {"username": "root"}, "tags": [{"name": "t"}], "category": {"title": "c"}},
    ] == result.data["posts"]["items"]
    # A key that is null in the record is not asked for.
    assert [
        LoadRelated(collection="posts", relation="author", keys=(1, 2)),
        LoadRelated(collection="posts", relation="tags", keys=(1, 2)),
        LoadRelated(collection="posts", relation="category", keys=(2,)),
    ] == resolve.actions[1:]


async def test_wide_numbers_are_text(shop_door, resolve):
    resolve.answers = [{"sku": "p", "price": "1.50", "stock": 7, "size": "very small", "lasts": 1.5, "extras": [1]}]

    result = await shop_door('{ product(id: "p") { sku price stock size lasts extras } }')

    assert {
        "sku": "p",
        "price": "1.50",
        "stock": "7",
        "size": "very small",
        "lasts": 1.5,
        "extras": [1],
    } == result.data["product"]
