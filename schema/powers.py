"""Compares what two roles may do: nobody gives, or takes over, more than they have. Pure.

Whoever makes a user, gives a role or sets a password could otherwise become somebody who may do what they may not.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.actions import Actor
from engine.errors import Code, Refusal, refuse
from engine.identity.roles import ROOT, granted_workflows
from engine.system.models import Role
from schema.permissions import API_KEYS, EVERY, METRICS, SYSTEM

_NAMED = {*SYSTEM, API_KEYS, METRICS}
"""What `*` does not stand for."""


def exceeds(actor: Actor, grants: Mapping[str, Any], workflows: object) -> bool:
    """Whether a role with this document may do something that the actor, as they ask now, may not.

    Limits are compared as they are written: a grant without any covers all others, one with some itself alone. A grant
    that is narrower in fact but written otherwise counts as more; better so than the reverse.
    """
    if actor.role == ROOT:
        return False
    keys = granted_workflows(workflows)
    if actor.workflows is not None and (keys is None or not keys <= actor.workflows):
        return True
    names = {*grants, *actor.grants, EVERY}
    return any(_goes_beyond(_granted(grants, name), _granted(actor.grants, name)) for name in names)


def refuse_beyond(actor: Actor, roles: Iterable[Role]) -> None:
    """Raise `NO_PERMISSION` where one of these roles may do more than the actor, or is root's."""
    for role in roles:
        if actor.role != ROOT and (role.name == ROOT or exceeds(actor, role.grants, role.workflows)):
            raise beyond(actor, role.name)


def refuse_beyond_holder(actor: Actor, held: Iterable[Role]) -> None:
    """The same for the roles that somebody holds; which of them it is may be hidden from the actor."""
    try:
        refuse_beyond(actor, held)
    except Refusal:
        message = f"This user may do more than '{actor.role}': they cannot be changed from there."
        raise refuse(Code.NO_PERMISSION, message) from None


def beyond(actor: Actor, name: str) -> Refusal:
    return refuse(
        Code.NO_PERMISSION,
        f"The role '{name}' may do more than '{actor.role}': neither it nor who holds it can be changed from there.",
    )


def _granted(grants: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What is granted on a collection. The name `*` is all of those that no document names."""
    granted = grants.get(name, {} if name in _NAMED else grants.get(EVERY, {}))
    return granted if isinstance(granted, Mapping) else {}


def _goes_beyond(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    return any(verb not in held or (held[verb] != {} and held[verb] != limits) for verb, limits in wanted.items())
