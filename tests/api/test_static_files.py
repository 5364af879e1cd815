"""The files of our own pages over HTTP: which there are, and how they are cached."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette

from api.authentication import Authentication
from api.failures import HANDLERS
from api.static_files import static_route


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A service of two files, with one beside their folder and one that is a secret among them."""
    for name in (
        "static/page/page.js",
        "static/page/vendor/editor-1.0.css",
        "static/page/key.pem",
        "static-old/old.js",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"// {name}")
    # Its paths are nobody's, so no engine is asked who it is.
    engine: Any = SimpleNamespace()
    app = Authentication(
        Starlette(routes=[static_route(tmp_path / "static")], exception_handlers=dict(HANDLERS)), engine
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_file_is_answered_with_its_type(client: httpx.AsyncClient) -> None:
    response = await client.get("/static/page/page.js")

    assert (200, "// static/page/page.js") == (response.status_code, response.text)
    assert "text/javascript; charset=utf-8" == response.headers["content-type"]
    assert "nosniff" == response.headers["x-content-type-options"]
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "cached"),
    [("page/page.js", "no-cache"), ("page/vendor/editor-1.0.css", "public, max-age=31536000, immutable")],
)
async def test_only_what_carries_its_version_is_kept_for_good(
    client: httpx.AsyncClient, name: str, cached: str
) -> None:
    response = await client.get(f"/static/{name}")

    assert cached == response.headers["cache-control"]


async def test_file_that_is_known_is_not_sent_again(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/static/page/page.js")).headers["etag"]
    response = await client.get("/static/page/page.js", headers={"If-None-Match": etag})

    assert (304, b"") == (response.status_code, response.content)
    assert etag == response.headers["etag"]


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2fetc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5cetc%5cpasswd",
        "page/%2e%2e/page/page.js",
        "page%2f..%2f..%2fstatic-old%2fold.js",
        "-old/old.js",
        "/etc/passwd",
        quote(__file__),
        "page/page.js%00",
        "page/page.js/",
        "page//page.js",
        "PAGE/page.js",
        "page",
        "page/key.pem",
        "",
        "a" * 5000,
    ],
)
async def test_everything_else_is_not_there(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(f"/static/{path}")

    assert (404, "NOT_FOUND") == (response.status_code, response.json()["errors"][0]["code"])


async def test_files_are_not_written_to(client: httpx.AsyncClient) -> None:
    response = await client.put("/static/page/page.js", content="alert()")

    assert (405, "GET, HEAD") == (response.status_code, response.headers["allow"])
    assert "METHOD_NOT_ALLOWED" == response.json()["errors"][0]["code"]
