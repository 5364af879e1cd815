"""Tells those who restart and those who balance whether this process lives, and whether it can serve."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from engine.data import availability

log = logging.getLogger("bangpath.api")

SECONDS = 5


def health_routes(ping: Callable[[], Awaitable[None]] = availability.ping) -> list[Route]:
    """`/health/live` and `/health/ready`, which need no token and so tell no detail."""

    async def live(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> JSONResponse:
        """Whether the database answers one statement, in time: a probe must not pile up behind a stuck one."""
        try:
            async with asyncio.timeout(SECONDS):
                await ping()
        except Exception as error:
            log.warning("not ready: %s: %s", type(error).__name__, error)
            return JSONResponse({"status": "unavailable"}, 503)
        return JSONResponse({"status": "ok"})

    return [Route("/health/live", live), Route("/health/ready", ready)]
