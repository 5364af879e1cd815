"""The node `request` calls another service with what its templates bring, and answers what came back."""

import json
from collections.abc import AsyncIterator

import pytest

from engine.outgoing.addresses import Reach
from engine.outgoing.calls import Caller
from engine.outgoing.secrets import Secret, Secrets
from engine.outgoing.transport import CheckedTransport
from engine.workflow.documents import read_definition
from engine.workflow.nodes.base import Done, Failed
from engine.workflow.nodes.request import Request
from tests.other_service import LOOPBACK, OtherService, other_service, reply

JSON = {"content_type": "application/json"}


@pytest.fixture
async def other() -> AsyncIterator[OtherService]:
    async with other_service() as other:
        yield other


@pytest.fixture
async def calling(bench):
    """A bench whose nodes may call 127.0.0.1."""
    secrets = Secrets({"hook": Secret("Bearer abc", frozenset({"127.0.0.1"}))})
    bench.caller = Caller(CheckedTransport(Reach((LOOPBACK,))), secrets)
    yield bench
    await bench.caller.close()


async def test_the_result_is_status_headers_and_body(calling, other):
    """JSON becomes values for later nodes."""
    other.answers["/a"] = reply(200, b'{"id": 7, "tags": ["x"]}', **JSON)
    outcome = await calling.run(Request, {"url": other.url("/a")})

    assert 200 == outcome.result["status"]
    assert {"id": 7, "tags": ["x"]} == outcome.result["body"]
    assert "application/json" == outcome.result["headers"]["content-type"]


async def test_templates_are_filled_in_everywhere(calling, other):
    """In the query as text that is quoted, in the body with their types."""
    config = {
        "method": "POST",
        "url": other.url("/{{$context.data.id}}"),
        "headers": {"X-Title": "{{$context.data.title}}!"},
        "query": {"q": "a&b={{$context.data.title}}", "many": [1, True, None], "none": "{{$context.data.content}}"},
        "json": {"id": "{{$context.data.id}}", "text": "{{$context.data.title}}"},
    }
    await calling.run(Request, config)
    [heard] = other.heard

    assert ("POST", "/7?q=a%26b%3DHello&many=1&many=true") == (heard.method, heard.target)
    assert {"id": 7, "text": "Hello"} == json.loads(heard.body)
    assert ("Hello!", "application/json") == (heard.headers["x-title"], heard.headers["content-type"])


async def test_a_form_is_sent_as_one(calling, other):
    form = {"title": "{{$context.data.title}} & more", "tags": ["a", "b"]}
    await calling.run(Request, {"method": "POST", "url": other.url(), "form": form})
    [heard] = other.heard

    assert b"title=Hello+%26+more&tags=a&tags=b" == heard.body
    assert "application/x-www-form-urlencoded" == heard.headers["content-type"]


async def test_the_key_is_of_the_run_and_the_node(calling, other):
    """So whoever is called can tell a repetition."""
    await calling.run(Request, {"url": other.url()})

    assert "12:node" == other.heard[0].headers["idempotency-key"]


async def test_a_secret_is_sent_and_not_shown(calling, other):
    """The history has its name."""
    config = {"url": other.url(), "headers": {"Authorization": {"secret": "hook"}, "X-A": "b"}}
    await calling.run(Request, config)

    assert "Bearer abc" == other.heard[0].headers["authorization"]
    assert {"Authorization": {"secret": "hook"}, "X-A": "b"} == calling.input(Request, config)["headers"]


@pytest.mark.parametrize(
    ("status", "transient"), [(400, False), (404, False), (408, True), (429, True), (500, True), (503, True)]
)
async def test_a_status_from_400_on_is_a_failure(calling, other, status, transient):
    """With the beginning of what was said; some are worth another try."""
    other.answers["/a"] = reply(status, b"because " + b"x" * 1000)
    outcome = await calling.run(Request, {"url": other.url("/a")})

    assert isinstance(outcome, Failed)
    assert outcome.error.startswith(f"The answer was {status}: because x")
    assert transient is outcome.transient
    assert 600 > len(outcome.error)


async def test_a_status_can_be_accepted(calling, other):
    """That something is not there may be what a workflow wants to know."""
    other.answers["/a"] = reply(404, b"no")
    outcome = await calling.run(Request, {"url": other.url("/a"), "accept": [404, 410]})

    assert (404, "no") == (outcome.result["status"], outcome.result["body"])


@pytest.mark.parametrize(
    ("told", "wait"),
    [("30", 30), ("Sun, 03 May 2026 10:01:00 GMT", 60), ("Sun, 03 May 2020 10:00:00 GMT", 0), ("soon", None)],
)
async def test_when_to_come_back_is_heard(calling, other, told, wait):
    other.answers["/a"] = reply(429, retry_after=told)
    outcome = await calling.run(Request, {"url": other.url("/a")})

    assert wait == outcome.wait


async def test_no_connection_is_a_failure_worth_another_try(calling, other):
    other.answers["/a"] = b""
    outcome = await calling.run(Request, {"url": other.url("/a")})

    assert Failed("NO_ANSWER: '127.0.0.1' gave no answer that can be read.", transient=True) == outcome


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"", None),
        (b'{"a": 1', '{"a": 1'),
        (b'{"a": NaN}', '{"a": NaN}'),
        (b'{"a": 1e999}', '{"a": 1e999}'),
        (b'"\\u0000"', '"\\u0000"'),
        (b'"\\ud800"', '"\\ud800"'),
        (b"[" * 100_000, "[" * 100_000),
        (b"a\x00b\xff", "a\ufffdb\ufffd"),
    ],
    ids=["nothing", "half", "nan", "infinite", "zero", "surrogate", "deep", "bytes"],
)
async def test_what_cannot_be_kept_as_json_is_kept_as_text(calling, other, body, kept):
    """It comes from elsewhere, so it may be anything."""
    other.answers["/a"] = reply(200, body, **JSON)
    outcome = await calling.run(Request, {"url": other.url("/a")})

    assert kept == outcome.result["body"]


@pytest.mark.parametrize("charset", ["unicode_escape", "idna", "none", "zlib"])
async def test_only_character_sets_are_decoded(calling, other, charset):
    """Python knows codecs that are none."""
    other.answers["/a"] = reply(200, b"\\ud800", content_type=f"text/plain; charset={charset}")

    assert "\\ud800" == (await calling.run(Request, {"url": other.url("/a")})).result["body"]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("127.0.0.2", "BLOCKED_ADDRESS"),
        ("user:word@127.0.0.1", "no user and no password"),
        ("127.0.0.1:99999", "begins with http"),
        ("", "begins with http"),
        ("a" * 9000, "at most 8192 characters"),
    ],
)
async def test_what_a_template_makes_of_the_place_is_checked(calling, found, told):
    """The rules are applied to what comes of it."""
    calling.found = found
    outcome = await calling.run(Request, {"url": "http://{{$jobs.find}}/"})

    assert isinstance(outcome, Failed)
    assert told in outcome.error


async def test_data_adds_no_header(calling, other):
    """A line break in a value is refused before anything is sent."""
    calling.found = "a\r\nX-Admin: yes"
    outcome = await calling.run(Request, {"url": other.url(), "headers": {"X-A": "{{$jobs.find}}"}})

    assert isinstance(outcome, Failed)
    assert [] == other.heard


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://a/",
        "ftp://a/",
        "data:,a",
        "unix:/a",
        "//a/",
        "a",
        "http://",
        "http:///a",
        "http://a:0/",
    ],
)
def test_a_url_of_another_kind_cannot_be_saved(bench, url):
    assert bench.told(Request, {"url": url})["url"].startswith("A URL begins with http:// or https://")


@pytest.mark.parametrize("url", ["file://{{$jobs.find}}", "ht{{$jobs.find}}", "{{$jobs.find}}"])
def test_what_stands_before_a_template_is_looked_at(bench, url):
    """Only one that begins with a template may become anything; the run looks at what it has become."""
    assert ("url" in bench.told(Request, {"url": url})) is not url.startswith("{{")


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"method": "TRACE"}, "method"),
        ({"url": "http://a:b@c/"}, "url"),
        ({"url": "http://{{$jobs.none}}/"}, "url"),
        ({"headers": {"X A": "b"}}, "headers.X A"),
        ({"headers": {"X-A": "b\n"}}, "headers.X-A"),
        ({"headers": {"X-A": 1}}, "headers.X-A"),
        ({"headers": {"Host": "b"}}, "headers.Host"),
        ({"headers": {"Webhook-Id": "b"}}, "headers.Webhook-Id"),
        ({"headers": {"X-A": "b", "x-a": "c"}}, "headers.x-a"),
        ({"headers": {"X-A": {"secret": ""}}}, "headers.X-A.secret"),
        ({"headers": {"X-A": {"secret": "a", "value": "b"}}}, "headers.X-A.value"),
        ({"query": "a=b"}, "query"),
        ({"json": {}}, "json"),
        ({"method": "POST", "json": {}, "form": {}}, "form"),
        ({"method": "POST", "json": {"a": "{{$jobs.none}}"}}, "json.a"),
        ({"accept": [404, 200]}, "accept.1"),
        ({"timeout": 61}, "timeout"),
        ({"timeout": "1"}, "timeout"),
        ({"redirects": 6}, "redirects"),
        ({"sign": 1}, "sign"),
        ({"verify": False}, "verify"),
    ],
)
def test_a_config_that_cannot_work_cannot_be_saved(bench, members, place):
    """Each complaint has its place."""
    assert [place] == list(bench.told(Request, {"url": "http://example.com", **members}))


def test_an_atomic_workflow_has_no_request(bench):
    """What was sent cannot be undone with the write."""
    node = {"key": "call", "type": "request", "config": {"url": "https://example.com"}}
    document = {"key": "a", "title": "a", "type": "action", "sync": True, "config": {"collection": "posts"}}
    inside = {"key": "if", "type": "condition", "config": {"expression": "true"}, "branches": {"then": [node]}}
    _, complaints = read_definition({**document, "options": {"atomic": True}, "nodes": [inside]}, bench.collections)
    definition, none = read_definition({**document, "nodes": [inside]}, bench.collections)

    assert [("nodes", 0, "branches", "then", 0, "type")] == [complaint.path for complaint in complaints]
    assert definition
    assert [] == none


async def test_done_is_what_a_run_goes_on_with(calling, other):
    assert isinstance(await calling.run(Request, {"url": other.url()}), Done)
