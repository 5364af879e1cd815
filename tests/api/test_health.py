"""The two questions of those who restart and those who balance, answered without detail (attack J09)."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
from starlette.applications import Starlette

from api import health
from api.health import health_routes


def client(answer: Callable[[], Awaitable[None]]) -> httpx.AsyncClient:
    app = Starlette(routes=health_routes(answer))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def well() -> None:
    pass


async def ill() -> None:
    raise OSError("/var/lib/secret.db is gone")


async def stuck() -> None:
    await asyncio.Event().wait()


async def test_live_asks_nobody():
    response = await client(ill).get("/health/live?verbose=1")

    assert (200, {"status": "ok"}) == (response.status_code, response.json())


async def test_ready_asks_the_database():
    response = await client(well).get("/health/ready")

    assert (200, {"status": "ok"}) == (response.status_code, response.json())


async def test_without_a_database_it_is_not_ready_and_does_not_say_why(caplog):
    response = await client(ill).get("/health/ready")

    assert (503, {"status": "unavailable"}) == (response.status_code, response.json())
    assert ["not ready: OSError: /var/lib/secret.db is gone"] == caplog.messages


async def test_a_probe_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(health, "SECONDS", 0.01)

    assert 503 == (await client(stuck).get("/health/ready")).status_code
