"""Documents that are too much, ways in that are none, and sockets that want more than their share (H01 to H16)."""

import json

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from tests.api.sockets import open_socket, serve
from tests.attacks.world import Told, told

WRITE = 'createPost(values: {title: "attack"}, triggerWorkflows: [{key: "wfPost"}]) { record { id } }'
FOLLOW = 'subscription { workflowExecutions(key: "wfPost") { id } }'


def deep(levels: int) -> str:
    """`{ posts { items { author { posts { items …`, so deep."""
    opened = "author { posts { items { " * levels
    return f"{{ posts {{ items {{ {opened} id {'}' * (opened.count('{') + 3)}"


def doubling(levels: int) -> str:
    """Each fragment spreads the next one twice: what is counted by walking is counted for ever."""
    spread = " ".join(f"fragment F{n} on Post {{ a{n}: title ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ posts {{ items {{ ...F0 }} }} }} {spread} fragment F{levels} on Post {{ id }}"


TOO_MUCH = {
    "depth": deep(20),
    "depth in fragments": "{ posts { items { ...A } } } "
    "fragment A on Post { author { posts { items { ...B } } } } "
    "fragment B on Post { author { posts { items { author { posts { items { id } } } } } } }",
    "depth in inline fragments": "{ posts { items { ... on Post { author { ... { posts { items { author { posts "
    "{ items { author { id } } } } } } } } } } } }",
    "a circle": "{ posts { items { ...A } } } fragment A on Post { author { posts { items { ...A } } } }",
    "aliases": "{ " + " ".join(f"a{n}: posts {{ count }}" for n in range(20)) + " }",
    "aliases of one field": "{ posts { items { " + " ".join(f"a{n}: title" for n in range(100)) + " } } }",
    "aliases in fragments": doubling(5),
    "aliases doubled": doubling(40),
    "root fields": "{ " + "posts { count } " * 31 + "}",
    "sign-ins": "mutation { " + 'signIn(account: "root", password: "x") { token } ' * 31 + "}",
    "tokens": "{ posts { items { " + "title " * 1100 + "} } }",
    "directives": "{ posts { count " + "@include(if: true) " * 400 + "} }",
    "variables": "query(" + " ".join(f"$v{n}: Int" for n in range(400)) + ") { posts { count } }",
    "cost": "{ posts(pageSize: 200) { items { tags { id } comments { id } author { posts { items { id } } } } } }",
    "cost by nesting": "{ posts(pageSize: 200) { items { comments { post { comments { id } } } } } }",
    "brackets": "{" * 300,
    "lists": "{ posts(sort: " + "[" * 300 + "]" * 300 + ") { count } }",
    "introspection in circles": "{ __schema { types { fields { type { fields { type { fields { type { fields "
    "{ type { fields { type { name } } } } } } } } } } } } }",
    "incremental": "{ posts { items { ... @defer { id } } } }",
    "two operations": "query A { posts { count } } query B { posts { count } }",
}


async def test_a_document_that_is_too_much_is_refused_before_it_runs(world, nothing_happened):
    """H01, H02, H06 and what is like them."""
    async with nothing_happened():
        answers = {name: await world.ask(document, world.tokens["root"]) for name, document in TOO_MUCH.items()}
    refused = {name for name, answer in answers.items() if Told(400, ("GRAPHQL_INVALID",)) == _first(answer)}

    assert TOO_MUCH.keys() == refused
    assert not [name for name, answer in answers.items() if "data" in answer.json()]


async def test_a_socket_takes_no_such_document_either(world, nothing_happened):
    answers = {}
    async with nothing_happened(), serve(world.service.asgi) as url, open_socket(url) as peer:
        await peer.begin(world.tokens["root"])
        for name, document in TOO_MUCH.items():
            await peer.subscribe(name, document)
            answers[name] = await peer.receive()

    assert {"error"} == {answer["type"] for answer in answers.values()}
    assert {"GRAPHQL_INVALID"} == {answer["payload"][0]["extensions"]["code"] for answer in answers.values()}


@pytest.mark.parametrize(
    "document", [f"mutation {{ {WRITE} }}", "{ posts { count } }", FOLLOW.replace("{ id }", "{ x }")]
)
async def test_nothing_but_subscriptions_goes_by_a_socket(world, nothing_happened, document):
    async with nothing_happened(), serve(world.service.asgi) as url, open_socket(url) as peer:
        await peer.begin(world.tokens["root"])
        await peer.subscribe("a", document)

        assert "error" == (await peer.receive())["type"]


@pytest.mark.parametrize("size", [1_000_000, 2**31, -1, 0, 1.5, "200"])
async def test_a_page_is_as_large_as_a_page_may_be(world, nothing_happened, size):
    """H06: cut or refused, never read whole."""
    document = f"{{ posts(pageSize: {json.dumps(size)}) {{ pageSize }} }}"
    async with nothing_happened():
        answer = await world.ask(document, world.tokens["root"])
    data = answer.json().get("data")

    assert 200 == data["posts"]["pageSize"] if data and data["posts"] else told(answer).codes


@pytest.mark.parametrize("count", [2, 100])
async def test_operations_come_one_by_one(world, nothing_happened, count):
    """H04: a batch would be many requests that count as one."""
    headers = {"Authorization": f"Bearer {world.tokens['root']}"}
    async with nothing_happened():
        batch = [{"query": f"mutation {{ {WRITE} }}"}] * count
        answer = await world.client.post("/graphql", json=batch, headers=headers)

    assert Told(400, ("GRAPHQL_INVALID",)) == told(answer)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_nothing_is_written_but_by_post(world, nothing_happened, method):
    """H08: what a link or a picture asks for."""
    parameters = {"query": f"mutation {{ {WRITE} }}", "token": world.tokens["root"]}
    async with nothing_happened():
        answer = await world.client.request(method, "/graphql", params=parameters)

    assert 405 == answer.status_code
    assert "POST" in answer.headers["Allow"]


FORMS = [
    *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql", ""),
    *(
        "application/json5",
        "text/json",
        "application/xml",
        "application/json, text/plain",
        "text/plain; application/json",
    ),
    *("text/plain;application/json", "application/+json+x", "json"),
]


async def test_no_form_of_another_site_is_read(world, nothing_happened):
    """H09: all that a page can send without asking first."""
    body = json.dumps({"query": f"mutation {{ {WRITE} }}"})
    path = f"/graphql?token={world.tokens['root']}"
    sent = {"Origin": "https://evil.example", "Cookie": f"token={world.tokens['root']}"}
    async with nothing_happened():
        answers = {
            media_type: await world.client.post(path, content=body, headers={**sent, "Content-Type": media_type})
            for media_type in FORMS
        }

    assert [] == [
        media_type for media_type, answer in answers.items() if Told(415, ("UNSUPPORTED_MEDIA_TYPE",)) != told(answer)
    ]


@pytest.mark.parametrize("name", ["token", "Authorization", "session", "access_token", "jwt"])
async def test_a_cookie_lets_nobody_in(world, nothing_happened, name):
    headers = {"Cookie": f"{name}={world.tokens['root']}; {name}=Bearer {world.tokens['root']}"}
    async with nothing_happened():
        rest = await world.client.post("/api/posts:create", json={"title": "attack"}, headers=headers)
        graphql = await world.client.post("/graphql", json={"query": f"mutation {{ {WRITE} }}"}, headers=headers)

    assert (("EMPTY_TOKEN",), ("EMPTY_TOKEN",)) == (told(rest).codes, told(graphql).codes)


@pytest.mark.parametrize("protocol", ["graphql-ws", "graphql-transport-ws-2", "soap"])
async def test_other_protocols_are_off(world, nothing_happened, protocol):
    """H10: the old one lets clients begin without saying who they are."""
    async with nothing_happened(), serve(world.service.asgi) as url, open_socket(url, protocol) as peer:
        assert 4406 == (await peer.closed())[0]


@pytest.mark.parametrize("kind", ["start", "subscribe", "next", "GQL_START", "connection_ack", None])
async def test_who_has_not_said_who_it_is_begins_nothing(world, nothing_happened, kind):
    """H10."""
    async with nothing_happened(), serve(world.service.asgi) as url, open_socket(url) as peer:
        await peer.send(id="a", type=kind, payload={"query": FOLLOW})

        assert (await peer.closed())[0] in (4400, 4401)


async def test_one_socket_has_its_share_of_subscriptions(world, nothing_happened):
    """H11."""
    async with nothing_happened(), serve(world.service.asgi) as url, open_socket(url) as peer:
        await peer.begin(world.tokens["root"])
        for number in range(101):
            await peer.subscribe(str(number), FOLLOW)

        assert 4429 == (await peer.closed())[0]


EVIL = ["https://evil.example", "null", "http://test.evil.example", "http://127.0.0.1.evil.example", "file://"]


@pytest.mark.parametrize("origin", EVIL)
async def test_no_page_of_another_site_opens_a_socket(world, nothing_happened, origin):
    """H12: whatever cookies or tokens it sends along."""
    headers = {"Cookie": f"token={world.tokens['root']}", "Authorization": f"Bearer {world.tokens['root']}"}
    async with nothing_happened(), serve(world.service.asgi) as url:
        with pytest.raises(InvalidStatus) as refused:
            async with open_socket(url, origin=Origin(origin), additional_headers=headers):
                pass

    assert 403 == refused.value.response.status_code


@pytest.mark.parametrize("query", ["", "?query={posts{items{secretNote}}}", "?query=<script>alert(1)</script>&x"])
async def test_the_page_holds_no_data_and_nothing_of_its_address(world, nothing_happened, query):
    """H15. With a query in its address it is no page at all."""
    headers = {"Accept": "text/html", "Cookie": f"token={world.tokens['root']}"}
    async with nothing_happened():
        answer = await world.client.get(f"/graphql{query}", headers=headers)
    policy = answer.headers["Content-Security-Policy"]

    assert "alert(1)" not in answer.text
    assert "only" not in answer.text, "the secret notes of the world"
    assert "'unsafe" not in policy
    assert "script-src 'self';" in policy or "default-src 'none'" in policy
    assert answer.headers["Content-Type"].startswith("text/html" if not query else "application/json")


BROKEN = [
    "{ posts { items { passwordHash } } }",
    "{ posst { count } }",
    "{ posts(filter: {title: {regex: 1}}) { count } }",
    'mutation { createPost(values: {titel: "x"}) { record { id } } }',
    'mutation { createUser(values: {passwordHash: "x"}) { record { id } } }',
    '{ post(id: "1; DROP TABLE posts") { id } }',
    "{ users { items { passwordHash tokensValidFrom } } }",
]


@pytest.mark.parametrize("document", BROKEN)
@pytest.mark.parametrize("name", ["member", "editor"])
async def test_errors_tell_nothing_of_what_is_behind(world, nothing_happened, document, name):
    """H16."""
    async with nothing_happened():
        answer = await world.ask(document, world.tokens[name])

    assert told(answer).codes
    for sign in ("Traceback", "tortoise", "sqlite", "asyncpg", "SELECT", "site-packages", ".py", "password_hash"):
        assert sign.lower() not in answer.text.lower()


def _first(answer: httpx.Response) -> Told:
    """An answer by its first error: what is too much may be so in several senses."""
    return Told(answer.status_code, told(answer).codes[:1])
