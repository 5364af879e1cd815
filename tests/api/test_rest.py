"""The REST door over HTTP: requests as actions, answers as envelopes, refusals as errors; the resolver is a fake."""

import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from tortoise.exceptions import OperationalError

from api.failures import HANDLERS
from api.rest import rest_routes
from engine.actions import (
    Actor,
    CountRecords,
    CreateRecords,
    DestroyRecords,
    GetRecord,
    LinkMode,
    LinkRecords,
    ListRecords,
    Owner,
    Selection,
    UpdateOrCreateRecord,
    UpdateRecords,
    WorkflowRef,
)
from engine.data.collections import Collections
from engine.errors import Code, Complaint, Refusal
from engine.outcomes import Page, SkippedTrigger, SkipReason, TriggeredWorkflow, Written
from schema.context import Context
from tests.schema.graphql.conftest import ROOT, FakeResolve, collections_of

POST = {"id": 1, "title": "Hello"}
ONE = Written([POST], 1)


@pytest.fixture
async def collections() -> AsyncIterator[Collections]:
    async with collections_of("schema.sample.models") as found:
        yield found


@pytest.fixture
def resolve() -> FakeResolve:
    return FakeResolve()


@pytest.fixture
def app(collections, resolve) -> ASGIApp:
    routes = rest_routes(collections, body_limit=1000, page_limit=200, resolve=resolve)
    return Starlette(routes=routes, exception_handlers=dict(HANDLERS))


@pytest.fixture
def as_actor(app, collections) -> Callable[[Actor | None], httpx.AsyncClient]:
    """Clients of whoever is given, authenticated already."""

    def client(actor: Actor | None) -> httpx.AsyncClient:
        async def authenticated(scope: Scope, receive: Receive, send: Send) -> None:
            engine: Any = SimpleNamespace(collections=collections)
            scope["state"] = {"context": Context(engine, actor, "request-1", "peer")}
            await app(scope, receive, send)

        return httpx.AsyncClient(transport=httpx.ASGITransport(authenticated), base_url="http://test/api")

    return client


@pytest.fixture
def client(as_actor) -> httpx.AsyncClient:
    return as_actor(ROOT)


def errors(response: httpx.Response) -> list[str]:
    return [error["code"] for error in response.json()["errors"]]


# --- requests as actions


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_list(client, resolve, method):
    resolve.answers = [Page([POST], 41, 2, 20)]
    query = "filter[title][$includes]=x&sort=-id&page=2&fields=id,title&appends=tags"

    response = await client.request(method, f"/posts:list?{query}")

    assert [
        ListRecords(
            collection="posts",
            filter={"title": {"$includes": "x"}},
            sort=("-id",),
            page=2,
            page_size=20,
            selection=Selection(("id", "title"), (), ("tags",)),
        )
    ] == resolve.actions
    assert {"data": [POST], "meta": {"count": 41, "page": 2, "pageSize": 20, "totalPage": 3}} == response.json()


async def test_list_without_pages(client, resolve):
    resolve.answers = [Page([POST], 1, 1, 200)]

    response = await client.get("/posts:list?paginate=false")

    assert [ListRecords(collection="posts", paginate=False, page_size=200)] == resolve.actions
    assert {"data": [POST]} == response.json()


@pytest.mark.parametrize("path", ["/posts:get/1", "/posts:get?filterByTk=1", "/posts/1"])
async def test_get(client, resolve, path):
    resolve.answers = [POST]

    response = await client.get(path)

    assert [GetRecord(collection="posts", key="1")] == resolve.actions
    assert {"data": POST} == response.json()


async def test_count(client, resolve):
    resolve.answers = [7]

    response = await client.get("/posts:count?filter[title]=x")

    assert [CountRecords(collection="posts", filter={"title": "x"})] == resolve.actions
    assert {"data": 7} == response.json()


@pytest.mark.parametrize("path", ["/posts:create", "/posts", "/posts%3Acreate"])
async def test_create(client, resolve, path):
    resolve.answers = [ONE]

    response = await client.post(path, json={"title": "Hello"})

    assert [CreateRecords(collection="posts", values=({"title": "Hello"},))] == resolve.actions
    assert (200, {"data": POST}) == (response.status_code, response.json())


async def test_create_as_curl_sends_it(client, resolve):
    resolve.answers = [ONE]

    await client.post(
        "/posts:create?triggerWorkflows=a!category",
        content=b'{"title":"Hello"}',
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert [
        CreateRecords(collection="posts", values=({"title": "Hello"},), workflows=(WorkflowRef("a", ("category",)),))
    ] == resolve.actions


async def test_create_many(client, resolve):
    resolve.answers = [Written([POST, POST], 2)]

    response = await client.post("/posts:create", json=[{"title": "a"}, {"title": "b"}])

    assert [CreateRecords(collection="posts", values=({"title": "a"}, {"title": "b"}), many=True)] == resolve.actions
    assert {"data": [POST, POST]} == response.json()


async def test_create_one_in_a_list_answers_a_list(client, resolve):
    resolve.answers = [ONE]

    assert {"data": [POST]} == (await client.post("/posts:create", json=[{"title": "a"}])).json()


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/posts:update/1"), ("POST", "/posts:update?filterByTk=1"), ("PUT", "/posts/1"), ("PATCH", "/posts/1")],
)
async def test_update(client, resolve, method, path):
    resolve.answers = [ONE]

    response = await client.request(method, path, json={"title": "x"})

    assert [UpdateRecords(collection="posts", values={"title": "x"}, keys=("1",))] == resolve.actions
    assert {"data": [POST]} == response.json()


async def test_update_by_filter(client, resolve):
    resolve.answers = [Written([], 0)]

    response = await client.post("/posts:update?filter[title]=x", json={"title": "y"})

    assert [UpdateRecords(collection="posts", values={"title": "y"}, filter={"title": "x"})] == resolve.actions
    assert {"data": []} == response.json()


@pytest.mark.parametrize(
    ("method", "path", "keys"),
    [
        ("POST", "/posts:destroy?filterByTk[]=1&filterByTk[]=2", ("1", "2")),
        ("POST", "/posts:destroy/1", ("1",)),
        ("DELETE", "/posts/1", ("1",)),
    ],
)
async def test_destroy(client, resolve, method, path, keys):
    resolve.answers = [Written([], len(keys))]

    response = await client.request(method, path)

    assert [DestroyRecords(collection="posts", keys=keys)] == resolve.actions
    assert {"data": len(keys)} == response.json()


async def test_jobs_of_an_execution(client, resolve):
    resolve.answers = [Page([], 0, 1, 20)]

    await client.get("/executions/7/jobs:list?filter[status]=failed")

    owner = Owner("executions", "7", "jobs")
    assert [ListRecords(collection="jobs", owner=owner, filter={"status": "failed"})] == resolve.actions


async def test_the_path_of_a_relation_names_the_owner(client, resolve):
    resolve.answers = [Written([{"id": 5}], 1)]

    response = await client.post("/posts/1/comments:create?triggerWorkflows=a", json={"content": "x"})

    owner, workflows = Owner("posts", "1", "comments"), (WorkflowRef("a"),)
    assert [
        CreateRecords(collection="comments", owner=owner, values=({"content": "x"},), workflows=workflows)
    ] == resolve.actions
    assert {"id": 5} == response.json()["data"]


@pytest.mark.parametrize(
    ("query", "content", "keys"),
    [
        ("", b"[1,2]", (1, 2)),
        ("", b'{"values":[1,2]}', (1, 2)),
        ("", b'{"values":1}', (1,)),
        ("", b"1", (1,)),
        ("", b"[]", ()),
        ("?filterByTk=1", b"", ("1",)),
        ("?filterByTk[]=1&filterByTk[]=2", b"{}", ("1", "2")),
        ("/1", b"", ("1",)),
        ("", b"", None),
    ],
)
async def test_links_are_named_in_the_body_or_in_the_query(client, resolve, query, content, keys):
    resolve.answers = [[1, 2]]

    response = await client.post(f"/posts/1/tags:add{query}", content=content)

    owner = Owner("posts", "1", "tags")
    assert [LinkRecords(collection="tags", owner=owner, mode=LinkMode.ADD, keys=keys)] == resolve.actions
    assert {"data": [1, 2]} == response.json()


@pytest.mark.parametrize(
    ("query", "content", "code"),
    [("?filterByTk=1", b"[1]", "BAD_KEY"), ("", b'{"id":1}', "BAD_VALUE"), ("", b"null", "BAD_VALUE")],
)
async def test_links_are_named_in_one_way(client, resolve, query, content, code):
    resolve.answers = [[]]

    await client.post(f"/posts/1/tags:add{query}", content=content)

    assert [code] == [complaint.code for complaint in resolve.actions[0].complaints]


async def test_values_come_with_what_is_to_be_done_with_them(client, resolve):
    resolve.answers = [ONE]
    query = "filterKeys=title&whitelist=title,tags&blacklist=content&updateAssociationValues=tags&dryRun=true"

    await client.post(f"/posts:updateOrCreate?{query}", json={"title": "x"})

    assert [
        UpdateOrCreateRecord(
            collection="posts",
            values={"title": "x"},
            filter_keys=("title",),
            whitelist=("title", "tags"),
            blacklist=("content",),
            update_associations=("tags",),
            dry_run=True,
        )
    ] == resolve.actions


async def test_head_is_answered_like_get(client, resolve):
    resolve.answers = [POST]

    assert 200 == (await client.head("/posts/1")).status_code


# --- workflows in the answer


async def test_what_was_started_and_what_was_not(client, resolve):
    resolve.answers = [
        Written(
            [POST],
            1,
            (
                TriggeredWorkflow("greet", "category", True, 7, "succeeded", {"a": 1}, ("Hello",)),
                TriggeredWorkflow("audit", None, False, 2**60, "queued"),
            ),
            (SkippedTrigger("later", None, SkipReason.NOT_CHANGED),),
        )
    ]

    response = await client.post("/posts:create?triggerWorkflows=greet!category,later", json={"title": "Hello"})

    assert {
        "data": POST,
        "meta": {
            "workflows": [
                {
                    "key": "greet",
                    "association": "category",
                    "sync": True,
                    "executionId": 7,
                    "status": "succeeded",
                    "output": {"a": 1},
                    "messages": [{"message": "Hello"}],
                },
                {
                    "key": "audit",
                    "association": None,
                    "sync": False,
                    "executionId": str(2**60),
                    "status": "queued",
                    "output": None,
                    "messages": [],
                },
            ],
            "skipped": [{"key": "later", "association": None, "reason": "NOT_CHANGED"}],
        },
        "messages": [{"message": "Hello"}],
    } == response.json()


async def test_what_was_named_and_did_not_run(client, resolve):
    resolve.answers = [Written([POST], 1, (), (SkippedTrigger("a", "category", SkipReason.NULL_TARGET),))]

    response = await client.post("/posts:create?triggerWorkflows=a!category", json={"title": "Hello"})

    skipped = [{"key": "a", "association": "category", "reason": "NULL_TARGET"}]
    assert {"data": POST, "meta": {"workflows": [], "skipped": skipped}} == response.json()


async def test_a_workflow_that_was_named_for_no_record(client, resolve):
    resolve.answers = [Written([], 0)]

    response = await client.post("/posts:update?filter[title]=x&triggerWorkflows=a", json={"title": "y"})

    assert {"data": [], "meta": {"workflows": [], "skipped": []}} == response.json()


# --- who, what, how: the first checks


@pytest.mark.parametrize(
    "path", ["/posts:list", "/nothing:list", "/posts:nothing", "/posts/", "", "/auth:check", "/a/b/c/d"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_nobody_is_told_anything_else_but_that(as_actor, resolve, method, path):
    response = await as_actor(None).request(method, path)

    assert (401, ["EMPTY_TOKEN"]) == (response.status_code, errors(response))
    assert [] == resolve.actions


@pytest.mark.parametrize(
    "path", ["/nothing:list", "/posts:nothing", "/posts:list/", "/posts//1", "/Posts:list", "/posts/1/tagz", ""]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_what_there_is_not(client, resolve, method, path):
    response = await client.request(method, path)

    assert (404, ["NOT_FOUND"]) == (response.status_code, errors(response))
    assert [] == resolve.actions


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/posts:create", "POST"),
        ("GET", "/posts:destroy?filterByTk=1", "POST"),
        ("HEAD", "/posts:update/1", "POST"),
        ("DELETE", "/posts:destroy/1", "POST"),
        ("DELETE", "/posts", "GET, HEAD, POST"),
        ("POST", "/posts/1", "DELETE, GET, HEAD, PATCH, PUT"),
        ("OPTIONS", "/posts:list", "GET, HEAD, POST"),
        ("TRACE", "/posts:list", "GET, HEAD, POST"),
        ("BREW", "/posts:list", "GET, HEAD, POST"),
        ("POST", "/executions", "GET, HEAD"),
        ("GET", "/auth:signIn", "POST"),
        ("GET", "/workflows:destroy/1", "POST"),
    ],
)
async def test_other_methods(client, resolve, method, path, allow):
    response = await client.request(method, path)

    assert (405, allow) == (response.status_code, response.headers["Allow"])
    assert [] == resolve.actions


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
async def test_a_get_that_says_it_is_a_delete_reads(client, resolve, header):
    resolve.answers = [POST]

    await client.get("/posts/1", headers={header: "DELETE"})

    assert [GetRecord] == [type(action) for action in resolve.actions]


async def test_a_method_in_the_query_is_an_unknown_parameter(client, resolve):
    resolve.answers = [POST]

    await client.get("/posts/1?_method=DELETE")

    [action] = resolve.actions
    assert (GetRecord, ["UNKNOWN_PARAMETER"]) == (type(action), [each.code for each in action.complaints])


# --- complaints


async def test_complaints_of_the_door_travel_with_the_action(client, resolve):
    """The resolver tells them together with its own."""
    resolve.answers = [Refusal([Complaint(Code.UNKNOWN_PARAMETER, "x"), Complaint(Code.REQUIRED, "y", ("title",))])]

    response = await client.post("/posts:create?titel=x&dryRun=maybe", json={})

    assert [("titel",), ("dryRun",)] == [complaint.path for complaint in resolve.actions[0].complaints]
    assert (400, ["UNKNOWN_PARAMETER", "REQUIRED"]) == (response.status_code, errors(response))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("content", [b'{"filter":{"title":"x"}}', b"filter=x", b"\xff"])
async def test_a_read_with_a_body_is_not_taken_for_one_without(client, resolve, method, content):
    resolve.answers = [Page([], 0, 1, 20)]

    await client.request(method, "/posts:list", content=content)

    assert [Code.BAD_VALUE] == [complaint.code for complaint in resolve.actions[0].complaints]


@pytest.mark.parametrize("content", [b"", b"{}", b" \n"])
async def test_a_body_that_says_nothing_is_none(client, resolve, content):
    resolve.answers = [Page([], 0, 1, 20)]

    await client.post("/posts:list", content=content)

    assert () == resolve.actions[0].complaints


async def test_a_get_is_of_one_record(client, resolve):
    resolve.answers = [POST]

    await client.get("/posts:get?filterByTk[]=1&filterByTk[]=2")

    assert [Code.BAD_KEY] == [complaint.code for complaint in resolve.actions[0].complaints]


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/posts:create", b"{", 400, "BAD_JSON"),
        ("/posts:create", b" " * 1001, 413, "BODY_TOO_LARGE"),
        ("/posts:destroy/1", b" " * 1001, 413, "BODY_TOO_LARGE"),
        ("/posts:update?filter={", b"{}", 400, "BAD_FILTER"),
        ("/posts:update?filterByTk=", b"{}", 400, "BAD_KEY"),
        ("/posts:create?a[=1", b"{}", 400, "BAD_VALUE"),
    ],
)
async def test_what_cannot_be_read_reaches_no_resolver(client, resolve, path, content, status, code):
    response = await client.post(path, content=content)

    assert (status, [code]) == (response.status_code, errors(response))
    assert [] == resolve.actions


# --- failures


async def test_a_failure_is_masked_and_logged_with_the_id(client, resolve, caplog):
    resolve.answers = [RuntimeError("SELECT secret FROM users")]

    response = await client.get("/posts:list")

    assert (500, ["INTERNAL"]) == (response.status_code, errors(response))
    assert "SELECT" not in response.text
    assert "request-1" in response.text
    [record] = caplog.records
    assert logging.ERROR == record.levelno
    assert "request-1" in record.getMessage()
    assert record.exc_info is not None


async def test_a_locked_database_is_no_fault_of_ours(client, resolve, caplog):
    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
    failure = OperationalError(locked)
    failure.__context__ = locked
    resolve.answers = [failure]

    response = await client.post("/posts:create", json={})

    assert (503, ["UNAVAILABLE"]) == (response.status_code, errors(response))
    assert "1" == response.headers["Retry-After"]
    assert [logging.WARNING] == [record.levelno for record in caplog.records]


async def test_a_wrong_statement_is_one(client, resolve):
    wrong = sqlite3.OperationalError("no such column")
    wrong.sqlite_errorcode = sqlite3.SQLITE_ERROR
    resolve.answers = [wrong]

    assert 500 == (await client.get("/posts:list")).status_code


@pytest.mark.parametrize("path", ["/", "/nothing", "/apis", "/favicon.ico"])
async def test_paths_of_no_door(client, path):
    response = await client.get(f"http://test{path}")

    assert (404, ["NOT_FOUND"]) == (response.status_code, errors(response))


async def test_integers_of_any_width_are_written(client, resolve):
    resolve.answers = [{"id": 1, "extra": {"wide": 2**70}}]

    assert {"data": {"id": 1, "extra": {"wide": 2**70}}} == (await client.get("/posts/1")).json()
