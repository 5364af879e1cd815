"""What a request meets first: its id, its token in every spelling, its role (attacks A01, A12, A17, B01)."""

import logging
import re
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from tortoise.exceptions import DBConnectionError

from api.authentication import Authentication
from api.credentials import split_query
from engine.actions import Actor
from engine.errors import Code, refuse


class OneAccount:
    """Knows the token `good` of somebody with the roles `member` and `größe`; others are refused with a 401."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    async def actor(self, token: str, role: str | None = None) -> Actor:
        self.asked.append((token, role))
        if token == "broken":
            raise OSError("the disk is on fire")
        if token == "away":
            raise DBConnectionError("nobody answers")
        if token != "good":
            raise refuse(Code.INVALID_TOKEN, "The token is not valid: sign in again.")
        if role not in (None, "member", "größe"):
            raise refuse(Code.ROLE_NOT_FOUND_FOR_USER, "This is not one of your roles.")
        return Actor(7, "mary", None, role or "member", ("member", "größe"), {}, None)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers what an endpoint would see of the request."""
    context = Request(scope).state.context
    seen = {
        "actor": context.actor and context.actor.username,
        "role": context.actor and context.actor.role,
        "query": scope["query_string"].decode("latin-1"),
        "peer": context.peer,
        "requestId": context.request_id,
    }
    await JSONResponse(seen)(scope, receive, send)


@pytest.fixture
def accounts() -> OneAccount:
    return OneAccount()


@pytest.fixture
def client(accounts: OneAccount) -> httpx.AsyncClient:
    app = Authentication(echo, SimpleNamespace(accounts=accounts))
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def code_of(response: httpx.Response) -> str:
    return response.json()["errors"][0]["code"]


# --- the token


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  ", "Bearer \t"])
async def test_a_bearer_header(client, scheme):
    response = await client.get("/api/posts", headers={"Authorization": f"{scheme} good"})

    assert ("mary", "member") == (response.json()["actor"], response.json()["role"])


@pytest.mark.parametrize("path", ["/api/posts:create", "/api/", "/api", "/graphql", "/graphql/"])
async def test_the_parameter_works_at_both_doors_and_is_gone_afterwards(client, path):
    response = await client.get(f"{path}?triggerWorkflows=a!b&token=good&page=2")

    assert "mary" == response.json()["actor"]
    assert "triggerWorkflows=a!b&page=2" == response.json()["query"]


@pytest.mark.parametrize(
    ("query", "rest"),
    [
        ("token=good", ""),
        ("%74oken=good", ""),
        ("t%6Fken=%67ood", ""),
        ("%74%6f%6b%65%6e=good&a=1", "a=1"),
        ("a=1&token=good", "a=1"),
        ("a=1&&token=good&b", "a=1&&b"),
        ("token=good&token=good", ""),
        ("token=good&token=", ""),
        ("tokens=1&token=good&xtoken=2", "tokens=1&xtoken=2"),
        ("a=token=1&token=good", "a=token=1"),
    ],
)
async def test_spellings_of_the_parameter(client, query, rest):
    response = await client.get(f"/api/posts?{query}")

    assert ("mary", rest) == (response.json()["actor"], response.json()["query"])


@pytest.mark.parametrize(
    "query", ["token[]=good", "token[0]=good", "token%5B%5D=good", "[token]=good", "token[a][b]=good"]
)
async def test_a_parameter_that_nests_is_no_token_and_is_gone_all_the_same(client, accounts, query):
    response = await client.get(f"/api/posts?{query}")

    assert (401, "INVALID_TOKEN") == (response.status_code, code_of(response))
    assert [] == accounts.asked
    assert b"" == split_query(query.encode()).rest


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "bearer "}]
)
@pytest.mark.parametrize("query", ["", "?token=", "?token"])
async def test_no_token_is_nobody(client, headers, query):
    """The resolvers refuse nobody with `EMPTY_TOKEN`; signing in needs no token."""
    response = await client.get(f"/api/auth:signIn{query}", headers=headers)

    assert (200, None) == (response.status_code, response.json()["actor"])


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"Authorization": "Bearer bad"}),
        ("", {"Authorization": "Basic cm9vdDpyb290"}),
        ("?token=bad", {"Authorization": "Bearer good"}),
        ("", {"Authorization": "Bearer good", "X-Role": "gone"}),
    ],
)
async def test_whoever_signs_in_is_nobody_whatever_they_show(client, accounts, query, headers):
    """Clients keep a token that has ended until they have another one. Nobody looks at it, and it is taken out."""
    response = await client.post(f"/api/auth:signIn{query}", headers=headers)

    assert (200, None, "") == (response.status_code, response.json()["actor"], response.json()["query"])
    assert [] == accounts.asked


@pytest.mark.parametrize(
    "header",
    [
        "Basic cm9vdDpyb290",
        "good",
        "Bearer good good",
        "Bearer good, Bearer good",
        "Token good",
        "Bearergood",
        "Bearer=good",
    ],
)
async def test_a_header_that_is_no_bearer_token(client, accounts, header):
    response = await client.get("/api/posts", headers={"Authorization": header})

    assert (401, "INVALID_TOKEN") == (response.status_code, code_of(response))
    assert "Bearer" == response.headers["WWW-Authenticate"]
    assert [] == accounts.asked


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?token=good", [("Authorization", "Bearer other")]),
        ("?token=other", [("Authorization", "Bearer good")]),
        ("?token=good&token=other", []),
        ("?token=good&%74oken=other", []),
        ("?token=good&token[]=other", []),
        ("", [("Authorization", "Bearer good"), ("Authorization", "Bearer other")]),
    ],
)
async def test_two_tokens_that_differ_are_ambiguous(client, accounts, query, headers):
    response = await client.get(f"/api/posts{query}", headers=headers)

    assert (400, "AMBIGUOUS_CREDENTIALS") == (response.status_code, code_of(response))
    assert "good" not in response.text
    assert "other" not in response.text
    assert [] == accounts.asked


async def test_the_same_token_twice_is_one(client):
    response = await client.get("/api/posts?token=good", headers={"Authorization": "Bearer good"})

    assert "mary" == response.json()["actor"]


async def test_a_bad_token_is_answered_without_the_application(client):
    response = await client.get("/api/posts?token=stolen")

    assert (401, "INVALID_TOKEN") == (response.status_code, code_of(response))
    assert "stolen" not in response.text


async def test_bytes_that_are_no_text_are_no_error(client):
    response = await client.get("/api/posts?token=%ff%00%0d%0a&x=%ff")

    assert 401 == response.status_code


@pytest.mark.parametrize("path", ["/", "/health/ready", "/apiary", "/graphqlx", "//api/posts"])
async def test_elsewhere_everybody_is_nobody_and_the_token_is_still_taken_out(client, accounts, path):
    response = await client.get(f"{path}?token=stolen", headers={"X-Role": "root"})

    assert {"actor": None, "query": ""}.items() <= response.json().items()
    assert [] == accounts.asked


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_surrounds_it_a_token_is_found_and_nothing_else_is_lost(before, after):
    before, after = (text.replace("token", "").replace("%", "").encode("utf-8", "replace") for text in (before, after))

    found = split_query(b"&".join([before, b"token=good", after]))

    assert (b"good",) == found.tokens
    assert b"&".join([before, after]) == found.rest


# --- the role


async def test_a_role_is_asked_for_by_name(client, accounts):
    await client.get("/api/posts?token=good", headers={"X-Role": "member"})

    assert [("good", "member")] == accounts.asked


@pytest.mark.parametrize("role", [b"admin", b"Member", b"", b"__union__", b"member,member", b"\xff\xfe", b"m%65mber"])
async def test_a_role_that_is_not_ones_own(client, role):
    response = await client.get("/api/posts?token=good", headers=[(b"X-Role", role)])

    assert (401, "ROLE_NOT_FOUND_FOR_USER") == (response.status_code, code_of(response))


async def test_two_roles_are_none(client):
    response = await client.get("/api/posts?token=good", headers=[("X-Role", "member"), ("X-Role", "member")])

    assert "ROLE_NOT_FOUND_FOR_USER" == code_of(response)


async def test_a_role_is_compared_as_the_bytes_that_were_sent(client):
    response = await client.get("/api/posts?token=good", headers=[(b"X-Role", "größe".encode())])

    assert "größe" == response.json()["role"]


async def test_a_role_without_a_token_says_nothing(client, accounts):
    response = await client.get("/api/posts", headers={"X-Role": "root"})

    assert response.json()["actor"] is None
    assert [] == accounts.asked


# --- the id, the peer and the headers of every answer


async def test_a_request_keeps_its_id(client):
    response = await client.get("/", headers={"X-Request-Id": "import-2026.05_03"})

    assert "import-2026.05_03" == response.json()["requestId"] == response.headers["X-Request-Id"]


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\x1b[31m", "<script>", "a,b", "ä"])
async def test_an_id_that_is_no_plain_word_is_replaced(client, given):
    response = await client.get("/", headers=[(b"X-Request-Id", given.encode())])

    assert re.fullmatch("[0-9a-f]{32}", response.headers["X-Request-Id"])
    assert response.json()["requestId"] == response.headers["X-Request-Id"]


async def test_the_peer_is_who_is_connected_whatever_they_say(client):
    response = await client.get("/api/x", headers={"X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1"})

    assert "192.0.2.7" == response.json()["peer"]


@pytest.mark.parametrize("path", ["/", "/api/posts", "/api/posts?token=bad", "/api/posts?token=broken"])
async def test_every_answer_has_these_headers(client, path):
    headers = (await client.get(path)).headers

    assert "no-referrer" == headers["Referrer-Policy"]
    assert "nosniff" == headers["X-Content-Type-Options"]
    assert headers["X-Request-Id"]


async def test_what_belongs_to_somebody_is_kept_by_no_cache(client):
    assert "no-store" == (await client.get("/api/posts?token=good")).headers["Cache-Control"]
    assert "Cache-Control" not in (await client.get("/")).headers


async def test_a_failure_to_look_somebody_up_is_masked_and_logged_with_the_id(client, caplog):
    response = await client.get("/api/posts?token=broken", headers={"X-Request-Id": "seven"})

    assert (500, "INTERNAL") == (response.status_code, code_of(response))
    assert "fire" not in response.text
    [record] = caplog.records
    assert logging.ERROR == record.levelno
    assert "seven" in record.getMessage()


async def test_a_database_that_is_away_is_told_as_by_the_doors(client):
    response = await client.get("/api/posts?token=away")

    assert (503, "UNAVAILABLE") == (response.status_code, code_of(response))
    assert "Retry-After" in response.headers


async def test_the_lifespan_passes_through():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    await Authentication(app, SimpleNamespace())({"type": "lifespan"}, None, None)

    assert ["lifespan"] == seen


async def test_a_websocket_says_later_who_it_is(accounts):
    """What it shows so far is kept for then, and out of the query string."""
    reached: list[dict] = []

    async def app(scope, receive, send):
        reached.append(scope)

    headers = [(b"authorization", b"Bearer good"), (b"x-role", b"member")]
    scope = {"type": "websocket", "path": "/graphql", "query_string": b"token=good&a=1", "headers": headers}
    await Authentication(app, SimpleNamespace(accounts=accounts))(scope, None, None)

    [seen] = reached
    assert b"a=1" == seen["query_string"]
    assert seen["state"]["context"].actor is None
    assert ("good", "member") == (seen["state"]["credentials"].token, seen["state"]["credentials"].role)
    assert [] == accounts.asked
