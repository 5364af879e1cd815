"""Answers what nobody foresaw: masked for the caller, whole in the log, under the request's id."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.error_body import respond
from engine.data.availability import refusal_of
from engine.errors import Code, Refusal, refuse
from schema import audit

Handler: TypeAlias = Callable[[Request, Exception], Awaitable[Response]]

log = logging.getLogger("bangpath.api")


def respond_to_failure(error: Exception, request_id: str) -> Response:
    """The answer to an exception: the refusal it is, or the masked one it becomes, which is logged."""
    if isinstance(error, Refusal):
        return respond(error)
    if refusal := refusal_of(error):
        log.warning("request %s: the database cannot be used: %s", request_id, error)
        return respond(refusal)
    log.error("request %s failed", request_id, exc_info=error)
    return respond(refuse(Code.INTERNAL, f"Something went wrong; its number is {request_id}.", requestId=request_id))


async def respond_to_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, of paths that no route has and methods that none takes, in our form."""
    assert isinstance(error, HTTPException)
    refusal = refuse(Code.NOT_FOUND, "There is nothing at this path.")
    if error.status_code == 405:
        allow = sorted(method.strip() for method in (error.headers or {}).get("Allow", "").split(","))
        refusal = refuse(Code.METHOD_NOT_ALLOWED, f"{request.method} is not taken here.", allow=allow)
    return await respond_to_refusal(request, refusal)


async def respond_to_refusal(request: Request, error: Exception) -> Response:
    """Refusals outside of the doors, which answer theirs themselves."""
    assert isinstance(error, Refusal)
    audit.refused(request.state.context, f"{request.method} {request.scope['path']}", error.code)
    return respond(error)


async def respond_to_unexpected(request: Request, error: Exception) -> Response:
    """What no door answered itself. Starlette raises it again, so the server's log has it once more."""
    return respond_to_failure(error, request.state.context.request_id)


HANDLERS: Mapping[Any, Handler] = MappingProxyType(
    {HTTPException: respond_to_http_exception, Refusal: respond_to_refusal, Exception: respond_to_unexpected}
)
"""For Starlette's `exception_handlers`: errors are JSON outside of the doors too."""
