"""Which part of a record goes into an answer."""

from typing import Any

import pytest

from engine.actions import Selection
from engine.data import shape
from engine.data.collections import Collections
from engine.data.reading import Shape
from engine.data.shape import shape_of
from engine.errors import Code
from engine.system.models import User
from schema.sample.models import Banner, Category, Comment, Post


def names(collections: Collections, name: str, **selection: Any) -> Any:
    """What is shown: columns, and relations with what is shown of them."""
    found, complaints = shape_of(collections, collections[name], Selection(**selection))

    assert [] == complaints

    return tree(found)


def tree(found: Shape) -> Any:
    shown: dict[str, Any] = {field.name: True for field in found.fields}
    return shown | {relation.name: tree(inner) for relation, inner in found.relations.items()}


def faults(collections: Collections, name: str, *hidden: str, **selection: Any) -> Any:
    readable = frozenset(collections).difference(hidden)
    _, complaints = shape_of(collections, collections[name], Selection(**selection), readable)
    return [(complaint.code, complaint.path) for complaint in complaints]


async def read(found: Shape) -> Any:
    """All records in the order of their keys."""
    return await found.read_page([], 0, 100)


async def test_without_a_selection_every_readable_column_is_shown_and_no_relation(shop):
    readable = {field.name: True for field in shop["products"].readable}

    assert readable == names(shop, "products")
    assert "supplierCode" not in readable


async def test_fields_choose_and_may_bring_relations_along(sample):
    assert {"title": True, "category": {"title": True}} == names(
        sample, "posts", fields=("title", "category.title", "title")
    )
    assert {"id": True, "tags": {"id": True, "name": True}} == names(sample, "posts", fields=("id", "tags"))


async def test_appends_add_relations_whole_and_over_several_hops(sample):
    shown = names(sample, "posts", fields=("id",), appends=("category.banner", "tags"))

    assert {"banner": {"id": True, "url": True}}.items() <= shown["category"].items()
    assert {"id": True, "name": True} == shown["tags"]


async def test_except_takes_away_columns_and_relations(sample):
    shown = names(sample, "posts", except_=("content", "category", "tags.id"), appends=("category", "tags"))

    assert {"content", "category"}.isdisjoint(shown)
    assert {"name": True} == shown["tags"]


@pytest.mark.parametrize("form", ["fields", "except_", "appends"])
@pytest.mark.parametrize(
    "path", ["nonsense", "read_count", "", "category.nonsense", "author.passwordHash", "nonsense.x"]
)
async def test_names_that_are_none_are_unknown_and_so_are_secret_ones(sample, form, path):
    place = ("nonsense",) if path == "nonsense.x" else tuple(path.split("."))

    assert [(Code.UNKNOWN_FIELD, place)] == faults(sample, "posts", **{form: (path,)})


async def test_a_secret_column_is_told_from_an_unknown_one_by_nothing(sample):
    _, (secret,) = shape_of(sample, sample["users"], Selection(fields=("passwordHash",)))
    _, (unknown,) = shape_of(sample, sample["users"], Selection(fields=("passwordHush",)))

    assert unknown.message.replace("Hush", "Hash") == secret.message


async def test_a_relation_to_what_may_not_be_read_is_refused_before_it_is_looked_into(sample):
    assert [(Code.NO_PERMISSION, ("author",))] == faults(sample, "posts", "users", appends=("author.nonsense",))


async def test_relations_may_be_followed_as_far_as_it_is_told_and_no_further(sample):
    def path(hops: int) -> str:
        return ".".join(["category", "post"][number % 2] for number in range(hops))

    assert [] == faults(sample, "posts", appends=(path(shape.MAX_DEPTH),))
    assert [Code.BAD_VALUE] == [code for code, _ in faults(sample, "posts", appends=(path(10_000),))]


async def test_records_are_shown_in_that_shape(sample):
    author = await User.create(username="root", password_hash="x", default_role="root")
    category = await Category.create(title="c", banner=await Banner.create(url="u"))
    post = await Post.create(title="t", author=author, category=category)
    await Comment.create(content="one", post=post)
    await Comment.create(content="two", post=post)
    await Post.create(title="bare")
    fields = ("title", "category.title", "category.banner.url", "author.username", "comments.content", "tags.name")
    found, _ = shape_of(sample, sample["posts"], Selection(fields=fields))

    assert [
        {
            "title": "t",
            "category": {"title": "c", "banner": {"url": "u"}},
            "author": {"username": "root"},
            "comments": [{"content": "one"}, {"content": "two"}],
            "tags": [],
        },
        {"title": "bare", "category": None, "author": None, "comments": [], "tags": []},
    ] == await read(found)


async def test_relations_over_inherited_keys_are_loaded(shop):
    customer = await shop["shop_customers"].model.create(name="c")
    await shop["addresses"].model.create(customer_id=customer.pk, street="Elm")
    over, _ = shape_of(shop, shop["addresses"], Selection(fields=("street", "customer.name")))
    back, _ = shape_of(shop, shop["shop_customers"], Selection(fields=("name", "address.street", "address.customerId")))
    key = str(customer.pk)

    assert [{"street": "Elm", "customer": {"name": "c"}}] == await read(over)
    assert [{"name": "c", "address": {"street": "Elm", "customerId": key}}] == await read(back)
