"""Every refusal the service can give, each with the code a caller may rely on."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field


class Code(StrEnum):
    """The codes of `docs/errors.md`. A code never changes its meaning; statuses are given in `api/error_body.py`."""

    UNKNOWN_PARAMETER = "UNKNOWN_PARAMETER"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    AMBIGUOUS_CREDENTIALS = "AMBIGUOUS_CREDENTIALS"
    BAD_JSON = "BAD_JSON"
    BAD_VALUE = "BAD_VALUE"
    BAD_FILTER = "BAD_FILTER"
    BAD_PAGE = "BAD_PAGE"
    BAD_KEY = "BAD_KEY"
    REQUIRED = "REQUIRED"
    FIELD_NOT_WRITABLE = "FIELD_NOT_WRITABLE"
    FILTER_REQUIRED = "FILTER_REQUIRED"
    GRAPHQL_INVALID = "GRAPHQL_INVALID"
    WORKFLOW_INVALID = "WORKFLOW_INVALID"
    ROLE_INVALID = "ROLE_INVALID"
    TRIGGER_SYNTAX = "TRIGGER_SYNTAX"
    TRIGGER_UNKNOWN = "TRIGGER_UNKNOWN"
    TRIGGER_DISABLED = "TRIGGER_DISABLED"
    TRIGGER_KIND_MISMATCH = "TRIGGER_KIND_MISMATCH"
    TRIGGER_PATH_UNKNOWN = "TRIGGER_PATH_UNKNOWN"
    TRIGGER_MANY_TO_ONE = "TRIGGER_MANY_TO_ONE"
    TRIGGER_TO_MANY = "TRIGGER_TO_MANY"
    TRIGGER_COLLECTION_MISMATCH = "TRIGGER_COLLECTION_MISMATCH"
    TRIGGER_ACTION = "TRIGGER_ACTION"
    TRIGGER_FORBIDDEN = "TRIGGER_FORBIDDEN"
    TRIGGER_TOO_MANY = "TRIGGER_TOO_MANY"
    EMPTY_TOKEN = "EMPTY_TOKEN"
    INVALID_TOKEN = "INVALID_TOKEN"
    EXPIRED_TOKEN = "EXPIRED_TOKEN"
    BLOCKED_TOKEN = "BLOCKED_TOKEN"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    ROLE_NOT_FOUND_FOR_USER = "ROLE_NOT_FOUND_FOR_USER"
    NO_PERMISSION = "NO_PERMISSION"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    UNIQUE_VIOLATION = "UNIQUE_VIOLATION"
    STILL_REFERENCED = "STILL_REFERENCED"
    IDEMPOTENCY_REUSED = "IDEMPOTENCY_REUSED"
    IDEMPOTENCY_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"
    WORKFLOW_FROZEN = "WORKFLOW_FROZEN"
    WORKFLOW_KEY_TAKEN = "WORKFLOW_KEY_TAKEN"
    EXECUTION_STATE = "EXECUTION_STATE"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    WORKFLOW_REJECTED = "WORKFLOW_REJECTED"
    RATE_LIMITED = "RATE_LIMITED"
    TOO_SLOW = "TOO_SLOW"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"


class Complaint(Struct, frozen=True):
    """One thing that is wrong with a request, as the caller is told it.

    `path` names the place in the caller's own input (`("category", "title")`), empty when it is the whole.
    `details` holds JSON values a program can act on.
    """

    code: Code
    message: str
    path: tuple[str | int, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


class Refusal(Exception):
    """The request is refused, nothing was written; carries every complaint at once, the first one decides."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        assert self.complaints, "a refusal says why"
        super().__init__("; ".join(f"{c.code}: {c.message}" for c in self.complaints))

    @property
    def code(self) -> Code:
        return self.complaints[0].code


class StartError(Exception):
    """The service cannot start; the message is one line that ends in the remedy."""


def refuse(code: Code, message: str, *path: str | int, **details: Any) -> Refusal:
    """A refusal with a single complaint, to be raised by the caller."""
    return Refusal([Complaint(code, message, path, details)])


def raise_for(complaints: Iterable[Complaint]) -> None:
    """Raise one refusal with all `complaints`, or do nothing when there are none."""
    if listed := tuple(complaints):
        raise Refusal(listed)


MAX_TOLD = 100
"""Complaints that one answer tells."""
_FORBIDDEN = (Code.NO_PERMISSION, Code.TRIGGER_FORBIDDEN)


def refuse_all(complaints: Iterable[Complaint]) -> None:
    """Raise one refusal with all complaints, or do nothing when there are none.

    Those of what the role may not do come last: a request that is also wrong in itself is told so first.
    """
    raise_for(sorted(complaints, key=lambda complaint: complaint.code in _FORBIDDEN)[:MAX_TOLD])
