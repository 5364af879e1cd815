"""Sockets: who may open one, what the protocol allows on it, and how each is closed (attacks H10 to H12)."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from starlette.applications import Starlette
from starlette.types import ASGIApp
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from api.authentication import Authentication
from api.graphql_connection import Limits
from api.graphql_ws import graphql_socket_route
from engine.actions import Actor
from engine.data.collections import Collections
from engine.errors import Code, refuse
from engine.observe import Stream
from schema.build import build_schema
from tests.api.sockets import open_socket, serve
from tests.schema.graphql.conftest import collections_of

FOLLOW = "subscription ($key: String!) { workflowExecutions(key: $key) { id } }"


class Accounts:
    """Knows the token `good`, of somebody with the roles `reader` and `member`; what it says can be changed."""

    def __init__(self) -> None:
        self.refused: Exception | None = None

    async def actor(self, token: str, role: str | None = None) -> Actor:
        if self.refused:
            raise self.refused
        if token != "good":
            raise refuse(Code.INVALID_TOKEN, "The token is not valid.")
        if role not in (None, "reader", "member"):
            raise refuse(Code.ROLE_NOT_FOUND_FOR_USER, "This is not one of your roles.")
        grants = {"executions": {"read": {}}} if role != "member" else {}
        return Actor(7, "mary", None, role or "reader", ("member", "reader"), grants, None)


class Nothing:
    """The records of a service that has none."""

    async def count(self, action: Any) -> int:
        return 0

    async def get(self, action: Any) -> Any:
        raise refuse(Code.NOT_FOUND, "There is no such record.")


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture(scope="module")
def made() -> tuple[Collections, strawberry.Schema]:
    """The sample's collections and their schema, which take longest."""

    async def make() -> tuple[Collections, strawberry.Schema]:
        async with collections_of("schema.sample.models") as collections:
            return collections, build_schema(collections)

    return asyncio.run(make())


@pytest.fixture
def app(accounts: Accounts, made: tuple[Collections, strawberry.Schema]) -> ASGIApp:
    """The door, in front of a service without rows."""
    collections, schema = made
    engine: Any = SimpleNamespace(accounts=accounts, collections=collections, records=Nothing(), stream=Stream())
    limits = Limits(subscriptions=3, opening=0.5, check=0.1, message=1000)
    route = graphql_socket_route(schema, limits, sockets=2, origins=["https://Friends.example"])
    return Authentication(Starlette(routes=[route]), engine)


@pytest.fixture
async def url(app: ASGIApp) -> AsyncIterator[str]:
    async with serve(app) as url:
        yield url


# --- who may open one


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example", "file://", "x"]
)
async def test_pages_of_other_sites_are_refused_before_anything_is_opened(url, origin):
    with pytest.raises(InvalidStatus) as refused:
        async with open_socket(url, origin=Origin(origin), additional_headers={"Cookie": "token=good"}):
            pass

    response = refused.value.response
    assert 403 == response.status_code
    assert "NO_PERMISSION" == json.loads(response.body)["errors"][0]["code"]
    assert "nosniff" == response.headers["X-Content-Type-Options"]


@pytest.mark.parametrize("origin", [None, "http://{host}", "https://friends.example"])
async def test_our_own_pages_listed_ones_and_programs_are_let_in(url, origin):
    host = url.removeprefix("ws://").removesuffix("/graphql")
    settings = {"origin": Origin(origin.format(host=host))} if origin else {}
    async with open_socket(url, **settings) as peer:
        await peer.begin("good")


@pytest.mark.parametrize("protocol", ["graphql-ws", "soap"])
async def test_other_protocols_are_closed(url, protocol):
    async with open_socket(url, protocol) as peer:
        assert (4406, "The subprotocol is graphql-transport-ws") == await peer.closed()


@pytest.mark.parametrize("path", ["/graphql/", "/api/posts", "/"])
async def test_there_is_one_path(url, path):
    with pytest.raises(InvalidStatus) as refused:
        async with open_socket(url.removesuffix("/graphql") + path):
            pass

    assert 403 == refused.value.response.status_code


# --- who it is


@pytest.mark.parametrize(
    ("query", "headers", "payload"),
    [
        ("?token=good", {}, None),
        ("", {"Authorization": "Bearer good"}, None),
        ("", {"Authorization": "Bearer good", "X-Role": "reader"}, {}),
        ("", {}, {"Authorization": "Bearer good", "X-Role": "reader"}),
        ("", {}, {"authorization": "bearer good", "x-role": "reader", "other": 1}),
        ("?token=good", {"X-Role": "reader"}, {"Authorization": "Bearer good", "X-Role": "reader"}),
    ],
)
async def test_who_it_is_is_said_at_the_upgrade_or_in_the_first_message(url, query, headers, payload):
    async with open_socket(f"{url}{query}", additional_headers=headers) as peer:
        await peer.send(type="connection_init", **({} if payload is None else {"payload": payload}))

        assert {"type": "connection_ack"} == await peer.receive()


@pytest.mark.parametrize(
    ("query", "headers", "payload", "closed"),
    [
        ("", {}, None, (4401, "EMPTY_TOKEN")),
        ("", {"X-Role": "reader"}, {}, (4401, "EMPTY_TOKEN")),
        ("", {"Authorization": "Bearer bad"}, {}, (4401, "INVALID_TOKEN")),
        ("?token=bad", {}, {}, (4401, "INVALID_TOKEN")),
        ("?token[]=good", {}, {}, (4401, "INVALID_TOKEN")),
        ("", {}, {"Authorization": "Bearer bad"}, (4401, "INVALID_TOKEN")),
        ("", {}, {"Authorization": "good"}, (4401, "INVALID_TOKEN")),
        ("?token=good", {"Authorization": "Bearer bad"}, {}, (4400, "AMBIGUOUS_CREDENTIALS")),
        ("?token=good", {}, {"Authorization": "Bearer bad"}, (4400, "AMBIGUOUS_CREDENTIALS")),
        ("?token=good", {}, {"X-Role": "root"}, (4401, "ROLE_NOT_FOUND_FOR_USER")),
        ("?token=good", {"X-Role": "reader"}, {"X-Role": "member"}, (4401, "ROLE_NOT_FOUND_FOR_USER")),
        ("", {}, {"Authorization": ["Bearer good"]}, (4400, "'authorization' is a text")),
        ("?token=good", {}, [], (4400, "The payload of connection_init is an object")),
    ],
)
async def test_who_cannot_be_told_is_closed_with_the_reason(url, query, headers, payload, closed):
    async with open_socket(f"{url}{query}", additional_headers=headers) as peer:
        await peer.send(type="connection_init", payload=payload)

        assert closed == await peer.closed()


async def test_who_does_not_say_it_in_time_is_closed(url):
    async with open_socket(url) as peer:
        await peer.send(type="ping")

        assert {"type": "pong"} == await peer.receive()
        assert (4408, "Connection initialisation timeout") == await peer.closed()


async def test_what_nobody_foresaw_is_masked_and_logged(url, accounts, caplog):
    accounts.refused = RuntimeError("the disk is on fire")
    async with open_socket(url, additional_headers={"X-Request-Id": "seven"}) as peer:
        await peer.send(type="connection_init", payload={"Authorization": "Bearer good"})

        assert (4500, "INTERNAL") == await peer.closed()
    [record] = [record for record in caplog.records if record.name == "bangpath.graphql"]
    assert "seven" in record.getMessage()


@pytest.mark.parametrize(
    ("refusal", "closed"),
    [
        (refuse(Code.EXPIRED_TOKEN, "It has expired."), (4401, "EXPIRED_TOKEN")),
        (refuse(Code.BLOCKED_TOKEN, "It is blocked."), (4401, "BLOCKED_TOKEN")),
        (refuse(Code.ROLE_NOT_FOUND_FOR_USER, "Not yours."), (4401, "ROLE_NOT_FOUND_FOR_USER")),
    ],
)
async def test_a_socket_ends_with_its_token_though_nothing_happens(url, accounts, refusal, closed):
    async with open_socket(url) as peer:
        await peer.begin("good")
        accounts.refused = refusal

        assert closed == await peer.closed()


async def test_a_user_has_so_many_sockets_at_a_time(url):
    async with open_socket(url) as first, open_socket(url) as second, open_socket(url) as third:
        await first.begin("good")
        await second.begin("good")
        await third.send(type="connection_init", payload={"Authorization": "Bearer good"})
        closed = await third.closed()
    async with open_socket(url) as first, open_socket(url) as second:
        await first.begin("good")
        await second.begin("good")

    assert (4429, "Too many sockets: a user has 2 at most") == closed


async def test_no_token_is_logged(url, caplog):
    caplog.set_level(logging.INFO)
    async with open_socket(f"{url}?a=1&token=good") as peer:
        await peer.begin("good")

    assert '"WebSocket /graphql?a=1" [accepted]' in caplog.text
    assert "good" not in caplog.text


# --- the messages


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        "1",
        "",
        '{"type": "start"}',
        '{"type": 1}',
        "{}",
        '{"type": "ping", "type": "ping"}',
        '{"type": "connection_terminate"}',
        json.dumps({"type": "ping", "payload": "x" * 1000}),
        b'{"type": "ping"}',
        '{"type": "subscribe", "payload": {"query": "{ checkAuth { id } }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ checkAuth { id } }"}}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ checkAuth { id } }"}}',
        json.dumps({"type": "subscribe", "id": "x" * 129, "payload": {"query": "{ checkAuth { id } }"}}),
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": "{ checkAuth { id } }"}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}',
        '{"type": "complete"}',
    ],
)
async def test_messages_the_protocol_does_not_know_close_the_socket(url, message):
    async with open_socket(url) as peer:
        await peer.begin("good")
        await peer.socket.send(message)

        assert 4400 == (await peer.closed())[0]


async def test_operations_wait_for_the_acknowledgement(url):
    async with open_socket(f"{url}?token=good") as peer:
        await peer.subscribe("1", FOLLOW, key="greet")

        assert (4401, "Unauthorized") == await peer.closed()


async def test_a_socket_begins_once(url):
    async with open_socket(url) as peer:
        await peer.begin("good")
        await peer.send(type="connection_init", payload={"Authorization": "Bearer good"})

        assert (4429, "Too many initialisation requests") == await peer.closed()


async def test_an_id_is_of_one_operation_at_a_time(url):
    async with open_socket(url) as peer:
        await peer.begin("good")
        await peer.subscribe("1", FOLLOW, key="greet")
        await peer.subscribe("1", FOLLOW, key="greet")

        assert (4409, "Subscriber for this id already exists") == await peer.closed()


async def test_an_id_is_free_after_the_end(url):
    async with open_socket(url) as peer:
        await peer.begin("good")
        for _ in range(5):
            await peer.subscribe("1", "{")
            ended = await peer.receive()
            await peer.subscribe("2", FOLLOW, key="greet")
            await peer.send(type="complete", id="2")
            assert ("1", "error") == (ended["id"], ended["type"])
        await peer.send(type="ping", payload={"a": 1})

        assert {"type": "pong"} == await peer.receive()


async def test_a_socket_has_so_many_subscriptions(url):
    async with open_socket(url) as peer:
        await peer.begin("good")
        for number in range(4):
            await peer.subscribe(str(number), FOLLOW, key="greet")

        assert (4429, "Too many subscriptions: a socket has 3 at most") == await peer.closed()


async def test_what_is_completed_without_being_there_is_passed_over(url):
    async with open_socket(url) as peer:
        await peer.begin("good")
        await peer.send(type="complete", id="nobody's")
        await peer.send(type="pong")
        await peer.send(type="ping")

        assert {"type": "pong"} == await peer.receive()


@pytest.mark.parametrize(
    ("query", "code", "told"),
    [
        ("", "GRAPHQL_INVALID", "query"),
        ("{", "GRAPHQL_INVALID", "Syntax Error"),
        ("subscription { nothing }", "GRAPHQL_INVALID", "Cannot query field"),
        ("fragment f on Query { checkAuth { id } }", "GRAPHQL_INVALID", "operation"),
        ("{ checkAuth { id } }", "GRAPHQL_INVALID", "queries are not allowed"),
        ("mutation { signOut }", "GRAPHQL_INVALID", "mutations are not allowed"),
        ("subscription { executionChanged(id: 1) { id } workflowExecutions(key: 1) { id } }", "GRAPHQL_INVALID", ""),
        ("subscription { executionChanged(id: 1) { id } }", "NOT_FOUND", "no such record"),
        ('subscription { workflowExecutions(key: "k") { ' + "jobs { execution { " * 5 + "id" + " }" * 12, None, "deep"),
    ],
)
async def test_what_cannot_be_followed_is_an_error_of_the_operation_alone(url, query, code, told):
    async with open_socket(url) as peer:
        await peer.begin("good")
        await peer.subscribe("1", query)
        message = await peer.receive()
        await peer.send(type="ping")

        assert ("error", "1") == (message["type"], message["id"])
        assert {code or "GRAPHQL_INVALID"} == {error["extensions"]["code"] for error in message["payload"]}
        assert told in message["payload"][0]["message"]
        assert {"type": "pong"} == await peer.receive()


async def test_the_role_decides_what_may_be_followed(url):
    async with open_socket(url) as peer:
        await peer.begin("good", **{"X-Role": "member"})
        await peer.subscribe("1", FOLLOW, key="greet")
        message = await peer.receive()

        assert "error" == message["type"]
        assert "NO_PERMISSION" == message["payload"][0]["extensions"]["code"]


# --- the end of the server


async def test_a_server_that_ends_closes_its_sockets_at_once(app):
    async with asyncio.timeout(5):
        async with serve(app) as url:
            opened = open_socket(url)
            peer = await opened.__aenter__()
            await peer.begin("good")
            await peer.subscribe("1", FOLLOW, key="greet")

        assert 1012 == (await peer.closed())[0]
        await opened.__aexit__(None, None, None)
