"""What every answer of the service says beside its body, whoever made it (attacks J05, J06, J09)."""

from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

FRIEND = "https://friend.example"
# Every kind of answer: by path, method and expected status.
ANSWERS = [
    ("GET", "/api/posts", 200),
    ("GET", "/api/nothing", 404),
    ("PUT", "/api/posts", 405),
    ("POST", "/api/posts:create", 400),
    ("GET", "/graphql?query={posts{count}}", 200),
    ("GET", "/graphql?query={", 400),
    ("DELETE", "/graphql", 405),
    ("GET", "/openapi.json", 200),
    ("GET", "/docs", 200),
    ("GET", "/static/docs/page.js", 200),
    ("GET", "/static/none.js", 404),
    ("GET", "/health/live", 200),
    ("GET", "/nothing", 404),
    ("OPTIONS", "/api/posts", 405),
]
EVIL = ["https://evil.example", "null", "https://friend.example.evil.example", "http://friend.example", "file://", ""]


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"origins": FRIEND, "hsts": 3600, "trusted_proxies": "127.0.0.1/32"}


@pytest.fixture
def root(client: httpx.AsyncClient, token: str) -> httpx.AsyncClient:
    client.headers["Authorization"] = f"Bearer {token}"
    return client


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_no_answer_is_framed_sniffed_or_tells_where_its_reader_was(root, method, path, status):
    answer = await root.request(method, path)
    policy = answer.headers["Content-Security-Policy"]

    assert status == answer.status_code
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    assert "no-referrer" == answer.headers["Referrer-Policy"]
    assert "DENY" == answer.headers["X-Frame-Options"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "Server" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"), [each for each in ANSWERS if each[1].startswith(("/api", "/gr"))]
)
async def test_no_cache_keeps_what_the_doors_answer(root, method, path, status):
    answer = await root.request(method, path)

    assert "no-store" == answer.headers["Cache-Control"]
    assert {"Authorization", "X-Role", "Origin"} <= {name.strip() for name in answer.headers["Vary"].split(",")}


@pytest.mark.parametrize("origin", EVIL)
@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_pages_of_other_sites_read_no_answer(root, method, path, status, origin):
    answer = await root.request(method, path, headers={"Origin": origin, "Cookie": "a=b"})

    assert status == answer.status_code
    assert [] == [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("origin", EVIL)
@pytest.mark.parametrize("path", ["/api/posts:create", "/graphql", "/openapi.json", "/docs", "/nothing"])
async def test_a_page_of_another_site_is_told_that_it_may_not_ask(client, path, origin):
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = await client.options(path, headers={"Origin": origin, **asks})

    assert (403, "NO_PERMISSION") == (answer.status_code, answer.json()["errors"][0]["code"])
    assert [] == [name for name in answer.headers if name.startswith("access-control-")]


async def test_two_origins_are_a_forgery(client):
    asked = [("Origin", FRIEND), ("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")]

    assert 403 == (await client.options("/graphql", headers=asked)).status_code


@pytest.mark.parametrize(("path", "status"), [("/api/posts", 200), ("/api/nothing", 404), ("/graphql", 405)])
async def test_a_listed_page_reads_answers_and_refusals_but_sends_no_cookies(root, path, status):
    answer = await root.request("DELETE" if status == 405 else "GET", path, headers={"Origin": FRIEND})

    assert (status, FRIEND) == (answer.status_code, answer.headers["Access-Control-Allow-Origin"])
    assert "X-Request-Id" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_listed_page_may_ask_with_a_token(client):
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-role"}
    answer = await client.options("/graphql", headers={"Origin": FRIEND, **asks})

    assert (204, FRIEND) == (answer.status_code, answer.headers["Access-Control-Allow-Origin"])
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "X-Role"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))


@pytest.mark.parametrize(
    ("peer", "forwarded", "told"),
    [
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, "max-age=3600"),
        ("127.0.0.1", {}, None),
        ("192.0.2.7", {"X-Forwarded-Proto": "https"}, None),
    ],
)
async def test_who_came_by_https_is_told_to_stay_with_it(service, peer, forwarded, told):
    app: ASGIApp = service.asgi
    transport = httpx.ASGITransport(app, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/health/live", headers=forwarded)

    assert told == answer.headers.get("Strict-Transport-Security")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/.git/config",
            "/.env",
            "/var/bangpath.db",
            "/bangpath.db",
            "/healthz?verbose",
            "/health",
            "/health/live/verbose",
        ),
        *("/static/../settings.py", "/static/..%2f..%2fetc/passwd", "/static/%5c..%5csettings.py", "/static/docs"),
        *("/staticdocs/page.js", "/static/docs/../../settings.py", "/static//etc/passwd", "/docs/", "/docs/index.html"),
    ],
)
async def test_what_is_no_page_of_ours_is_not_there(root, path):
    answer = await root.get(path)

    assert (404, "NOT_FOUND") == (answer.status_code, answer.json()["errors"][0]["code"])
