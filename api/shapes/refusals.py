"""The bodies of refusals: one schema per status, with the codes that it can have."""

from collections.abc import Iterable

from api.error_body import STATUSES
from api.shapes.components import Components, Schema, closed
from engine.errors import Code


def refusal(components: Components, status: int) -> Schema:
    """What is answered with this status."""
    return components.ref(f"Refusal.{status}", lambda: _refusal(codes_of(status)))


def codes_of(status: int) -> list[Code]:
    """The codes of a status. With the complaints of a 400, those of what the role may not do are listed too."""
    statuses = {status, 403} if status == 400 else {status}
    return [code for code, its in STATUSES.items() if its in statuses]


def _refusal(codes: Iterable[Code]) -> Schema:
    error = closed(
        {
            "message": {"type": "string", "description": "For people; its words may change."},
            "code": {"type": "string", "enum": [code.value for code in codes]},
            "path": {
                "type": "array",
                "items": {"type": ["string", "integer"]},
                "description": "Where in what was sent.",
            },
            "details": {"type": "object", "description": "Values for programs."},
        },
        "message",
        "code",
    )
    return closed(
        {"errors": {"type": "array", "items": error, "minItems": 1}}, "errors", description="Nothing was done."
    )
