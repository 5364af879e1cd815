"""What a grant hides: its columns are unknown and its rows missing, through both doors and whatever is asked."""

from typing import Any

import httpx
import pytest

from api.app import Service
from engine.system.models import Role, User
from schema.sample.models import Category, Comment, Post, Tag
from tests.doors.conftest import Rows, Save, give_role
from tests.doors.door import Door

OWN = {"authorId": "{{$user.id}}"}
SHOWN = ["title", "category", "author", "tags", "comments"]
LIMITED: dict[str, Any] = {
    "posts": {
        "read": {"fields": SHOWN, "filter": OWN},
        "create": {"fields": ["title", "content", "category", "author", "tags", "comments"], "filter": OWN},
        "update": {"fields": ["title", "author", "category", "comments", "tags"], "filter": {**OWN, "status": "draft"}},
        "destroy": {"filter": {"status": "draft"}},
    },
    "categories": {"read": {"filter": {"title": {"$ne": "hidden"}}}, "create": {"fields": ["title", "post"]}},
    "tags": {"read": {"filter": {"name": {"$ne": "hidden"}}}},
    "comments": {
        "read": {"fields": ["content", "post"]},
        "update": {"fields": ["post"], "filter": {"content": {"$ne": "fixed"}}},
        "create": {"fields": ["content"]},
    },
    "users": {"read": {"fields": ["nickname", "posts"]}},
}

# Hides rows alone, so that both doors can ask for every column.
NARROW: dict[str, Any] = {
    "posts": {
        "read": {"filter": OWN},
        "create": {"filter": OWN},
        "update": {"filter": {"status": "draft"}},
        "destroy": {"filter": {"status": "draft"}},
    },
    "comments": {
        "read": {"filter": {"content": {"$ne": "hidden"}}},
        "update": {"filter": {"content": {"$ne": "fixed"}}},
        "create": {},
    },
    "categories": {"read": {"filter": {"title": {"$ne": "hidden"}}}, "create": {}, "update": {}},
    "tags": {"read": {"filter": {"name": {"$ne": "hidden"}}}, "create": {}},
    "users": {"read": {"filter": {"username": "{{$user.username}}"}}},
}
# Sees everything, and writes its own.
HANDING: dict[str, Any] = {
    "posts": {"read": {}, "create": {"filter": OWN}, "update": {"filter": OWN}},
    "users": {"read": {}},
}


@pytest.fixture
async def mine(service: Service) -> Post:
    """A post of root's own with two tags, one of them hidden, and no other row there is."""
    await Comment.all().delete()
    await Post.all().delete()
    await Category.all().delete()
    await Tag.all().delete()
    root = await User.get(username="root")
    for name, grants in {"limited": LIMITED, "narrow": NARROW, "handing": HANDING}.items():
        await give_role(name, grants)
    post = await Post.create(title="mine", content="long", secret_note="psst", author=root)
    await post.tags.add(await Tag.create(name="seen"), await Tag.create(name="hidden"))
    return post


@pytest.fixture
async def other(mine: Post) -> Post:
    """A post that somebody else wrote."""
    somebody = await User.create(username="somebody", nickname="Some", password_hash="x", default_role="member")
    return await Post.create(title="other", author=somebody)


@pytest.fixture
def ask(client: httpx.AsyncClient, token: str) -> Any:
    """Asks as `limited`: a path of REST, or a document of GraphQL; answers status and body."""

    async def ask(what: str, body: Any = None, role: str = "limited", **params: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}", "X-Role": role}
        if what.startswith("/"):
            method = "GET" if body is None else "POST"
            sent = {} if body is None else {"json": body}
            response = await client.request(method, f"/api{what}", headers=headers, **sent)
        else:
            asked = {"query": what, "variables": params}
            response = await client.post("/graphql", json=asked, headers=headers)
        return response.status_code, response.json()

    return ask


# --- columns


@pytest.mark.parametrize(
    "path",
    [
        "/posts:list?fields={}",
        "/posts:list?except={}",
        "/posts:list?appends={}",
        "/posts:list?sort={}",
        "/posts:list?sort=-{}",
        "/posts:list?filter[{}]=x",
        "/posts:list?filter[{}][$startsWith]=p",
        "/posts:list?filter[$not][$or][0][{}]=x",
        "/posts:count?filter[{}]=x",
        "/comments:list?fields=post.{}",
        "/comments:list?filter[post][{}]=x",
        "/comments:list?filter[post.{}]=x",
        "/tags:list?filter[posts][{}][$exists]=true",
        "/posts:list?filter[{}][id]=1",
    ],
)
async def test_a_hidden_column_is_told_like_one_that_is_unknown(mine, ask, path):
    hidden = await ask(path.format("secretNote"))
    unknown = await ask(path.format("secretMote"))

    assert 400 == hidden[0]
    assert str(unknown).replace("secretMote", "secretNote") == str(hidden)
    assert "Did you mean" not in str(hidden)


@pytest.mark.parametrize(
    "document",
    [
        "{{ posts {{ items {{ id {} }} }} }}",
        "{{ posts {{ items {{ a: {} }} }} }}",
        "{{ posts {{ items {{ ...f }} }} }} fragment f on Post {{ {} }}",
        "{{ posts {{ items {{ ... on Post @include(if: true) {{ {} }} }} }} }}",
        "{{ comments {{ items {{ post {{ author {{ posts {{ {} }} }} }} }} }} }}",
        '{{ posts(filter: {{ {}: {{ startsWith: "p" }} }}) {{ count }} }}',
        '{{ tags(filter: {{ posts: {{ {}: {{ eq: "p" }} }} }}) {{ count }} }}',
        'mutation {{ createPost(values: {{ {}: "x" }}) {{ record {{ id }} }} }}',
        'mutation {{ updatePost(id: 1, values: {{ {}: "x" }}) {{ record {{ id }} }} }}',
        'mutation {{ updatePost(id: 1, values: {{ title: "x" }}) {{ record {{ id {} }} }} }}',
    ],
)
async def test_graphql_refuses_a_hidden_column_before_anything_runs(mine, ask, document):
    hidden = await ask(document.format("secretNote"))
    unknown = await ask(document.format("secretMote"))

    assert 400 == hidden[0]
    assert str(unknown).replace("secretMote", "secretNote") == str(hidden)
    assert "GRAPHQL_INVALID" == hidden[1]["errors"][0]["code"]
    assert "data" not in hidden[1]


async def test_variables_are_held_against_what_the_role_sees(mine, ask):
    document = "query($filter: PostFilter) { posts(filter: $filter) { count } }"

    hidden = await ask(document, filter={"secretNote": {"eq": "psst"}})
    unknown = await ask(document, filter={"secretMote": {"eq": "psst"}})

    assert 400 == hidden[0]
    assert str(unknown).replace("secretMote", "secretNote") == str(hidden)


async def test_no_suggestion_names_what_is_hidden(mine, ask):
    answers = [
        await ask("{ posts { items { secretNot } } }"),
        await ask("{ workflows { items { nodess } } }"),
        await ask('{ users(filter: { usernam: { eq: "x" } }) { count } }'),
        await ask("/posts:list?fields=secretNot"),
        await ask("/posts:create", {"title": "x", "secretNot": 1}),
    ]

    assert [400, 200, 400, 400, 400] == [status for status, _ in answers]
    assert "NO_PERMISSION" in str(answers[1])
    assert not [body for _, body in answers if "Did you mean" in str(body)]


async def test_introspection_shows_what_the_role_sees(mine, ask):
    document = '{ __type(name: "%s") { fields { name } inputFields { name } } }'

    _, record = await ask(document % "Post")
    _, whole = await ask(document % "Post", role="root")
    _, filter = await ask(document % "PostFilter")

    assert "secretNote" in str(whole)
    assert {"id", "categoryId", "authorId", *SHOWN, "executions"} == {
        field["name"] for field in record["data"]["__type"]["fields"]
    }
    assert "secretNote" not in str(filter)


async def test_two_roles_that_ask_the_same_are_answered_each_by_their_own(mine, ask):
    """Documents that were found to be valid are kept, but for those who see the same alone."""
    document = "{ posts { items { secretNote } } }"

    statuses = [(await ask(document, role=role))[0] for role in ("root", "limited", "root", "limited")]

    assert [200, 400, 200, 400] == statuses


async def test_a_record_has_the_columns_that_are_granted(mine, ask):
    _, read = await ask(f"/posts:get/{mine.id}")
    _, appended = await ask("/comments:list?appends=post")

    assert {"id", "title", "categoryId", "authorId"} == read["data"].keys()
    assert [] == appended["data"]


async def test_a_relation_goes_with_the_column_that_holds_its_key(mine, ask):
    """Naming one of the two in the fields names both; a relation that no column here holds is named for itself."""
    await give_role("bare", {"posts": {"read": {"fields": ["categoryId"]}}, "categories": {"read": {}}})

    assert 200 == (await ask("/posts:list?appends=category", role="bare"))[0]
    assert 400 == (await ask("/posts:list?appends=author", role="bare"))[0]
    assert 400 == (await ask("/posts:list?appends=tags", role="bare"))[0]
    assert 404 == (await ask(f"/posts/{mine.id}/tags:list", role="bare"))[0]


async def test_a_changed_document_counts_at_once(mine, ask, service):
    assert 400 == (await ask("{ posts { items { content } } }"))[0]
    await Role.filter(name="limited").update(grants={"posts": {"read": {}}})
    service.engine.accounts.forget()

    assert 200 == (await ask("{ posts { items { content } } }"))[0]


# --- rows


async def test_a_hidden_row_is_missing(other, door: Door):
    hidden = await door.get("posts", other.id, role="narrow")
    missing = await door.get("posts", other.id + 1, role="narrow")

    assert (hidden.status, hidden.codes) == (missing.status, missing.codes)
    assert ["NOT_FOUND"] == hidden.codes
    assert hidden.errors[0]["message"].replace(str(other.id), "?") == missing.errors[0]["message"].replace(
        str(other.id + 1), "?"
    )


async def test_a_page_and_its_count_leave_hidden_rows_out(other, door: Door, ask):
    found = await door.page("posts", role="narrow", sort=["-id"])
    _, counted = await ask("/posts:list", role="narrow")
    _, count = await ask("{ posts { count } }", role="narrow")

    assert ["mine"] == [post["title"] for post in found.data]
    assert (1, 1) == (counted["meta"]["count"], count["data"]["posts"]["count"])


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"author": {"username": {"$includes": "o"}}}, ["mine"]),
        ({"tags": {"name": {"$includes": "e"}}}, ["mine"]),
        ({"tags": {"name": "hidden"}}, []),
        ({"$not": {"tags": {"name": "hidden"}}}, ["mine"]),
        ({"comments.$exists": True}, []),
        ({"category.$exists": True}, []),
        ({"category": {"title": "hidden"}}, []),
        ({"$not": {"category": {"title": "hidden"}}}, ["mine"]),
        ({"category": {"post": {"title": "mine"}}}, []),
    ],
    ids=str,
)
async def test_filters_do_not_look_at_hidden_rows(other, mine, door: Door, filter, expected):
    mine.category = await Category.create(title="hidden")
    await mine.save()
    await Comment.create(content="hidden", post=mine)

    found = await door.page("posts", role="narrow", filter=filter)

    assert expected == [post["title"] for post in found.data]


async def test_related_records_that_are_hidden_are_none(mine, ask):
    mine.category = await Category.create(title="hidden")
    await mine.save()
    await Comment.create(content="hidden", post=mine)
    seen = await Comment.create(content="seen", post=mine)

    _, rest = await ask("/posts:list?appends=category,comments,tags", role="narrow")
    _, graphql = await ask("{ posts { items { category { id } comments { id } tags { name } } } }", role="narrow")

    [post], [item] = rest["data"], graphql["data"]["posts"]["items"]
    assert (None, [seen.id], ["seen"]) == (
        post["category"],
        [each["id"] for each in post["comments"]],
        [each["name"] for each in post["tags"]],
    )
    assert {"category": None, "comments": [{"id": str(seen.id)}], "tags": [{"name": "seen"}]} == item


async def test_a_column_keeps_the_key_of_a_record_that_is_hidden(mine, ask):
    """It is a part of the row that may be read, whether the relation is asked for or not; `fields` would hide it."""
    mine.category = await Category.create(title="hidden")
    await mine.save()

    _, bare = await ask("/posts:list", role="narrow")
    _, appended = await ask("/posts:list?appends=category", role="narrow")

    assert [mine.category_id] * 2 == [answer["data"][0]["categoryId"] for answer in (bare, appended)]


async def test_what_hangs_on_a_hidden_row_is_not_reached_by_it(other, ask):
    await Comment.create(content="seen", post=other)

    status, _ = await ask(f"/posts/{other.id}/comments:list", role="narrow")
    _, comments = await ask("/comments:list?appends=post", role="narrow")
    _, users = await ask("{ users { items { posts { title } } } }", role="narrow")

    assert 404 == status
    assert [None] == [comment["post"] for comment in comments["data"]]
    assert [{"posts": [{"title": "mine"}]}] == users["data"]["users"]["items"]


# --- writes


async def test_a_hidden_row_can_neither_be_changed_nor_ended(other, door: Door, rows: Rows):
    before = await rows()

    changed = await door.update("posts", {"title": "x"}, key=other.id, role="narrow")
    ended = await door.destroy("posts", key=other.id, role="narrow")

    assert (["NOT_FOUND"], ["NOT_FOUND"]) == (changed.codes, ended.codes)
    assert before == await rows()


async def test_a_row_that_may_only_be_read_is_refused_by_name(mine, door: Door, rows: Rows):
    mine.status = "published"
    await mine.save()
    before = await rows()

    changed = await door.update("posts", {"title": "x"}, key=mine.id, role="narrow")
    ended = await door.destroy("posts", key=mine.id, role="narrow")

    assert ["NO_PERMISSION"] == changed.codes == ended.codes
    assert before == await rows()


async def test_a_write_by_filter_is_about_the_rows_of_the_grant(other, mine, door: Door):
    """Those that may not be changed are left out like those that may not be seen."""
    published = await Post.create(title="published", status="published", author=await User.get(username="root"))

    changed = await door.update("posts", {"title": "new"}, filter={"id": {"$gt": 0}}, role="narrow")
    titles = {post.id: post.title for post in await Post.all()}
    ended = await door.destroy("posts", filter={"id": {"$gt": 0}}, role="narrow")

    assert [mine.id] == [int(post["id"]) for post in changed.data]
    assert {mine.id: "new", other.id: "other", published.id: "published"} == titles
    assert 1 == ended.data


async def test_several_keys_of_which_one_is_hidden_change_nothing(other, mine, ask, rows: Rows):
    before = await rows()

    status, _ = await ask(
        f"/posts:update?filterByTk[]={mine.id}&filterByTk[]={other.id}", {"title": "x"}, role="narrow"
    )

    assert 404 == status
    assert before == await rows()


async def test_a_new_record_has_to_be_within_the_grant(other, door: Door, rows: Rows):
    before = await rows()

    foreign = await door.create("posts", {"title": "x", "authorId": other.author_id}, role="handing")
    own = await door.create("posts", {"title": "x"}, role="narrow")

    assert ["NO_PERMISSION"] == foreign.codes
    assert own.data["title"] == "x"
    assert len(before["posts"]) + 1 == await Post.all().count()


async def test_a_change_must_not_take_a_record_out_of_the_grant(other, mine, door: Door, rows: Rows):
    before = await rows()

    answer = await door.update("posts", {"authorId": other.author_id}, key=mine.id, role="handing")

    assert ["NO_PERMISSION"] == answer.codes
    assert before == await rows()


async def test_a_record_that_is_hidden_cannot_be_linked(other, mine, door: Door, rows: Rows):
    """It is told like one that is not there."""
    hidden = await Category.create(title="hidden")
    before = await rows()

    answers = [
        await door.update("posts", {"categoryId": key}, key=mine.id, role="narrow")
        for key in (hidden.id, hidden.id + 9)
    ]
    nested = await door.create("posts", {"title": "x", "category": {"id": hidden.id}}, role="narrow")
    tag = await Tag.get(name="hidden")
    linked = await door.link("add", "posts", mine.id, "tags", [tag.id], role="narrow")

    assert [["BAD_VALUE"]] * 4 == [each.codes for each in (*answers, nested, linked)]
    assert answers[0].errors[0]["message"].replace(str(hidden.id), "?") == answers[1].errors[0]["message"].replace(
        str(hidden.id + 9), "?"
    )
    assert before["posts"] == (await rows())["posts"]


async def test_linking_leaves_hidden_records_where_they_are(mine, door: Door):
    seen = await Tag.create(name="other")

    answer = await door.link("set", "posts", mine.id, "tags", [seen.id], role="narrow")

    assert [str(seen.id)] == answer.data
    assert {"hidden", "other"} == {tag.name for tag in await mine.tags.all()}


async def test_a_list_of_related_records_leaves_hidden_ones_where_they_are(mine, door: Door):
    await Comment.create(content="hidden", post=mine)
    seen = await Comment.create(content="seen", post=mine)

    answer = await door.update("posts", {"comments": [], "tags": []}, key=mine.id, role="narrow")

    assert [] == answer.codes
    assert (1, ["hidden"]) == (await Comment.filter(post=mine).count(), [tag.name for tag in await mine.tags.all()])
    assert (await Comment.get(id=seen.id)).post_id is None


async def test_a_record_that_may_not_be_changed_is_neither_linked_nor_unlinked_by_its_own_column(mine, door, rows):
    fixed = await Comment.create(content="fixed")
    held = await Comment.create(content="fixed", post=mine)
    before = await rows()

    answers = [
        await door.link("add", "posts", mine.id, "comments", [fixed.id], role="narrow"),
        await door.link("remove", "posts", mine.id, "comments", [held.id], role="narrow"),
        await door.update("posts", {"comments": []}, key=mine.id, role="narrow"),
        await door.update("posts", {"comments": [{"id": fixed.id}, {"id": held.id}]}, key=mine.id, role="narrow"),
    ]

    assert [{"NO_PERMISSION"}] * 4 == [{*each.codes} for each in answers]
    assert before == await rows()


async def test_an_owner_that_may_only_be_read_is_not_linked(mine, door: Door, rows: Rows):
    mine.status = "published"
    await mine.save()
    tag = await Tag.get(name="seen")
    before = await rows()

    answer = await door.link("remove", "posts", mine.id, "tags", [tag.id], role="narrow")

    assert ["NO_PERMISSION"] == answer.codes
    assert before == await rows()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"title": "x", "readCount": 1}, "UNKNOWN_FIELD"),
        ({"title": "x", "secretNote": "x"}, "UNKNOWN_FIELD"),
        ({"title": "x", "comments": [{"content": "x"}]}, "NO_PERMISSION"),
        ({"title": "x", "category": {"title": "x", "banner": {"url": "x"}}}, "FIELD_NOT_WRITABLE"),
    ],
    ids=str,
)
async def test_a_column_that_may_not_be_written_is_refused(mine, ask, rows: Rows, values, code):
    """One that may be read says so, one that is hidden is unknown."""
    before = await rows()

    _, answer = await ask("/posts:create", values)

    assert [code] == [error["code"] for error in answer["errors"]]
    assert before == await rows()


@pytest.mark.parametrize("given", ["a link", "a record", "a new record"])
async def test_a_hidden_record_keeps_the_only_place(mine, door: Door, rows: Rows, given):
    """And whoever would take it is told which place it is, as where they see who has it."""
    category = await Category.create(title="seen")
    await Post.create(title="hidden", category=category)
    before = await rows()
    if given == "a link":
        answer = await door.link("set", "categories", category.id, "post", [mine.id], role="narrow")
    else:
        post = {"id": mine.id} if given == "a record" else {"title": "x"}
        answer = await door.update("categories", {"post": post}, key=category.id, role="narrow")

    assert ["UNIQUE_VIOLATION"] == answer.codes
    assert "'post'" in answer.errors[0]["message"]
    assert before == await rows()


async def test_a_column_that_may_be_read_and_not_written_says_so(mine, door: Door, rows: Rows):
    await give_role("titles", {"posts": {"read": {}, "create": {"fields": ["title"]}, "update": {"fields": ["title"]}}})
    before = await rows()

    created = await door.create("posts", {"title": "x", "content": "x", "authorId": 1}, role="titles")
    changed = await door.update("posts", {"readCount": 7, "tags": []}, key=mine.id, role="titles")
    linked = await door.link("set", "posts", mine.id, "category", [1], role="titles")

    assert (["FIELD_NOT_WRITABLE"] * 2, ["FIELD_NOT_WRITABLE"] * 2) == (created.codes, changed.codes)
    assert ["NO_PERMISSION"] == linked.codes
    assert before == await rows()


async def test_what_a_record_needs_and_the_role_may_not_give_is_not_named(mine, ask):
    await give_role("blind", {"posts": {"read": {"fields": []}, "create": {"fields": ["content"]}}})

    status, answer = await ask("/posts:create", {"content": "x"}, role="blind")

    assert 403 == status
    assert "title" not in str(answer)


async def test_the_answer_of_a_write_has_what_may_be_read(mine, ask):
    _, created = await ask("/posts:create", {"title": "x", "content": "y"})
    _, changed = await ask(f"/posts:update/{mine.id}", {"title": "y"})

    assert {"id", "title", "categoryId", "authorId"} == created["data"].keys() == changed["data"][0].keys()


async def test_of_a_record_that_is_written_and_hidden_the_key_alone_is_told(mine, ask):
    await give_role("drop", {"posts": {"read": {"filter": {"status": "published"}}, "create": {}}})

    status, answer = await ask("/posts:create", {"title": "x"}, role="drop")

    assert (200, ["id"]) == (status, list(answer["data"]))


async def test_a_hidden_record_is_not_found_before_one_is_created(other, door: Door):
    answer = await door.find_or_create("firstOrCreate", "posts", {"title": "other"}, ["title"], role="narrow")

    assert other.id != int(answer.data["id"])
    assert 2 == await Post.filter(title="other").count()


@pytest.mark.parametrize("relation", ["category", "categry"])
async def test_a_path_over_a_hidden_relation_is_unknown(mine, door, save: Save, rows: Rows, relation):
    await save("cat", collection="categories")
    await give_role("cats", {"posts": {"read": {"fields": ["title"]}, "create": {"fields": ["title"]}}})
    before = await rows()

    answer = await door.create("posts", {"title": "x"}, triggers=[f"cat!{relation}"], role="cats")

    [error] = answer.errors
    assert "TRIGGER_PATH_UNKNOWN" == error["code"]
    assert f"'{relation}' is not a relation of 'posts'. It has no relations." in error["message"]
    assert before == await rows()


async def test_the_answer_of_a_write_of_ours_has_what_may_be_read(mine, ask):
    await give_role("clerk", {"workflows": {"read": {"fields": ["key", "title"]}, "create": {}}})

    document = {"title": "Quiet", "type": "action", "config": {"collection": "posts"}, "nodes": []}
    status, answer = await ask("/workflows:create", document, role="clerk")

    assert (200, {"id", "key", "title"}) == (status, set(answer["data"]))


async def test_what_is_served_is_described_as_far_as_it_is_seen(mine, ask):
    _, answer = await ask("/collections:list")

    [posts] = [each for each in answer["data"] if each["name"] == "posts"]
    assert {"id", "title", "categoryId", "authorId"} == {field["name"] for field in posts["fields"]}
    assert {"category", "author", "tags", "comments"} == {relation["name"] for relation in posts["relations"]}


# --- grants that are lacking


@pytest.mark.parametrize("name", ["secretNote", "secretMote", "title"])
async def test_who_may_not_write_is_told_so_and_not_what_is_wrong_with_it(mine, ask, rows: Rows, name):
    """The grant is asked for before the fields, at both doors, so no field of what may not be done is told of."""
    await give_role("reader", {"posts": {"read": {"fields": ["title"]}}})
    before = await rows()
    values = {name: "x"}
    inline = f'mutation {{ it: createPost(values: {{ {name}: "x" }}) {{ record {{ {name} }} }} }}'
    variables = "mutation($values: PostCreateInput!) { it: createPost(values: $values) { record { id } } }"

    rest = await ask("/posts:create", values, role="reader")
    graphql = [await ask(inline, role="reader"), await ask(variables, role="reader", values=values)]

    assert (403, ["NO_PERMISSION"]) == (rest[0], [error["code"] for error in rest[1]["errors"]])
    for status, body in graphql:
        assert (200, None) == (status, body["data"] and body["data"]["it"])
        assert [("NO_PERMISSION", ["it"])] == [(error["extensions"]["code"], error["path"]) for error in body["errors"]]
        assert name == "title" or name not in str(body)
    assert before == await rows()


async def test_a_document_that_is_wrong_in_what_is_granted_stays_wrong(mine, ask):
    status, body = await ask('mutation { createPost(values: { secretMote: "x" }) { record { id } } }')

    assert (400, "GRAPHQL_INVALID") == (status, body["errors"][0]["code"])
