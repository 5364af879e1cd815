"""Text that wants to be more than text: as a name, a pattern, a number, a line of the log (E01 to E13)."""

import json
import logging

import pytest

from schema.sample.models import Post
from tests.attacks.world import told

NAMES = [
    *("title) OR 1=1--", '"users"."id"', "title'", "title;", "title--", "title/**/", "1", "*", "title\x00", "title\\"),
    *("author__password_hash", "author__password_hash__startswith", "author.password_hash", "author.passwordHash"),
    *("pk", "_meta", "__class__", "__dict__", "objects", "title__contains", "id__gt", "$where", "$expr", "$raw", "$eq"),
    *("createdAt\u0000", "tıtle", "ＴＩＴＬＥ", "TITLE", " title", "title ", "", "constructor", "__proto__"),
]


async def test_names_are_looked_up_and_never_handed_to_the_database(world, nothing_happened):
    """E01, E03: as fields of filters, as orders, as fields and relations to show, at REST."""
    token = world.tokens["root"]
    async with nothing_happened():
        asked = {
            (kind, name): await world.send("GET", "posts:list", token, params=parameters)
            for name in NAMES
            for kind, parameters in {
                "filter": {"filter": json.dumps({name: "x"})},
                "nested": {"filter": json.dumps({"author": {name: "x"}})},
                "sort": {"sort": f"{name},"},
                "fields": {"fields": f"{name},id"},
                "appends": {"appends": f"{name},tags"},
            }.items()
        }
    taken = {which for which, answer in asked.items() if answer.status_code != 400}

    # No name at all: an empty one between two commas is nobody's. `$eq` compares the author's key.
    assert taken <= {
        (kind, name) for kind in ("sort", "fields", "appends") for name in ("", " title", "title ", "1")
    } | {("nested", "$eq")}
    assert [] == [
        which for which, answer in asked.items() if "syntax" in answer.text.lower() or "sql" in answer.text.lower()
    ]


SORTS = [
    *(
        "id;DROP TABLE posts",
        "(CASE WHEN 1=1 THEN id END)",
        "id desc",
        "id ASC",
        "random()",
        "RANDOM",
        "-",
        "--id",
        "+id",
    ),
    *("id)", "1", "author.passwordHash", "author__id", "id,id;", "title COLLATE NOCASE", "?", "-(id)", "author"),
]


@pytest.mark.parametrize("way", ["rest", "graphql"])
async def test_an_order_is_made_of_columns(world, nothing_happened, way):
    """E03."""
    token = world.tokens["root"]
    async with nothing_happened():
        if way == "rest":
            answers = [await world.send("GET", "posts:list", token, params={"sort": sort}) for sort in SORTS]
        else:
            document = "query($sort: [String!]) { posts(sort: $sort) { count } }"
            answers = [await world.ask(document, token, variables={"sort": [sort]}) for sort in SORTS]

    assert [] == [sort for sort, answer in zip(SORTS, answers, strict=True) if not told(answer).codes]


@pytest.mark.parametrize("way", ["rest", "graphql"])
@pytest.mark.parametrize("operator", ["includes", "startsWith", "endWith"])
async def test_what_a_text_has_is_looked_for_as_it_is(world, way, operator):
    """E05: nothing in it stands for anything else."""
    odd = ["%", "_", "\\", "\\%", "[a]", "*", "?", "'", '"', "a%b", "';--", "{{$user.id}}", "$1", "?1", ":a"]
    for title in odd:
        await Post.create(title=title, author_id=1)
    found = {}
    for title in odd:
        if way == "rest":
            filter = json.dumps({"title": {f"${operator}": title}})
            answer = await world.send("GET", "posts:list", world.tokens["root"], params={"filter": filter})
            records = answer.json()["data"]
        else:
            document = (
                f"query($text: String) {{ posts(filter: {{title: {{{operator}: $text}}}}) {{ items {{ title }} }} }}"
            )
            answer = await world.ask(document, world.tokens["root"], variables={"text": title})
            records = answer.json()["data"]["posts"]["items"]
        found[title] = {record["title"] for record in records}
    test = {"includes": str.__contains__, "startsWith": str.startswith, "endWith": str.endswith}[operator]

    assert {title: {other for other in odd if test(other, title)} for title in odd} == found


COLLECTIONS = [
    *("sqlite_master", "sqlite_sequence", "pg_user", "pg_shadow", "aerich", "information_schema.tables", "posts_tags"),
    *("revoked_tokens", "idempotency_keys", 'posts"--', "posts;", "posts'", "Posts", "POSTS", "posts ", " posts", "*"),
    *(
        "tortoise_migrations",
        "schema.sample.models.Post",
        "__class__",
        "constructor",
        "posts,users",
        "posts%00",
        "post",
    ),
]


@pytest.mark.parametrize("action", ["list", "create", "destroy"])
async def test_there_are_no_other_collections(world, nothing_happened, action):
    """E06."""
    method = "GET" if action == "list" else "POST"
    async with nothing_happened():
        answers = {
            name: await world.send(
                method,
                f"{name}:{action}?filter[id]=1" if action == "destroy" else f"{name}:{action}",
                world.tokens["root"],
            )
            for name in COLLECTIONS
        }

    assert {404} == {answer.status_code for answer in answers.values()}


ACTIONS = [
    *("__init__", "_meta", "save", "bulk_create", "delete", "raw", "execute", "all", "filter", "objects", "drop"),
    *("list()", "list;", "get_or_create", "LIST", "list ", "constructor", "truncate", "export", "import"),
]


@pytest.mark.parametrize("collection", ["posts", "users", "workflows"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_there_are_no_other_actions(world, nothing_happened, collection, method):
    taken = {"execute"} if collection == "workflows" else set()
    async with nothing_happened():
        answers = {
            name: await world.send(method, f"{collection}:{name}", world.tokens["root"])
            for name in ACTIONS
            if name not in taken
        }

    assert {404} == {answer.status_code for answer in answers.values()}


PAGES = ["-1", "0", "1e309", "9" * 30, "1.5", "NaN", "Infinity", "0x10", "١", "", "1;", "[]", "null", "true", "1,2"]


@pytest.mark.parametrize("name", ["page", "pageSize"])
async def test_a_page_is_a_number_that_there_can_be(world, nothing_happened, name):
    """E10."""
    async with nothing_happened():
        answers = {
            given: await world.send("GET", "posts:list", world.tokens["root"], params={name: given}) for given in PAGES
        }
    taken = {given for given, answer in answers.items() if answer.status_code == 200}

    assert {200, 400} >= {answer.status_code for answer in answers.values()}
    # Cut, or a page behind the last one: never more than a page may have.
    assert taken <= {"9" * 30, ""}
    assert all(len(answers[given].json()["data"]) <= 200 for given in taken)


async def test_a_page_is_cut_to_what_one_may_have(world, nothing_happened):
    async with nothing_happened():
        answer = await world.send("GET", "posts:list?pageSize=999999999", world.tokens["root"])

    assert 200 == answer.json()["meta"]["pageSize"]


NUMBERS = [2**31, -(2**31) - 1, 2**63, 10**400, 1.5, "1e3", "0x1", True, [1], {"$gt": 0}, "1 OR 1=1"]


async def test_a_number_is_one_its_column_can_hold(world, nothing_happened):
    async with nothing_happened():
        written = [
            await world.send("POST", "posts:create", world.tokens["root"], json={"title": "x", "readCount": number})
            for number in NUMBERS
        ]
        document = 'mutation($n: Int) { createPost(values: {title: "x", readCount: $n}) { record { id } } }'
        asked = [await world.ask(document, world.tokens["root"], variables={"n": number}) for number in NUMBERS]

    assert {400} == {answer.status_code for answer in written}
    assert all(told(answer).codes for answer in asked)


CONTROL = "\x1b[2J\x1b]0;owned\x07\r\nroot signed in\u2028\x9b31m"


async def test_nobody_writes_lines_into_the_log_or_moves_a_terminal(world, caplog):
    """E12: by a path, a key, an account, a header, a value or a name in a document."""
    caplog.set_level(logging.INFO)
    encoded = "".join(f"%{byte:02X}" for byte in CONTROL.encode())
    token = world.tokens["root"]
    await world.send("GET", f"{encoded}:list", token)
    await world.send("GET", f"posts:get/{encoded}", token)
    await world.send("POST", "auth:signIn", json={"account": CONTROL, "password": CONTROL})
    await world.send("POST", "roles:create", token, json={"name": CONTROL, "grants": {}})
    await world.send("POST", "posts:create", token, json={"title": CONTROL, CONTROL: 1})
    await world.send("GET", "posts:list", token, headers={"X-Request-Id": "a%1b[2Jb", "X-Timezone": "\x1b[2J"})
    await world.ask('mutation { createRole(values: {name: "\\u001b[2J"}) { record { name } } }', token)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("bangpath")]

    assert ours
    assert [] == [line for line in ours if not line.isprintable()]


@pytest.mark.parametrize("given", ["a b", "a\tb", "ä", "x" * 129, "", "a;b", "<script>", "a\x7f"])
async def test_an_id_of_a_request_is_a_plain_word(world, given):
    """It is written in lines and headers."""
    answer = await world.send("GET", "posts", world.tokens["root"], headers={"X-Request-Id": given.encode()})

    assert answer.headers["X-Request-Id"].isalnum()
    assert given != answer.headers["X-Request-Id"]


MARKUP = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{7*7}}",
    "${7*7}",
]


@pytest.mark.parametrize("markup", MARKUP)
async def test_markup_comes_back_as_the_text_that_it_is(world, markup):
    """E13: and as a type that no browser takes for a page."""
    token = world.tokens["root"]
    made = await world.send("POST", "posts:create", token, json={"title": markup})
    wrong = await world.send("GET", f"posts:list?sort={markup}", token)
    read = await world.ask('{ posts(sort: ["-id"], pageSize: 1) { items { title } } }', token)

    assert markup == made.json()["data"]["title"] == read.json()["data"]["posts"]["items"][0]["title"]
    for answer in (made, wrong, read):
        assert "application/json" == answer.headers["Content-Type"]
        assert "nosniff" == answer.headers["X-Content-Type-Options"]


BODIES = [
    *(b"{", b"[" * 200 + b"]" * 200, b'{"a":' * 200 + b"1" + b"}" * 200, b'{"title":"a","title":"b"}', b"NaN"),
    *(
        b'{"title":NaN}',
        b'{"title":Infinity}',
        b'{"title":"\\u0000"}',
        b'{"title":"\\ud800"}',
        b"\xff\xfe{\x00",
        b"\x00",
    ),
    *(b'{"title":' + b"9" * 5000 + b"}", b"nul", b"'a'", b'{"title":"a"}{"title":"b"}', b"\xef\xbb\xbf\xef\xbb\xbf{}"),
    *(b"!!python/object/apply:os.system ['id']", b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"),
]


async def test_what_can_be_read_in_two_ways_is_read_in_none(world, nothing_happened):
    headers = {"Content-Type": "application/json"}
    token = {"Authorization": f"Bearer {world.tokens['root']}"}
    async with nothing_happened():
        rest = [
            await world.send("POST", "posts:create", world.tokens["root"], content=body, headers=headers)
            for body in BODIES
        ]
        graphql = [await world.client.post("/graphql", content=body, headers={**headers, **token}) for body in BODIES]

    assert {400} == {answer.status_code for answer in (*rest, *graphql)}


async def test_keys_that_mean_something_elsewhere_are_data_in_json(world):
    """F09: inert, both ways."""
    odd = {
        "__proto__": {"admin": True},
        "constructor": {"prototype": 1},
        "__class__": "x",
        "toString": None,
        "$where": "1",
    }
    document = {
        "key": "odd",
        "title": "Odd",
        "type": "action",
        "config": {"collection": "posts"},
        "nodes": [
            {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": json.dumps(odd)}}}
        ],
    }
    saved = await world.send("POST", "workflows:create", world.tokens["root"], json=document)

    assert odd == json.loads(saved.json()["data"]["nodes"][0]["config"]["values"]["text"])
