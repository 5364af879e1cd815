"""Requests that are no good HTTP, bodies without an end, and what is not there to be found (J01 to J12)."""

import asyncio
import gzip
import json
import logging
from urllib.parse import urlsplit

import pytest

from api.log_storms import Calm
from tests.api.sockets import SECONDS, serve
from tests.attacks.world import Told, told

MEGABYTE = b"x" * 2**20
DOORS = ("/api/posts:create", "/api/posts:list", "/api/auth:signIn", "/graphql")

each_door = pytest.mark.parametrize("path", DOORS)


async def speak(url: str, *parts: bytes) -> bytes:
    """What the server answers to these bytes, which are sent as long as it takes them."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        async with asyncio.timeout(SECONDS):
            try:
                for part in parts:
                    writer.write(part)
                    await writer.drain()
            except ConnectionError:
                pass  # it has closed the connection, and may have said why before
            return await reader.read(2**16)
    finally:
        writer.close()


def head(path: str, token: str, *more: str, method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: test", f"Authorization: Bearer {token}", *more, "", ""]
    return "\r\n".join(lines).encode("latin-1")


@each_door
async def test_a_body_without_an_end_is_read_to_the_limit(world, nothing_happened, path):
    """J01: in chunks, so that no length tells beforehand."""
    chunk = b"%x\r\n%b\r\n" % (len(MEGABYTE), MEGABYTE)
    begun = head(path, world.tokens["root"], "Content-Type: application/json", "Transfer-Encoding: chunked")
    async with nothing_happened(), serve(world.service.asgi) as url:
        answer = await speak(url, begun, *[chunk] * 3)

    assert b" 413 " in answer.partition(b"\r\n")[0]
    assert b"BODY_TOO_LARGE" in answer


@each_door
@pytest.mark.parametrize("length", [2**20 + 1, 2**30, 10**17, 10**30])
async def test_a_length_that_is_too_much_is_believed(world, nothing_happened, path, length):
    """Nothing of the body is waited for."""
    begun = head(path, world.tokens["root"], "Content-Type: application/json", f"Content-Length: {length}")
    async with nothing_happened(), serve(world.service.asgi) as url:
        answer = await speak(url, begun)

    assert answer.partition(b"\r\n")[0].split(b" ")[1] in (b"413", b"400")


@each_door
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "GZIP", "gzip, gzip", "x-gzip"])
async def test_a_body_that_unfolds_is_not_unfolded(world, nothing_happened, path, encoding):
    """J01: a bomb of one kilobyte."""
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    headers["Authorization"] = f"Bearer {world.tokens['root']}"
    async with nothing_happened():
        answer = await world.client.post(path, content=gzip.compress(MEGABYTE), headers=headers)

    assert Told(415, ("UNSUPPORTED_MEDIA_TYPE",)) == told(answer)


TYPES = [
    *("multipart/form-data; boundary=x", "multipart/form-data", "multipart/mixed; boundary=" + "x" * 5000),
    *("application/xml", "application/yaml", "application/x-msgpack", "application/octet-stream", "image/png"),
    *("application/json; charset=utf-16", "application/json;" * 500, ";", "/", "application/jsonp"),
]


async def test_other_bodies_are_not_read(world, nothing_happened):
    """J03: no parts, no trees; UTF-16 that says so is no UTF-8."""
    body = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nattack\r\n' * 100 + b"--x--"
    token = {"Authorization": f"Bearer {world.tokens['root']}"}
    async with nothing_happened():
        answers = {
            (path, media_type): await world.client.post(
                path, content=body, headers={**token, "Content-Type": media_type}
            )
            for path in ("/api/posts:create", "/graphql")
            for media_type in TYPES
        }

    assert [] == [which for which, answer in answers.items() if answer.status_code not in (400, 415)]


@pytest.mark.parametrize("count", [201, 100_000])
async def test_a_form_has_a_bounded_number_of_fields(world, nothing_happened, count):
    """J03."""
    form = "&".join(f"f{number}=x" for number in range(count))[: 2**20]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with nothing_happened():
        answer = await world.send("POST", "posts:create", world.tokens["root"], content=form, headers=headers)

    assert Told(400, ("BAD_JSON",)) == told(answer)


RAW = [
    b"GET /api/posts HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /api/posts HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"GET /api/posts HTTP/1.1\r\nHost: test\r\nX-Role : root\r\n\r\n",
    b"GET /api/posts\r\n\r\n",
    b"GET  HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: test\r\n\r\n",
    b"GET /api/posts HTTP/1.1\r\nHost: test\r\nX-A: " + b"a" * 200_000 + b"\r\n\r\n",
    b"POST /api/posts:create HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"GET http://169.254.169.254/latest/meta-data HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n",
    b"CONNECT 127.0.0.1:5432 HTTP/1.1\r\nHost: 127.0.0.1:5432\r\n\r\n",
]


async def test_what_is_no_good_http_is_nobodys_request(world, nothing_happened):
    async with nothing_happened(), serve(world.service.asgi) as url:
        answers = [await speak(url, sent, b"\r\n\r\n") for sent in RAW]
        healthy = await speak(url, head("/health/live", "", "Connection: close", method="GET"))

    assert [] == [answer for answer in answers if answer and answer.split(b" ")[1][:1] != b"4"]
    assert b" 200 " in healthy.partition(b"\r\n")[0]


@pytest.mark.parametrize(
    "name", ["X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"]
)
async def test_headers_that_would_make_another_request_of_it_are_not_heard(world, nothing_happened, name):
    destroy = f"/api/posts:destroy/{world.foreign.id}"
    headers = {name: "DELETE" if "Method" in name else destroy}
    async with nothing_happened():
        answer = await world.send("GET", f"posts/{world.foreign.id}", world.tokens["root"], headers=headers)

    assert 200 == answer.status_code


@pytest.mark.parametrize("address", ["192.0.2.{}", "unknown", "127.0.0.1, 192.0.2.{}", "::1"])
async def test_nobody_has_the_address_they_say(world, address, caplog):
    """Limits and the audit know the one that has connected."""
    caplog.set_level(logging.INFO, "bangpath.audit")
    for number in range(3):
        forged = address.format(number)
        names = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP")
        await world.send("GET", "posts", "guess", headers=dict.fromkeys(names, forged))

    assert {"127.0.0.1"} == {vars(record)["peer"] for record in caplog.records if record.name == "bangpath.audit"}


NOT_THERE = [
    *("/metrics", "/openapi.json"),
    *("/healthz?verbose", "/health", "/status", "/info", "/version", "/debug", "/admin", "/console", "/console/"),
    *("/.git/config", "/.git/HEAD", "/.env", "/var/bangpath.db", "/bangpath.db", "/secret", "/var/secret", "/redoc"),
    *("/server-status", "/actuator/env", "/api/", "/api", "/static", "/static/", "/robots.txt", "/pyproject.toml"),
]


async def test_nothing_is_found_by_trying(world, nothing_happened):
    """J09: the first two need a role."""
    async with nothing_happened():
        answers = {path: await world.client.get(path) for path in NOT_THERE}

    assert [] == [path for path, answer in answers.items() if answer.status_code not in (401, 404)]
    assert [401, 401] == [answers[path].status_code for path in NOT_THERE[:2]]


@pytest.mark.parametrize("name", ["editor", "member"])
async def test_figures_are_not_for_everybody(world, nothing_happened, name):
    async with nothing_happened():
        headers = {"Authorization": f"Bearer {world.tokens[name]}"}
        answer = await world.client.get("/metrics", headers=headers)

    assert Told(403, ("NO_PERMISSION",)) == told(answer)


CLIMBING = [
    *(
        "/static/../api/settings.py",
        "/static/..%2fsettings.py",
        "/static/%2e%2e/settings.py",
        "/static/..%5csettings.py",
    ),
    *(
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/docs/..%2f..%2f..%2fpyproject.toml",
        "/static/%00",
    ),
    *("/static/docs/page.js%00.css", "/static/docs/index.html", "/static-old/x.js", "/static/file:///etc/passwd"),
    *(
        "/docs/../static/../api/home.py",
        "/graphql/../../.env",
        "/static/docs/vendor/LICENSES.md",
        "/static/%252e%252e/x",
    ),
]


async def test_no_path_climbs_out(world, nothing_happened):
    """E15, as a client sends it that mends nothing."""
    async with nothing_happened(), serve(world.service.asgi) as url:
        begun = [head(path, world.tokens["root"], "Connection: close", method="GET") for path in CLIMBING]
        answers = {sent: await speak(url, sent) for sent in begun}

    assert [] == [sent for sent, answer in answers.items() if b" 404 " not in answer.partition(b"\r\n")[0]]
    assert all(b"NOT_FOUND" in answer for answer in answers.values())


async def test_a_storm_of_refusals_is_counted_and_not_written(world, caplog):
    """J12: the same filter that the command puts around every handler."""
    caplog.set_level(logging.INFO, "bangpath.audit")
    caplog.handler.addFilter(calm := Calm())
    try:
        for _ in range(150):
            await world.client.get("/api/posts", headers={"Authorization": "Bearer guess"})
    finally:
        caplog.handler.removeFilter(calm)

    assert 100 == len([record for record in caplog.records if vars(record).get("code") == "INVALID_TOKEN"])


async def test_a_token_in_the_address_is_in_no_answer(world, nothing_happened):
    token = world.tokens["member"]
    async with nothing_happened():
        answers = [
            await world.client.get(f"{path}?token={token}&nothing=1")
            for path in ("/api/posts", "/api/nothing", "/graphql", "/nothing", "/docs", "/metrics", "/openapi.json")
        ]

    assert not [answer for answer in answers if token in json.dumps([answer.text, dict(answer.headers)])]
