"""No token reaches a log: read from the lines of a real uvicorn (attack A12)."""

import asyncio
import logging
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from api.access_log import LOGGERS, WithoutQuery, keep_queries_out
from api.authentication import Authentication
from engine.errors import Code, refuse

SECRET = "eyJhbGciOiJIUzI1NiJ9.the-value-that-must-not-be-seen.x"

SPELLINGS = [
    f"token={SECRET}",
    f"%74oken={SECRET}",
    f"%74%6F%6b%65%6E={SECRET}",
    f"page=1&token={SECRET}&sort=id",
    f"token[]={SECRET}",
    f"token%5Ba%5D={SECRET}",
    f"[token]={SECRET}",
    f"token={SECRET}&token=another",
]

MISSPELLINGS = [f"Token={SECRET}", f"access_token={SECRET}", f"%2574oken={SECRET}", f"a=1;token={SECRET}"]


class NoAccounts:
    """Refuses every token."""

    async def actor(self, token: str, role: str | None = None) -> None:
        raise refuse(Code.INVALID_TOKEN, "The token is not valid: sign in again.")


@pytest.fixture
def filters():
    """Takes the filters away again: loggers outlive the test."""
    yield
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.filters = [each for each in logger.filters if not isinstance(each, WithoutQuery)]


@pytest.fixture(params=["httptools", "h11"])
async def served(request, caplog):
    """The address of a uvicorn, with one parser of HTTP and the other, whose log is in `caplog`."""
    caplog.set_level(logging.INFO)
    app = Authentication(PlainTextResponse("hello"), SimpleNamespace(accounts=NoAccounts()))
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=request.param, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


async def lines_of(address: str, paths: list[str], caplog) -> list[str]:
    async with httpx.AsyncClient() as client:
        for path in paths:
            await client.get(address + path)
    # The client logs as well, what it asked for.
    return [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn.")]


def access(lines: list[str]) -> list[str]:
    return [line for line in lines if "HTTP/1.1" in line]


async def test_the_parameter_is_gone_before_the_line_is_written(served, caplog):
    """Both when the application answers and when the token is refused; nothing filters the log here."""
    paths = [f"{path}?{query}" for path in ("/", "/api/posts", "/graphql") for query in SPELLINGS]

    lines = await lines_of(served, paths, caplog)

    assert len(paths) == len(access(lines))
    assert not [line for line in lines if SECRET in line]


async def test_the_filter_keeps_every_query_out_misspelt_ones_too(served, caplog, filters):
    keep_queries_out()

    lines = await lines_of(served, [f"/api/posts?{query}" for query in SPELLINGS + MISSPELLINGS], caplog)

    assert len(SPELLINGS + MISSPELLINGS) == len(access(lines))
    assert not [line for line in lines if SECRET in line]
    assert all('"GET /api/posts HTTP/1.1"' in line for line in access(lines))


@pytest.mark.parametrize(
    ("message", "arguments", "expected"),
    [
        ('%s - "%s %s HTTP/%s" %d', ("::1:5", "GET", "/a?token=x", "1.1", 503), '::1:5 - "GET /a HTTP/1.1" 503'),
        ('%s - "WebSocket %s" [accepted]', ("::1:5", "/graphql?token=x"), '::1:5 - "WebSocket /graphql" [accepted]'),
        ("%s scope=%s", ("::1:5", {"query_string": b"token=x"}), "::1:5 scope={'query_string': b''}"),
        ("Application startup complete.", (), "Application startup complete."),
    ],
)
def test_a_line_without_its_query(message, arguments, expected):
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, message, arguments, None)

    assert WithoutQuery().filter(record)
    assert expected == record.getMessage()


def test_the_filter_is_put_on_once(filters):
    keep_queries_out()
    keep_queries_out()

    assert [1] * len(LOGGERS) == [len(logging.getLogger(name).filters) for name in LOGGERS]
