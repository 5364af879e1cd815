"""What every resolver is given besides the action."""

from dataclasses import dataclass
from datetime import UTC, tzinfo

from engine.actions import Actor
from engine.engine import Engine


@dataclass(frozen=True, slots=True)
class Context:
    """One request: the engine, who asks (None before sign-in), the request's id, the peer's address.

    `zone` is the time zone that the caller lives by.
    """

    engine: Engine
    actor: Actor | None
    request_id: str
    peer: str
    zone: tzinfo = UTC
