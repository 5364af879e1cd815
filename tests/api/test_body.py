"""What becomes of a body: JSON, forms, JSON that is sent as a form, and all that is refused (attacks J01, J03)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse

from api.body import parse_json, read_values
from api.error_body import respond
from engine.data.values import NESTING
from engine.errors import Refusal

LIMIT = 2000
FORM = "application/x-www-form-urlencoded"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers the values that a write would be given."""
    try:
        response = JSONResponse({"values": await read_values(Request(scope, receive), LIMIT)})
    except Refusal as refusal:
        response = respond(refusal)
    await response(scope, receive, send)


async def send(content: Any, media_type: str | None = "application/json", **headers: str) -> httpx.Response:
    if media_type is not None:
        headers["Content-Type"] = media_type
    async with httpx.AsyncClient(transport=httpx.ASGITransport(echo), base_url="http://test") as client:
        return await client.post("/", content=content, headers=headers)


def refused(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


# --- JSON


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.api+json",
        FORM,
        "text/plain",
        "text/plain;charset=UTF-8",
        "",
        None,
    ],
)
async def test_json_is_read_whatever_curl_calls_it(media_type):
    response = await send(b' {"title": "a=b&c", "tags": [1, 2.5, null, true]}\n', media_type)

    assert {"title": "a=b&c", "tags": [1, 2.5, None, True]} == response.json()["values"]


async def test_an_array_sent_as_a_form_is_json():
    assert [{"title": "a"}] == (await send(b'[{"title":"a"}]', FORM)).json()["values"]


@pytest.mark.parametrize("media_type", ["application/json", FORM, "text/plain", None])
@pytest.mark.parametrize("content", [b"", b" \r\n"])
async def test_an_empty_body_has_no_values(content, media_type):
    assert {} == (await send(content, media_type)).json()["values"]


async def test_integers_keep_all_of_their_digits():
    assert 99999999999999999999 == parse_json(b"99999999999999999999")


async def test_a_byte_order_mark_is_no_part_of_the_text():
    assert {} == parse_json(b"\xef\xbb\xbf{}")


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"{'title': 1}",
        b'{"title": "a",}',
        b"title=a",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1, "a": 2}',
        b'{"b": {"a": 1, "\\u0061": 2}}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": ["\\u0000"]}',
        b'{"a\\u0000": 1}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        '{"a": 1}'.encode("utf-16"),
        b"1" * 5000,
        b"[" * 100 + b"]" * 100,
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_two_parsers_could_read_differently_is_no_json(content):
    with pytest.raises(Refusal) as refusal:
        parse_json(content)

    assert "BAD_JSON" == refusal.value.code


def test_nesting_is_allowed_as_long_as_it_is_not_deep():
    deepest = b"[" * (NESTING - 1) + b'"a"' + b"]" * (NESTING - 1)

    assert json.loads(deepest) == parse_json(deepest)


def test_a_fault_in_the_text_is_told_with_its_place():
    with pytest.raises(Refusal, match="at line 2, column 3"):
        parse_json(b'{"a": 1,\n  b: 2}')


async def test_many_twins_take_no_longer_than_many_others():
    """Looking for a twin in everything before it would take minutes here."""
    members = ",".join(f'"{number}":0' for number in range(100_000))

    with pytest.raises(Refusal, match="same key twice"):
        parse_json(f'{{{members},"99999":0}}'.encode())


# --- forms


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("title=a&content=b+c", {"title": "a", "content": "b c"}),
        ("title=%C3%A4%26", {"title": "ä&"}),
        ("title=a&category[title]=b", {"title": "a", "category": {"title": "b"}}),
        ("title=a&category%5Btitle%5D=b", {"title": "a", "category": {"title": "b"}}),
        ("tags[]=1&tags[]=2", {"tags": ["1", "2"]}),
        ("tags[0][name]=a&tags[1][name]=b", {"tags": [{"name": "a"}, {"name": "b"}]}),
        ("title=", {"title": ""}),
        ("title=x]=y", {"title": "x]=y"}),
        ("readCount=5&title=null", {"readCount": "5", "title": "null"}),
    ],
)
async def test_a_form_nests_and_its_values_are_text(content, values):
    assert values == (await send(content, FORM)).json()["values"]


@pytest.mark.parametrize(
    "content",
    [
        "title=%FF",
        "title=%ED%A0%80",
        "title=%00",
        "a[b=1",
        "a]b=1",
        "a[b[c]]=1",
        "[a]=1",
        "=1",
        "a" + "[b]" * 11 + "=1",
        "a[200]=1",
        "a[999999999]=1",
        "&".join(f"f{number}=1" for number in range(201)),
    ],
)
async def test_a_form_that_could_be_read_in_two_ways_or_is_too_much(content):
    assert (400, "BAD_JSON") == refused(await send(content, FORM))


# --- types and lengths


@pytest.mark.parametrize(
    "media_type",
    [
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/html",
        "application/jsonx",
        "image/png",
        "json",
        "*/*",
    ],
)
async def test_other_types_are_refused(media_type):
    assert (415, "UNSUPPORTED_MEDIA_TYPE") == refused(await send(b"{}", media_type))


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity", "x"])
async def test_compressed_bodies_are_refused(encoding):
    response = await send(b"{}", **{"Content-Encoding": encoding})

    assert (415, "UNSUPPORTED_MEDIA_TYPE") == refused(response)


async def test_a_body_that_says_it_is_as_it_is_is_read():
    assert 200 == (await send(b"{}", **{"Content-Encoding": "Identity"})).status_code


async def test_a_body_of_the_limit_is_read():
    text = json.dumps("x" * (LIMIT - 2))

    assert 200 == (await send(text)).status_code
    assert (413, "BODY_TOO_LARGE") == refused(await send(f" {text}"))


@pytest.mark.parametrize("length", ["2001", "9" * 30, "9" * 5000])
async def test_a_body_that_says_it_is_too_large_is_not_looked_at(length):
    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    sent: list[dict[str, Any]] = []

    async def collect(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-length", length.encode())]}
    await echo(scope, receive, collect)

    assert 413 == sent[0]["status"]


async def test_of_a_body_without_a_length_no_more_is_read_than_shows_that_it_is_too_large():
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 900

    response = await send(endless())

    assert (413, "BODY_TOO_LARGE") == refused(response)
    assert 3 >= read


async def test_a_connection_that_ends_within_the_body_writes_nothing():
    messages = iter([{"type": "http.request", "body": b'{"a"', "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    with pytest.raises(Refusal, match="ended before"):
        await read_values(Request({"type": "http", "method": "POST", "headers": []}, receive), LIMIT)


# --- whatever comes


def read(content: bytes) -> Any:
    """The value of a JSON text, or the refusal of it."""
    try:
        return parse_json(content)
    except Refusal as refusal:
        return refusal


@given(st.binary(max_size=200))
def test_whatever_bytes_come_they_are_a_value_or_refused(content):
    value = read(content)

    assert value.code == "BAD_JSON" if isinstance(value, Refusal) else json.loads(content) == value


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_what_json_can_say_comes_through_unless_it_cannot_be_kept(value):
    text = json.dumps(value)

    assert ("\\u0000" in text) == isinstance(read(text.encode()), Refusal)
    assert "\\u0000" in text or value == read(text.encode())


@given(st.binary(max_size=100) | st.text("ab[]=&%01+", max_size=40).map(str.encode))
async def test_whatever_form_comes_it_is_values_or_refused(content):
    response = await send(content, FORM)

    assert response.status_code == 200 or refused(response) == (400, "BAD_JSON")
