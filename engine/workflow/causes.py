"""Why an execution is inserted: who asked for what, and which executions have led to it; with the limits of that."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from engine.actions import Actor
from engine.data.store import ActionName
from engine.workflow.definition import Definition


class Bounds(Struct, frozen=True):
    """How many executions may follow from one another in a row, the first included, and how many may come of one event,
    over all ways."""

    depth: int = 10
    executions: int = 10_000


BOUNDS = Bounds()


class Cause(Struct, frozen=True):
    """Who asked for a write, by which request, at which door action.

    `user` is what workflows see of them. Of a write that a node makes these are those of its execution, whose number
    `execution` is, None where it has none yet; `chain` has the workflows that led here by key, that of the execution
    last, and `origin` the event at the beginning of all.
    """

    user: Mapping[str, Any] | None
    role: str | None
    request_id: str | None
    action: ActionName
    chain: tuple[str, ...] = ()
    origin: str | None = None
    execution: int | None = None

    @classmethod
    def by(cls, actor: Actor, request_id: str, action: ActionName) -> Cause:
        """A request of somebody."""
        return cls(told_of(actor), actor.role, request_id, action)

    @property
    def user_key(self) -> int | None:
        return self.user["id"] if self.user else None


class Lineage(Struct, frozen=True):
    """Where an execution comes from: see `Cause`. One that a request starts is its own origin."""

    chain: tuple[str, ...] = ()
    cause: int | None = None
    origin: str = field(default_factory=lambda: uuid.uuid4().hex)


def told_of(actor: Actor) -> dict[str, Any]:
    """What workflows see of a user: no secret fields."""
    return {"id": actor.key, "username": actor.username, "nickname": actor.nickname}


def cut(definition: Definition, chain: tuple[str, ...], following: int, bounds: Bounds = BOUNDS) -> str | None:
    """Why a workflow may not follow these, None where it may; `following` have come of the same event before."""
    way = " → ".join((*chain, definition.key))
    if chain.count(definition.key) > definition.options.reentries:
        return f"'{definition.key}' has led to itself too often ({way}); options.reentries says how often it may."
    if len(chain) >= bounds.depth:
        return f"More than {bounds.depth} executions would follow from one another ({way})."
    if following >= bounds.executions:
        return f"More than {bounds.executions} executions would come of one event ({way})."
    return None
