"""Answers what nobody foresaw: masked for the caller, whole in the log, under the request's id."""

import logging
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.error_body import respond
from engine.data.availability import is_away
from engine.errors import Code, Refusal, refuse

log = logging.getLogger("bangpath.api")


def respond_to_failure(error: Exception, request_id: str) -> Response:
    """The answer to an exception: the refusal it is, or the masked one it becomes, which is logged."""
    if isinstance(error, Refusal):
        return respond(error)
    if is_away(error):
        log.warning("request %s: the database cannot be used: %s", request_id, error)
        return respond(refuse(Code.UNAVAILABLE, "The database cannot be used now: try again later.", retryAfter=1))
    log.error("request %s failed", request_id, exc_info=error)
    return respond(refuse(Code.INTERNAL, f"Something went wrong; its number is {request_id}.", requestId=request_id))


async def respond_to_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, of paths that no route has and methods that none takes, in our form."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allow = sorted(method.strip() for method in (error.headers or {}).get("Allow", "").split(","))
        return respond(refuse(Code.METHOD_NOT_ALLOWED, f"{request.method} is not taken here.", allow=allow))
    return respond(refuse(Code.NOT_FOUND, "There is nothing at this path."))


HANDLERS: Mapping[Any, Any] = {HTTPException: respond_to_http_exception}
"""For Starlette's `exception_handlers`."""
