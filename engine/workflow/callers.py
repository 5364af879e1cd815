"""Whoever has caused a run that acts for them, and what they may do: found out anew each time that it counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from engine.actions import Action, Actor, ListRecords
from engine.data.collections import Collections
from engine.data.views import View, closed
from engine.errors import Code, Refusal, refuse

if TYPE_CHECKING:
    from engine.workflow.causes import Cause

Authorize: TypeAlias = Callable[[Actor, Action, Collections], Action]
"""The action as far as the actor may do it; raises a refusal where they may not."""

Allow: TypeAlias = Callable[[Action], Action]
"""The same for an actor who is known."""


def nobody_may(actor: Actor, action: Action, collections: Collections) -> Action:
    """For an engine that was not told what actors may do: nothing."""
    raise refuse(Code.NO_PERMISSION, f"Nobody has said what the role '{actor.role}' may do.")


@dataclass(frozen=True, slots=True)
class Callers:
    """`actor_of` reads a user in a role, None when either is gone, or the user suspended."""

    collections: Collections
    actor_of: Callable[[int, str | None], Awaitable[Actor | None]]
    authorize: Authorize = nobody_may

    async def allow(self, cause: Cause) -> Allow:
        """What whoever is the cause may do by now; raises `NO_PERMISSION` where that is nobody any more."""
        actor = None if cause.user_key is None else await self.actor_of(cause.user_key, cause.role)
        if actor is None:
            message = f"Whoever caused this is gone or suspended, or holds the role '{cause.role}' no more."
            raise refuse(Code.NO_PERMISSION, message)
        return self.allow_for(actor)

    def allow_for(self, actor: Actor) -> Allow:
        return lambda action: self.authorize(actor, action, self.collections)

    async def seen(self, cause: Cause, collection: str) -> Collections:
        """The collections as whoever is the cause may read them, closed ones where that one may not be read."""
        try:
            allow = await self.allow(cause)
            return allow(ListRecords(collection=collection)).seen(self.collections)
        except Refusal:
            return View(self.collections, closed)
