"""The one error body of both doors: which status a code has, and how complaints are told."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from starlette.responses import JSONResponse

from engine.errors import Code, Complaint, Refusal

STATUSES: Mapping[Code, int] = MappingProxyType(
    {
        Code.UNKNOWN_PARAMETER: 400,
        Code.UNKNOWN_FIELD: 400,
        Code.AMBIGUOUS_CREDENTIALS: 400,
        Code.BAD_JSON: 400,
        Code.BAD_VALUE: 400,
        Code.BAD_FILTER: 400,
        Code.BAD_PAGE: 400,
        Code.BAD_KEY: 400,
        Code.REQUIRED: 400,
        Code.FIELD_NOT_WRITABLE: 400,
        Code.FILTER_REQUIRED: 400,
        Code.GRAPHQL_INVALID: 400,
        Code.WORKFLOW_INVALID: 400,
        Code.ROLE_INVALID: 400,
        Code.TRIGGER_SYNTAX: 400,
        Code.TRIGGER_UNKNOWN: 400,
        Code.TRIGGER_DISABLED: 400,
        Code.TRIGGER_KIND_MISMATCH: 400,
        Code.TRIGGER_PATH_UNKNOWN: 400,
        Code.TRIGGER_MANY_TO_ONE: 400,
        Code.TRIGGER_TO_MANY: 400,
        Code.TRIGGER_COLLECTION_MISMATCH: 400,
        Code.TRIGGER_ACTION: 400,
        Code.TRIGGER_TOO_MANY: 400,
        Code.EMPTY_TOKEN: 401,
        Code.INVALID_TOKEN: 401,
        Code.EXPIRED_TOKEN: 401,
        Code.BLOCKED_TOKEN: 401,
        Code.INVALID_CREDENTIALS: 401,
        Code.ROLE_NOT_FOUND_FOR_USER: 401,
        Code.NO_PERMISSION: 403,
        Code.TRIGGER_FORBIDDEN: 403,
        Code.NOT_FOUND: 404,
        Code.METHOD_NOT_ALLOWED: 405,
        Code.UNIQUE_VIOLATION: 409,
        Code.STILL_REFERENCED: 409,
        Code.IDEMPOTENCY_REUSED: 409,
        Code.IDEMPOTENCY_IN_PROGRESS: 409,
        Code.WORKFLOW_FROZEN: 409,
        Code.WORKFLOW_KEY_TAKEN: 409,
        Code.EXECUTION_STATE: 409,
        Code.BODY_TOO_LARGE: 413,
        Code.UNSUPPORTED_MEDIA_TYPE: 415,
        Code.WORKFLOW_REJECTED: 422,
        Code.RATE_LIMITED: 429,
        Code.TOO_SLOW: 429,
        Code.INTERNAL: 500,
        Code.UNAVAILABLE: 503,
    }
)


def respond(refusal: Refusal) -> JSONResponse:
    """The answer to a refused request; the first complaint decides its status."""
    complaints = refusal.complaints
    return JSONResponse(render(complaints), STATUSES[refusal.code], headers=_headers(complaints[0].details))


def render(complaints: Iterable[Complaint]) -> dict[str, Any]:
    """Every complaint in order; members that say nothing are left out.

    >>> render([Complaint(Code.NOT_FOUND, "There is no record '7' in 'posts'.")])
    {'errors': [{'message': "There is no record '7' in 'posts'.", 'code': 'NOT_FOUND'}]}
    """
    return {"errors": [_render(complaint) for complaint in complaints]}


def _render(complaint: Complaint) -> dict[str, Any]:
    members = {"path": list(complaint.path), "details": dict(complaint.details)}
    told = {name: value for name, value in members.items() if value}
    return {"message": complaint.message, "code": complaint.code.value, **told}


def _headers(details: Mapping[str, Any]) -> dict[str, str]:
    """What HTTP wants said in headers; the first complaint's details have it."""
    told: dict[str, str] = {}
    if "retryAfter" in details:
        told["Retry-After"] = str(details["retryAfter"])
    if "allow" in details:
        told["Allow"] = ", ".join(details["allow"])
    return told
