"""Writing and reading records, in the same words through both doors."""

from typing import Any

import pytest

from engine.data import plans
from schema.sample.models import Category, Comment, Post, Tag
from tests.doors.conftest import Rows, give_role
from tests.doors.door import Door

# --- create


async def test_a_new_record_is_answered_as_stored_with_its_defaults(door: Door) -> None:
    answer = await door.create("posts", {"title": "Hello"})

    assert 200 == answer.status
    assert ("Hello", "draft", 0, None) == tuple(
        answer.data[name] for name in ("title", "status", "readCount", "content")
    )
    assert answer.data["createdAt"].endswith("Z")


async def test_the_service_fills_the_acting_user(door: Door) -> None:
    answer = await door.create("posts", {"title": "Hello"})

    assert "1" == str(answer.data["authorId"])


async def test_a_list_creates_many(door: Door) -> None:
    answer = await door.create("posts", [{"title": "a"}, {"title": "b"}])

    assert ["a", "b"] == [record["title"] for record in answer.data]


async def test_a_list_is_stored_whole_or_not_at_all(door: Door, rows: Rows) -> None:
    before = await rows()

    answer = await door.create("posts", [{"title": "a"}, {"content": "no title"}, {"title": None}])

    assert ["REQUIRED", "REQUIRED"] == answer.codes
    assert [[1, "title"], [2, "title"]] == [error["path"] for error in answer.errors]
    assert before == await rows()


async def test_a_nested_object_is_stored_and_linked(door: Door) -> None:
    answer = await door.create("posts", {"title": "Hello", "category": {"title": "New", "banner": {"url": "/b"}}})

    category = await Category.get(id=answer.data["categoryId"]).prefetch_related("banner")
    assert ("New", "/b") == (category.title, category.banner and category.banner.url)


async def test_a_nested_key_links_what_is_there(door: Door) -> None:
    category = await Category.create(title="Free")

    answer = await door.create("posts", {"title": "Hello", "category": {"id": category.id}})

    assert str(category.id) == str(answer.data["categoryId"])
    assert 2 == await Category.all().count()


async def test_the_side_without_the_column_links_as_well(door: Door) -> None:
    answer = await door.create("categories", {"title": "New", "post": {"id": 2}})

    assert str(answer.data["id"]) == str((await Post.get(id=2)).category_id)


async def test_lists_nest_through_relations_to_many(door: Door) -> None:
    values = {"title": "Hello", "tags": [{"id": 1}, {"name": "new"}], "comments": [{"content": "First"}]}

    answer = await door.create("posts", values)

    post = await Post.get(id=answer.data["id"]).prefetch_related("tags", "comments")
    assert {"news", "new"} == {tag.name for tag in post.tags}
    assert ["First"] == [comment.content for comment in post.comments]


async def test_a_link_to_nothing_is_refused(door: Door, rows: Rows) -> None:
    before = await rows()

    answer = await door.create("posts", {"title": "Hello", "category": {"id": 99}, "tags": [{"id": 98}]})

    assert ["BAD_VALUE", "BAD_VALUE"] == answer.codes
    assert before == await rows()


@pytest.mark.parametrize(
    ("collection", "values"),
    [("posts", {"title": "Hello", "category": {"id": 1}}), ("categories", {"title": "New", "post": {"id": 1}})],
    ids=["by the column", "from the other side"],
)
async def test_a_one_to_one_target_that_is_taken_is_never_moved(
    door: Door, rows: Rows, collection: str, values: dict[str, Any]
) -> None:
    before = await rows()

    answer = await door.create(collection, values)

    assert ["UNIQUE_VIOLATION"] == answer.codes
    assert before == await rows()


# --- update


async def test_an_update_answers_the_record_as_stored(door: Door) -> None:
    answer = await door.update("posts", {"title": "New"}, key=1)

    [record] = answer.data
    assert ("New", "published") == (record["title"], record["status"])


async def test_an_update_by_filter_changes_all_it_finds(door: Door) -> None:
    answer = await door.update("posts", {"status": "old"}, filter={"id": {"$gt": 0}})

    assert ["old", "old"] == [record["status"] for record in answer.data]


async def test_an_update_by_filter_that_finds_nothing_answers_an_empty_list(door: Door) -> None:
    answer = await door.update("posts", {"status": "old"}, filter={"id": {"$gt": 99}})

    assert (200, []) == (answer.status, answer.data)


async def test_null_unlinks(door: Door) -> None:
    answer = await door.update("posts", {"category": None}, key=1)

    assert answer.data[0]["categoryId"] is None
    assert await Category.exists(id=1)


async def test_a_list_replaces_what_hangs_on_a_record(door: Door) -> None:
    await door.update("posts", {"tags": [{"id": 2}], "comments": []}, key=1)

    assert ["python"] == [tag.name for tag in await Tag.filter(posts__id=1)]
    assert (await Comment.get(id=1)).post_id is None  # type: ignore[attr-defined]  # Tortoise adds the column


# --- destroy


async def test_a_destroy_answers_how_many(door: Door) -> None:
    answer = await door.destroy("posts", key=2)

    assert (200, 1) == (answer.status, answer.data)
    assert not await Post.exists(id=2)


async def test_a_destroy_by_filter_ends_all_it_finds(door: Door) -> None:
    answer = await door.destroy("posts", filter={"id": {"$in": [1, 2]}})

    assert 2 == answer.data


async def test_what_refers_to_an_ended_record_is_unlinked(door: Door) -> None:
    await door.destroy("categories", key=1)

    assert (await Post.get(id=1)).category_id is None  # type: ignore[attr-defined]


# --- get and list


async def test_get_answers_one_record(door: Door) -> None:
    answer = await door.get("posts", 1)

    assert "A write that fires a workflow" == answer.data["title"]


@pytest.mark.parametrize(
    ("filter", "titles"),
    [
        pytest.param({"status": "draft"}, ["A post without a category"], id="a bare value"),
        pytest.param({"status": {"$eq": "published"}}, ["A write that fires a workflow"], id="$eq"),
        pytest.param({"status": {"$ne": "published"}}, ["A post without a category"], id="$ne"),
        pytest.param({"id": {"$in": [2, 9]}}, ["A post without a category"], id="$in"),
        pytest.param({"title": {"$includes": "WORKFLOW"}}, ["A write that fires a workflow"], id="$includes"),
        pytest.param({"title": {"$includes": "%"}}, [], id="$includes takes % as it is"),
        pytest.param({"id": {"$gt": 1}}, ["A post without a category"], id="$gt"),
        pytest.param({"readCount": {"$lt": 0}}, [], id="$lt"),
        pytest.param(
            {"$and": [{"id": {"$gt": 0}}, {"title": {"$includes": "without"}}]},
            ["A post without a category"],
            id="$and",
        ),
        pytest.param(
            {"$or": [{"id": {"$eq": 1}}, {"id": {"$eq": 2}}]},
            ["A write that fires a workflow", "A post without a category"],
            id="$or",
        ),
        pytest.param(
            {"category": {"title": {"$includes": "announce"}}}, ["A write that fires a workflow"], id="a relation"
        ),
    ],
)
async def test_filters(door: Door, filter: dict[str, Any], titles: list[str]) -> None:
    answer = await door.page("posts", filter=filter)

    assert titles == [record["title"] for record in answer.data]


async def test_pages_are_cut_from_the_sorted_list(door: Door) -> None:
    for number in range(5):
        await Tag.create(name=f"tag {number}")

    answer = await door.page("tags", sort=["-name"], page=2, pageSize=2)

    assert ["tag 2", "tag 1"] == [record["name"] for record in answer.data]


@pytest.mark.parametrize("wanted", [{}, {"filter": {"name": {"$ne": "none"}}}], ids=["all", "found"])
@pytest.mark.parametrize("page", [1, 2, 3, 4])
async def test_every_page_tells_how_many_there_are(door: Door, page: int, wanted: Any) -> None:
    """A full one, the last one, and one behind it."""
    await Tag.all().delete()
    await door.create("tags", [{"name": f"tag {number}"} for number in range(5)])

    answer = await door.page("tags", page=page, pageSize=2, **wanted)

    assert (5, max(0, min(2, 5 - 2 * (page - 1)))) == (answer.count, len(answer.data))


@pytest.mark.parametrize("wanted", [{"page": 0}, {"page": -1}, {"pageSize": 0}, {"pageSize": -5}], ids=str)
async def test_pages_that_cannot_be_are_refused(door: Door, wanted: dict[str, int]) -> None:
    answer = await door.page("posts", **wanted)

    assert ["BAD_PAGE"] == answer.codes
    assert [list(wanted)] == [error["path"] for error in answer.errors]


async def test_pages_that_are_too_large_are_cut(door: Door) -> None:
    await Tag.bulk_create([Tag(name=f"tag {number}") for number in range(250)])

    answer = await door.page("tags", pageSize=1000)

    assert 200 == len(answer.data)


@pytest.mark.parametrize(("sort", "keys"), [("categoryId", [1, 2]), ("-categoryId", [1, 2])])
async def test_nulls_are_last_in_either_direction(door: Door, sort: str, keys: list[int]) -> None:
    answer = await door.page("posts", sort=[sort])

    assert keys == [int(record["id"]) for record in answer.data]


# --- what is refused


@pytest.mark.parametrize(
    ("values", "code"),
    [
        pytest.param({}, "REQUIRED", id="nothing of what is required"),
        pytest.param({"title": None}, "REQUIRED", id="null where it may not be"),
        pytest.param({"title": "x" * 256}, "BAD_VALUE", id="a text that is too long"),
        pytest.param({"title": "Hello", "category": {}}, "REQUIRED", id="a nested record without what is required"),
    ],
)
async def test_bad_values_are_refused(door: Door, rows: Rows, values: dict[str, Any], code: str) -> None:
    before = await rows()

    answer = await door.create("posts", values)

    assert [code] == answer.codes
    assert before == await rows()


@pytest.mark.parametrize("key", [99, 2**31 - 1])
async def test_a_key_that_is_not_there_is_not_found(door: Door, rows: Rows, key: int) -> None:
    before = await rows()

    codes = [
        (await door.get("posts", key)).codes,
        (await door.update("posts", {"title": "x"}, key=key)).codes,
        (await door.destroy("posts", key=key)).codes,
    ]

    assert [["NOT_FOUND"]] * 3 == codes
    assert before == await rows()


@pytest.mark.parametrize("key", ["abc", 2**31, "1.5", ""])
async def test_a_key_of_the_wrong_type_is_refused(door: Door, rows: Rows, key: Any) -> None:
    before = await rows()

    answers = [
        await door.get("posts", key),
        await door.update("posts", {"title": "x"}, key=key),
        await door.destroy("posts", key=key),
    ]

    assert all(400 <= answer.status < 500 or answer.codes for answer in answers)
    assert {"BAD_KEY"} == {code for answer in answers for code in answer.codes}
    assert before == await rows()


@pytest.mark.parametrize("which", [{}, {"filter": {}}], ids=["neither key nor filter", "an empty filter"])
async def test_a_write_must_say_which_records(door: Door, rows: Rows, which: dict[str, Any]) -> None:
    before = await rows()

    codes = [
        (await door.update("posts", {"title": "x"}, **which)).codes,
        (await door.destroy("posts", **which)).codes,
    ]

    assert [["FILTER_REQUIRED"]] * 2 == codes
    assert before == await rows()


async def test_a_role_without_the_grant_is_refused(door: Door, rows: Rows) -> None:
    before = await rows()

    codes = [
        (await door.create("tags", {"name": "x"}, role="member")).codes,
        (await door.update("tags", {"name": "x"}, key=1, role="member")).codes,
        (await door.destroy("categories", key=1, role="member")).codes,
        (await door.page("workflows", role="member")).codes,
    ]

    assert [["NO_PERMISSION"]] * 4 == codes
    assert before == await rows()


@pytest.mark.parametrize("role", ["root", "admin", "editor", "member"])
async def test_every_role_of_the_sample_creates_posts(door: Door, role: str) -> None:
    answer = await door.create("posts", {"title": "Hello"}, triggers=["post-created"], role=role)

    assert (200, [("post-created", None), ("post-audit", None)]) == (answer.status, answer.started)


async def test_a_role_one_does_not_hold_is_refused(door: Door, rows: Rows) -> None:
    before = await rows()

    response = await door.client.post("/api/posts:create", json={"title": "x"}, headers=door.headers("boss"))

    assert (401, "ROLE_NOT_FOUND_FOR_USER") == (response.status_code, response.json()["errors"][0]["code"])
    assert before == await rows()


# --- what a role may do to the records it links, and to those it may not read

LINKS = [
    pytest.param("categories", {"title": "x", "post": {"id": 2}}, id="from the side without the column"),
    pytest.param("posts", {"title": "x", "comments": [{"id": 1}]}, id="one of many"),
]


@pytest.mark.parametrize(("collection", "values"), LINKS)
async def test_linking_a_record_that_holds_the_key_takes_the_grant_to_update_it(
    door: Door, rows: Rows, collection: str, values: dict[str, Any]
) -> None:
    await give_role("maker", {name: {"read": {}, "create": {}} for name in ("posts", "categories", "comments")})
    before = await rows()

    answer = await door.create(collection, values, role="maker")

    assert ["NO_PERMISSION"] == answer.codes
    assert before == await rows()


async def test_who_may_write_but_not_read_is_told_the_key_alone(door: Door) -> None:
    await give_role("blind", {"posts": {"update": {}}})

    answer = await door.update("posts", {"title": "New"}, key=1, role="blind")

    # GraphQL was asked for every column, REST answers what there is.
    assert answer.codes == [] or {"NO_PERMISSION"} == {*answer.codes}
    assert "New" == (await Post.get(id=1)).title
    assert "secretNote" not in str(answer.data)


async def test_a_write_by_filter_tells_nothing_of_what_may_not_be_read(door: Door, rows: Rows) -> None:
    await give_role("blind", {"posts": {"update": {}, "destroy": {}}})
    before = await rows()
    filter = {"secretNote": {"$includes": "a"}}

    codes = [
        (await door.update("posts", {"title": "x"}, filter=filter, role="blind")).codes,
        (await door.destroy("posts", filter=filter, role="blind")).codes,
    ]

    assert [["NO_PERMISSION"]] * 2 == codes
    assert before == await rows()


@pytest.mark.parametrize("filter", [{"$or": [{}]}, {"$and": [{}, {"$or": [{}]}]}, {"$not": {"$not": {}}}], ids=str)
async def test_a_filter_that_narrows_nothing_is_none(door: Door, rows: Rows, filter: dict[str, Any]) -> None:
    before = await rows()

    answer = await door.destroy("posts", filter=filter)

    assert ["FILTER_REQUIRED"] == answer.codes
    assert before == await rows()


@pytest.mark.parametrize("count", [plans.MAX_RECORDS + 1, 20_000])
async def test_a_list_that_is_too_long_is_refused_in_one_sentence(door: Door, rows: Rows, count: int) -> None:
    before = await rows()

    answer = await door.create("tags", [{"name": "x"}] * count)

    assert ["BODY_TOO_LARGE"] == answer.codes
    assert before == await rows()
