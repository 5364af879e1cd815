"""The bodies of refusals: one schema per status, with the codes that it can have."""

from api.error_body import STATUSES
from api.shapes.components import Components, Schema, closed
from engine.errors import Code


def refusal(components: Components, status: int) -> Schema:
    """What is answered with this status. The first error has decided it, others may have codes of other ones."""
    return components.ref(f"Refusal.{status}", lambda: _refusal(components, status))


def _refusal(components: Components, status: int) -> Schema:
    codes = [code.value for code, its in STATUSES.items() if its == status]
    error = components.ref("Refusal.error", _error)
    first: Schema = {"allOf": [error, {"properties": {"code": {"enum": codes}}}]}
    errors: Schema = {"type": "array", "minItems": 1, "items": error, "allOf": [{"prefixItems": [first]}]}
    return closed({"errors": errors}, "errors", description=f"Nothing was done: {', '.join(codes)}.")


def _error() -> Schema:
    step: Schema = {"type": ["string", "integer"]}
    return closed(
        {
            "message": {"type": "string", "description": "For people; its words may change."},
            "code": {"type": "string", "enum": [code.value for code in Code]},
            "path": {"type": "array", "items": step, "description": "Where in what was sent."},
            "details": {"type": "object", "description": "Values for programs."},
        },
        "message",
        "code",
        description="One thing that is wrong.",
    )
