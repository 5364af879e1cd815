"""What every resolver is given besides the action."""

from datetime import UTC, tzinfo

from msgspec import Struct

from engine.actions import PLAIN, Actor, Terms
from engine.engine import Engine


class Context(Struct, frozen=True):
    """One request: the engine, who asks (None before sign-in), the request's id, the peer's address.

    `zone` is the time zone that the caller lives by, `terms` how a write is to be carried out.
    """

    engine: Engine
    actor: Actor | None
    request_id: str
    peer: str
    zone: tzinfo = UTC
    terms: Terms = PLAIN
