"""add, set, remove and toggle: which records hang on another, through all four kinds of relation and both doors."""

from typing import Any

import pytest

from schema.sample.models import Banner, Category, Comment, Post, Tag
from tests.conftest import SHOP
from tests.doors.conftest import Rows, give_role
from tests.doors.door import Door


@pytest.mark.parametrize(
    ("mode", "keys", "expected"),
    [
        ("add", [3], ["1", "2", "3"]),
        ("add", [1], ["1", "2"]),
        ("add", [], ["1", "2"]),
        ("set", [2, 3], ["2", "3"]),
        ("set", [], []),
        ("remove", [1], ["2"]),
        ("remove", [3], ["1", "2"]),
        ("toggle", [1], ["2"]),
        ("toggle", [3], ["1", "2", "3"]),
    ],
)
async def test_many_to_many(door: Door, mode: str, keys: list[int], expected: list[str]) -> None:
    await Tag.create(name="third")

    answer = await door.link(mode, "posts", 1, "tags", keys)

    assert expected == answer.data
    assert expected == [str(tag.id) for tag in await Tag.filter(posts__id=1).order_by("id")]
    assert ["python"] == [tag.name for tag in await Tag.filter(posts__id=2)]


@pytest.mark.parametrize(
    ("mode", "keys", "expected"),
    [
        ("add", [2], ["1", "2"]),
        ("set", [2], ["2"]),
        ("remove", [1], []),
        ("toggle", [2], ["1", "2"]),
        ("toggle", [1], []),
    ],
)
async def test_one_to_many(door: Door, mode: str, keys: list[int], expected: list[str]) -> None:
    await Comment.create(content="Loose")

    answer = await door.link(mode, "posts", 1, "comments", keys)

    assert expected == answer.data
    assert expected == [str(comment.id) for comment in await Comment.filter(post_id=1).order_by("id")]
    assert 2 == await Comment.all().count()


@pytest.mark.parametrize(
    ("collection", "key", "relation", "free"),
    [
        ("posts", 2, "author", 1),
        ("posts", 2, "category", 2),
        ("categories", 2, "post", 2),
        ("banners", 2, "category", 2),
    ],
    ids=["many-to-one", "one-to-one", "one-to-one from the other side", "another one from the other side"],
)
async def test_to_one(door: Door, collection: str, key: int, relation: str, free: int) -> None:
    await Category.create(title="Free")
    await Banner.create(url="/free")

    linked = await door.link("set", collection, key, relation, [free])
    again = await door.link("set", collection, key, relation, [free])
    unlinked = await door.link("remove", collection, key, relation)

    assert [[str(free)], [str(free)], []] == [linked.data, again.data, unlinked.data]


async def test_what_was_linked_is_unlinked_for_another(door: Door) -> None:
    await Category.create(title="Free")

    answer = await door.link("set", "posts", 1, "category", [2])

    assert ["2"] == answer.data
    assert not await Post.exists(category_id=1)
    assert 2 == await Category.all().count()


@pytest.mark.parametrize(
    ("collection", "key", "relation", "taken"), [("posts", 2, "category", 1), ("categories", 2, "post", 1)]
)
async def test_a_one_to_one_target_that_is_taken_is_never_moved(
    door: Door, rows: Rows, collection: str, key: int, relation: str, taken: int
) -> None:
    await Category.create(title="Free")
    before = await rows()

    answer = await door.link("set", collection, key, relation, [taken])

    assert ["UNIQUE_VIOLATION"] == answer.codes
    assert f"'{relation}'" in answer.errors[0]["message"]
    assert before == await rows()


@pytest.mark.parametrize(
    ("key", "keys", "code"),
    [
        (99, [1], "NOT_FOUND"),
        ("abc", [1], "BAD_KEY"),
        (1, [1, 99], "BAD_VALUE"),
        (1, ["abc"], "BAD_KEY"),
        (1, [2**31], "BAD_KEY"),
        (1, list(range(1, 1002)), "BAD_VALUE"),
    ],
)
@pytest.mark.parametrize("mode", ["add", "set"])
async def test_bad_links_are_refused(door: Door, rows: Rows, mode: str, key: Any, keys: list[Any], code: str) -> None:
    before = await rows()

    answer = await door.link(mode, "posts", key, "tags", keys)

    assert [code] == answer.codes
    assert before == await rows()


async def test_to_unlink_what_is_not_linked_changes_nothing(door: Door, rows: Rows) -> None:
    before = await rows()

    answer = await door.link("remove", "posts", 2, "tags", [1, 99])

    assert ["2"] == answer.data
    assert before == await rows()


@pytest.mark.parametrize(
    ("grants", "role"),
    [({"posts": {"read": {}}, "tags": {"read": {}}}, "reader"), ({"posts": {"read": {}, "update": {}}}, "blind")],
    ids=["without the update of the owner", "without the read of the target"],
)
async def test_linking_is_granted_by_both_ends(door: Door, rows: Rows, grants: dict[str, Any], role: str) -> None:
    await give_role(role, grants)
    before = await rows()

    answer = await door.link("add", "posts", 2, "tags", [1], role=role)

    assert ["NO_PERMISSION"] == answer.codes
    assert before == await rows()


async def test_the_one_who_may_update_the_owner_and_read_the_target_links(door: Door) -> None:
    await give_role("linker", {"posts": {"update": {}}, "tags": {"read": {}}})

    answer = await door.link("add", "posts", 2, "tags", [1], role="linker")

    assert ["1", "2"] == answer.data


class TestShop:
    """Records that cannot be without the one they hang on."""

    @pytest.fixture
    def changed(self) -> dict[str, Any]:
        return {"models": SHOP}

    @pytest.mark.parametrize("mode", ["remove", "toggle"])
    async def test_what_cannot_be_alone_is_not_unlinked(self, door: Door, rows: Rows, mode: str) -> None:
        customer = await door.create("shop_customers", {"name": "Ann", "orders": [{}]})
        before = await rows()

        answer = await door.link(mode, "shop_customers", customer.data["id"], "orders", [1])

        assert ["REQUIRED"] == answer.codes
        assert before == await rows()

    async def test_a_relation_to_itself_is_linked(self, door: Door) -> None:
        ann, bob = [(await door.create("shop_customers", {"name": name})).data["id"] for name in ("Ann", "Bob")]

        answer = await door.link("add", "shop_customers", ann, "invited", [bob])

        assert [bob] == answer.data
        assert ann == (await door.get("shop_customers", bob)).data["invitedById"]
