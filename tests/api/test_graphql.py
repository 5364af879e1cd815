"""The GraphQL door over HTTP: statuses, bodies, GraphiQL."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import pytest
import strawberry
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry import Info
from strawberry.scalars import JSON

import api.graphql
from api.graphql import asked, graphql_route
from engine.data.collections import Collections
from engine.errors import Code, Refusal, StartError, refuse
from schema.build import Schema
from schema.context import Context
from schema.extensions import extensions
from schema.limits import Limits
from tests.schema.graphql.conftest import ROOT

QUERY = {"query": "{ hello }"}


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "you") -> str:
        return f"Hello, {name}"

    @strawberry.field
    def huge(self) -> JSON:
        return JSON([2**70, "ä"])

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.sleep(5)
        return "late"

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("a secret of ours")

    @strawberry.field
    def refused(self) -> str | None:
        raise refuse(Code.NO_PERMISSION, "Not you.", "filter", role="member")


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def write(self, info: Info) -> str:
        async def work() -> str:
            await asyncio.sleep(0.3)
            return "written"

        written: str = await info.context.write(work())
        return written


class Someone:
    """Stands for the authentication: every request is root's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        engine: Any = SimpleNamespace(collections=Collections([]))
        scope["state"] = {"context": Context(engine, ROOT, "request-1", "peer")}
        await self._app(scope, receive, send)


def serve(**settings: Any) -> httpx.AsyncClient:
    schema = Schema(query=Query, mutation=Mutation, extensions=extensions(Limits(), introspection=True))
    app = Someone(Starlette(routes=[graphql_route(schema, **settings)]))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture(autouse=True)
def page(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """GraphiQL's page is made by the build of its own assets; any page will do here."""
    written = tmp_path / "index.html"
    written.write_text("<title>GraphiQL</title>")
    monkeypatch.setattr(api.graphql, "PAGE", written)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with serve(seconds=0.2, body_limit=1000) as client:
        yield client


async def test_post_and_get_answer_a_query(client: httpx.AsyncClient) -> None:
    variables = {"n": "ä"}
    document = "query Q($n: String!) { hello(name: $n) }"
    posted = await client.post("/graphql", json={"query": document, "variables": variables, "operationName": "Q"})
    got = await client.get("/graphql", params={"query": document, "variables": orjson.dumps(variables).decode()})

    assert (200, {"data": {"hello": "Hello, ä"}}) == (posted.status_code, posted.json())
    assert (200, {"data": {"hello": "Hello, ä"}}) == (got.status_code, got.json())
    assert "application/json" == posted.headers["content-type"]


async def test_media_type_of_graphql_is_given_to_who_asks(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql", json=QUERY, headers={"Accept": "application/graphql-response+json, application/json"}
    )

    assert "application/graphql-response+json" == response.headers["content-type"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"query": "{ hello "}, "Syntax Error"),
        ({"query": "{ helo }"}, "Cannot query field 'helo'"),
        ({"query": ""}, "'query' is empty"),
        ({}, "'query' is required"),
        ({"query": 1}, "'query' is required"),
        ({"query": "{ hello }", "variables": [1]}, "'variables' is an object"),
        ({"query": "{ hello }", "operationName": 1}, "'operationName' is a string"),
        ({"query": "{ hello }", "operationName": "Other"}, 'Unknown operation named "Other"'),
        ({"query": "query ($n: String!) { hello(name: $n) }"}, "to be provided"),
        ({"query": "query ($n: String!) { hello(name: $n) }", "variables": {"n": 1}}, "String cannot represent"),
        ({"query": "subscription { hello }"}, "over a WebSocket"),
        ({"query": "fragment f on Query { hello }"}, "operation"),
        ([QUERY, QUERY], "one by one"),
        ("text", "The body is an object"),
    ],
)
async def test_what_cannot_begin_is_400(client: httpx.AsyncClient, body: Any, told: str) -> None:
    response = await client.post("/graphql", json=body)

    assert 400 == response.status_code
    [error] = response.json()["errors"]
    assert "GRAPHQL_INVALID" == error["code"]
    assert told in error["message"]
    assert "data" not in response.json()


async def test_graphql_clients_find_code_and_place_too(client: httpx.AsyncClient) -> None:
    [error] = (await client.post("/graphql", json={"query": "{ helo }"})).json()["errors"]

    assert {"code": "GRAPHQL_INVALID"} == error["extensions"]
    assert [{"line": 1, "column": 3}] == error["locations"]


async def test_once_begun_it_is_200(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ hello refused broken }"})

    assert 200 == response.status_code
    assert {"hello": "Hello, you", "refused": None, "broken": None} == response.json()["data"]
    refused, broken = response.json()["errors"]
    assert {"code": "NO_PERMISSION", "path": ["filter"], "details": {"role": "member"}} == refused["extensions"]
    assert ["refused"] == refused["path"]
    assert {"code": "INTERNAL", "requestId": "request-1"} == broken["extensions"]
    assert "secret" not in response.text


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"method": "GET", "params": {"query": "mutation { write }"}}, 405, "METHOD_NOT_ALLOWED"),
        ({"method": "PUT", "json": QUERY}, 405, "METHOD_NOT_ALLOWED"),
        ({"method": "OPTIONS"}, 405, "METHOD_NOT_ALLOWED"),
        ({"method": "GET"}, 400, "GRAPHQL_INVALID"),
        ({"method": "GET", "params": {"query": "{ hello }", "variables": "{"}}, 400, "BAD_JSON"),
        ({"method": "POST", "content": b'{"query": '}, 400, "BAD_JSON"),
        ({"method": "POST", "content": b'{"query": "{ hello }"}', "type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"method": "POST", "content": b"query=x", "type": "application/x-www-form-urlencoded"}, 415, None),
        ({"method": "POST", "content": b"--x", "type": "multipart/form-data; boundary=x"}, 415, None),
        ({"method": "POST", "content": b'{"query": "{ hello }"}', "type": ""}, 415, None),
        ({"method": "POST", "content": b" " * 1001}, 413, "BODY_TOO_LARGE"),
    ],
)
async def test_http_is_refused_as_in_rest(
    client: httpx.AsyncClient, request_: dict[str, Any], status: int, code: str | None
) -> None:
    headers = {"Content-Type": request_.pop("type", "application/json")}
    response = await client.request(url="/graphql", headers=headers, **request_)

    assert status == response.status_code
    assert (code or "UNSUPPORTED_MEDIA_TYPE") == response.json()["errors"][0]["code"]
    assert ("GET, POST" if status == 405 else None) == response.headers.get("allow")


async def test_json_dialects_are_json(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/graphql+json; charset=utf-8"}

    assert 200 == (await client.post("/graphql", content=b'{"query": "{ hello }"}', headers=headers)).status_code


async def test_integers_beyond_64_bits_are_written(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ huge }"})

    assert {"data": {"huge": [2**70, "ä"]}} == response.json()


async def test_slow_query_is_cut_off(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ slow }"})

    assert 503 == response.status_code
    assert "UNAVAILABLE" == response.json()["errors"][0]["code"]


async def test_write_is_never_cut_off(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "mutation { write }"})

    assert {"data": {"write": "written"}} == response.json()


async def test_browsers_get_graphiql(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert (200, "<title>GraphiQL</title>") == (response.status_code, response.text)
    assert "text/html; charset=utf-8" == response.headers["content-type"]
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert "'unsafe-inline'" not in response.headers["content-security-policy"].partition("style-src")[0]


async def test_browser_with_a_query_gets_its_answer(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql", params={"query": "{ hello }"}, headers={"Accept": "text/html"})

    assert {"data": {"hello": "Hello, you"}} == response.json()


async def test_graphiql_can_be_switched_off() -> None:
    async with serve(graphiql=False) as client:
        response = await client.get("/graphql", headers={"Accept": "text/html"})

    assert (404, "NOT_FOUND") == (response.status_code, response.json()["errors"][0]["code"])


def test_missing_page_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(api.graphql, "PAGE", tmp_path / "none.html")

    with pytest.raises(StartError, match="GraphiQL's page is missing"):
        serve()


def test_variables_that_are_too_many_are_refused_before_they_are_taken_apart():
    with pytest.raises(Refusal, match="more than 50000 values"):
        asked({"query": "{ hello }", "variables": {"name": [[0]] * 25_000}})
