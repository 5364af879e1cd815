"""Random grants and random writes: both doors decide the same, and leave the same behind (attack H17)."""

from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from engine.system.models import Role
from schema.sample.models import Category, Comment, Post, Tag
from tests.doors.conftest import give_role
from tests.doors.door import Door, GraphqlDoor, RestDoor

# Without shrinking, which takes minutes where each example asks a database: what has failed is told as it was drawn.
ASKING = settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.generate],
    print_blob=True,
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


def seldom(often: int) -> st.SearchStrategy[bool]:
    """True once in so many times."""
    return st.integers(1, often).map(lambda number: number == often)


def keys(collection: str) -> st.SearchStrategy[int]:
    """Of rows that are there, and seldom of one that is not."""
    if collection == "users":
        return st.just(1)
    there = st.integers(FIRST, FIRST + KEYS[collection] - 1)
    return seldom(10).flatmap(lambda missing: st.just(NONE) if missing else there)


def value(name: str) -> st.SearchStrategy[Any]:
    return st.integers(0, 2) if name == "readCount" else st.sampled_from(WORDS)


def filters(collection: str) -> st.SearchStrategy[dict[str, Any]]:
    column = st.sampled_from([name for name in COLUMNS[collection] if name != "readCount"])
    plain = st.builds(lambda name, words: {name: {"$in": words}}, column, st.lists(st.sampled_from(WORDS), min_size=1))
    if collection == "posts":
        related = st.builds(lambda found: {"category": found}, filters("categories"))
        return plain | related | st.just({"authorId": "{{$user.id}}"}) | st.just({"author": {"id": "{{$user.id}}"}})
    return plain


@st.composite
def limits(draw: st.DrawFn, collection: str, verb: str) -> dict[str, Any]:
    """None, for the most part, and otherwise such as leave the most: what is refused for its grant shows the least."""
    found: dict[str, Any] = {}
    if verb != "destroy" and draw(seldom(3)):
        known = [*COLUMNS[collection], *RELATIONS[collection]]
        hidden = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
        found["fields"] = [name for name in known if name not in hidden]
    if draw(seldom(3)):
        wanted = draw(filters(collection))
        found["filter"] = wanted if draw(seldom(2)) else {"$not": wanted}
    return found


@st.composite
def grants(draw: st.DrawFn, collection: str) -> dict[str, Any]:
    """The actions on this collection for certain, on others for the most part."""
    found: dict[str, Any] = {"users": {"read": {}}}
    for name in COLUMNS:
        found[name] = {
            verb: draw(limits(name, verb))
            for verb in ("read", "create", "update", "destroy")
            if name == collection or not draw(seldom(8))
        }
    return found


@st.composite
def values(draw: st.DrawFn, collection: str, depth: int = 2) -> dict[str, Any]:
    """Of a record, with some that is nested in it: records that are there, or new ones."""
    first, *others = COLUMNS[collection]
    names = [first, *draw(st.lists(st.sampled_from(others), unique=True) if others else st.just([]))]
    names = names[1:] if draw(seldom(10)) else names
    made = {name: draw(value(name)) for name in names}
    for name in draw(st.lists(st.sampled_from([*RELATIONS[collection]]), max_size=2, unique=True)) if depth else ():
        target = RELATIONS[collection][name]
        there = st.builds(lambda key: {"id": key}, keys(target))
        changed = st.builds(lambda key, more: {**more, "id": key}, keys(target), values(target, 0))
        one = there if target == "users" else there | values(target, depth - 1) | changed
        made[name] = draw(st.lists(one, max_size=2) if name in MANY else one)
    return made


@st.composite
def writes(draw: st.DrawFn) -> tuple[Any, ...]:
    """What is called at a door, with what is given there."""
    collection = draw(st.sampled_from([*COLUMNS]))
    which: Mapping[str, Any] = draw(
        st.fixed_dictionaries({"key": keys(collection)}) | st.fixed_dictionaries({"filter": plain_filter(collection)})
    )
    kind = draw(st.sampled_from(["create", "create", "update", "update", "find_or_create", "destroy", "link"]))
    if kind in ("create", "update"):
        made = draw(values(collection))
        nested = [name for name in made if name in RELATIONS[collection]]
        changing = {"associations": nested} if nested and draw(seldom(2)) else {}
        return kind, (collection, made), {**changing, **(which if kind == "update" else {})}
    if kind == "find_or_create":
        made = draw(values(collection, 1))
        named = [name for name in made if name in COLUMNS[collection]] or ["id"]
        by = draw(st.lists(st.sampled_from(named), min_size=1, unique=True))
        return kind, (collection, draw(st.sampled_from(["firstOrCreate", "updateOrCreate"])), made, by), {}
    if kind == "destroy":
        return kind, (collection,), dict(which)
    relation = draw(st.sampled_from([name for name in RELATIONS[collection] if name in MANY] or ["post"]))
    mode = draw(st.sampled_from(["add", "set", "remove", "toggle"])) if relation in MANY else "set"
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


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """A role's grants, and a write in this role that they have something to say about."""
    write = draw(writes())
    kind, given, _ = write
    return draw(grants(given[1] if kind == "link" else given[0])), write


async def carried_out(door: Door, write: tuple[Any, ...]) -> tuple[set[str], dict[str, list[Any]]]:
    kind, given, which = write
    await fill()
    if kind == "find_or_create":
        collection, action, *rest = given
        given = (action, collection, *rest)
    answer = await getattr(door, kind)(*given, role="random", **which)
    return decision(answer.codes), await stored()


@ASKING
@given(case=cases())
async def test_both_doors_decide_and_store_the_same(service, client, token, case):
    grants, write = case
    doors = [made(client, token, service.engine.collections) for made in (RestDoor, KeysOnly)]
    if not await Role.exists(name="random"):
        await give_role("random", {}, [])
    await Role.filter(name="random").update(grants=grants)
    service.engine.accounts.forget()
    await fill()
    before = await stored()

    (rest, rest_rows), (graphql, graphql_rows) = [await carried_out(door, write) for door in doors]

    came = ", ".join(sorted(rest)) or ("nothing to do" if before == rest_rows else "written")
    event(f"{write[0]}: {came}")
    # Validation of a document ends at the fields that there are not; REST tells what else is wrong beside them, and of
    # nested records that may not be created nothing else. A relation that is hidden is a path that there is not.
    nowhere = "FIELD" in graphql and (rest & {"FIELD", "NO_PERMISSION"} or (write[0], rest) == ("link", {"NOT_FOUND"}))
    assert rest == graphql or nowhere, (rest, graphql)
    assert rest_rows == graphql_rows
    assert not rest or before == rest_rows
