"""Random grants and random writes: both doors decide the same, and leave the same behind (attack H17)."""

from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.system.models import Role
from schema.sample.models import Category, Comment, Post, Tag
from tests.doors.conftest import give_role
from tests.doors.door import Door, GraphqlDoor, RestDoor

ASKING = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

COLUMNS = {
    "posts": ("title", "status", "readCount", "secretNote"),
    "categories": ("title",),
    "tags": ("name",),
    "comments": ("content",),
}
RELATIONS = {
    "posts": {"category": "categories", "tags": "tags", "comments": "comments", "author": "users"},
    "categories": {"post": "posts"},
    "tags": {"posts": "posts"},
    "comments": {"post": "posts"},
}
MANY = {"tags", "comments", "posts"}
MODELS = {"posts": Post, "categories": Category, "tags": Tag, "comments": Comment}
FIRST = 1000
NONE = 1_000_000
"""The key of the first row that is there before a write, and one that none ever has."""
KEYS = {"posts": 4, "categories": 3, "tags": 2, "comments": 3, "users": 1}
WORDS = ("a", "b", "c")


class KeysOnly(GraphqlDoor):
    """Asks of what it has written for the key alone, which everybody may know."""

    async def _columns(self, collection: str, role: str | None) -> str:
        return "id"


def keys(collection: str) -> st.SearchStrategy[int]:
    """Of rows that are there, and of one that is not."""
    if collection == "users":
        return st.just(1)
    return st.integers(FIRST, FIRST + KEYS[collection] - 1) | st.just(NONE)


def value(name: str) -> st.SearchStrategy[Any]:
    return st.integers(0, 2) if name == "readCount" else st.sampled_from(WORDS)


def filters(collection: str) -> st.SearchStrategy[dict[str, Any]]:
    column = st.sampled_from([name for name in COLUMNS[collection] if name != "readCount"])
    plain = st.builds(lambda name, words: {name: {"$in": words}}, column, st.lists(st.sampled_from(WORDS), min_size=1))
    if collection == "posts":
        related = st.builds(lambda found: {"category": found}, filters("categories"))
        return plain | related | st.just({"authorId": "{{$user.id}}"}) | st.just({"author": {"id": "{{$user.id}}"}})
    return plain


def limits(collection: str, verb: str) -> st.SearchStrategy[dict[str, Any]]:
    fields = st.lists(st.sampled_from([*COLUMNS[collection], *RELATIONS[collection]]), unique=True)
    optional = {"filter": filters(collection), **({} if verb == "destroy" else {"fields": fields})}
    return st.just({}) | st.fixed_dictionaries({}, optional=optional)


grants = st.fixed_dictionaries(
    {"users": st.just({"read": {}})},
    optional={
        name: st.fixed_dictionaries(
            {}, optional={verb: limits(name, verb) for verb in ("read", "create", "update", "destroy")}
        )
        for name in COLUMNS
    },
)


@st.composite
def values(draw: st.DrawFn, collection: str, depth: int = 2) -> dict[str, Any]:
    """Of a record, with some that is nested in it: records that are there, or new ones."""
    names = draw(st.lists(st.sampled_from(COLUMNS[collection]), min_size=1, unique=True))
    made = {name: draw(value(name)) for name in names}
    for name in draw(st.lists(st.sampled_from([*RELATIONS[collection]]), max_size=2, unique=True)) if depth else ():
        target = RELATIONS[collection][name]
        there = st.builds(lambda key: {"id": key}, keys(target))
        one = there if target == "users" else there | values(target, depth - 1)
        made[name] = draw(st.lists(one, max_size=2) if name in MANY else one)
    return made


@st.composite
def writes(draw: st.DrawFn) -> tuple[Any, ...]:
    """What is called at a door, with what is given there."""
    collection = draw(st.sampled_from([*COLUMNS]))
    which: Mapping[str, Any] = draw(
        st.fixed_dictionaries({"key": keys(collection)}) | st.fixed_dictionaries({"filter": plain_filter(collection)})
    )
    kind = draw(st.sampled_from(["create", "update", "destroy", "link"]))
    if kind == "create":
        return kind, (collection, draw(values(collection))), {}
    if kind == "update":
        return kind, (collection, draw(values(collection))), dict(which)
    if kind == "destroy":
        return kind, (collection,), dict(which)
    relation = draw(st.sampled_from([name for name in RELATIONS[collection] if name in MANY] or ["post"]))
    mode = draw(st.sampled_from(["add", "set", "remove"])) if relation in MANY else "set"
    linked = [draw(keys(RELATIONS[collection][relation]))]
    return kind, (mode, collection, draw(keys(collection)), relation, linked), {}


def plain_filter(collection: str) -> st.SearchStrategy[dict[str, Any]]:
    name = "name" if collection == "tags" else "content" if collection == "comments" else "title"
    return st.builds(lambda words: {name: {"$in": words}}, st.lists(st.sampled_from(WORDS), min_size=1))


async def fill() -> None:
    """The same few rows each time, under the same keys."""
    for model in (Comment, Post, Category, Tag):
        await model.all().delete()
    await Tag.bulk_create(Tag(id=FIRST + n, name=WORDS[n]) for n in range(KEYS["tags"]))
    await Category.bulk_create(Category(id=FIRST + n, title=WORDS[n]) for n in range(KEYS["categories"]))
    for number in range(KEYS["posts"]):
        post = await Post.create(
            id=FIRST + number,
            title=WORDS[number % 3],
            status=WORDS[number % 2],
            secret_note=WORDS[number % 3],
            author_id=1 if number % 2 else None,
            category_id=FIRST + number if number < 2 else None,
        )
        await post.tags.add(await Tag.get(id=FIRST + number % 2))
    await Comment.bulk_create(
        Comment(id=FIRST + n, content=WORDS[n], post_id=FIRST + n if n else None) for n in range(KEYS["comments"])
    )


async def stored() -> dict[str, list[Any]]:
    """All rows, those that are new without their keys, and nothing of when they were written."""

    def known(key: int | None, collection: str) -> int | str | None:
        return key if key is None or FIRST <= key < FIRST + KEYS[collection] else "new"

    posts = await Post.all().prefetch_related("tags")
    told: dict[str, list[Any]] = {
        "posts": [
            (
                *(known(each.id, "posts"), each.title, each.status, each.read_count, each.secret_note, each.author_id),
                *(known(each.category_id, "categories"), sorted(str(known(tag.id, "tags")) for tag in each.tags)),
            )
            for each in posts
        ],
        "categories": [(known(each.id, "categories"), each.title) for each in await Category.all()],
        "tags": [(known(each.id, "tags"), each.name) for each in await Tag.all()],
        "comments": [
            (known(each.id, "comments"), each.content, known(each.post_id, "posts")) for each in await Comment.all()
        ],
    }
    return {name: sorted(rows, key=repr) for name, rows in told.items()}


def decision(codes: list[str]) -> set[str]:
    """What was refused, in words of both doors: a field that is hidden is in no input of GraphQL."""
    fields = {"UNKNOWN_FIELD", "FIELD_NOT_WRITABLE", "GRAPHQL_INVALID"}
    return {"FIELD" if code in fields else code for code in codes}


async def carried_out(door: Door, write: tuple[Any, ...]) -> tuple[set[str], dict[str, list[Any]]]:
    kind, given, which = write
    await fill()
    answer = await getattr(door, kind)(*given, role="random", **which)
    return decision(answer.codes), await stored()


@ASKING
@given(grants=grants, write=writes())
async def test_both_doors_decide_and_store_the_same(service, client, token, grants, write):
    doors = [made(client, token, service.engine.collections) for made in (RestDoor, KeysOnly)]
    if not await Role.exists(name="random"):
        await give_role("random", {}, [])
    await Role.filter(name="random").update(grants=grants)
    service.engine.accounts.forget()
    await fill()
    before = await stored()

    (rest, rest_rows), (graphql, graphql_rows) = [await carried_out(door, write) for door in doors]

    # Validation of a document ends at the fields that there are not; REST tells what else is wrong beside them.
    assert rest == graphql or ("FIELD" in graphql and "FIELD" in rest), (rest, graphql)
    assert rest_rows == graphql_rows
    assert not rest or before == rest_rows
