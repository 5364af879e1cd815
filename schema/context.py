"""What every resolver is given besides the action."""

from dataclasses import dataclass

from engine.actions import Actor
from engine.engine import Engine


@dataclass(frozen=True, slots=True)
class Context:
    """One request: the engine, who asks (None before sign-in), the request's id and the peer's address."""

    engine: Engine
    actor: Actor | None
    request_id: str
    peer: str
