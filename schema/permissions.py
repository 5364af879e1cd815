"""The one gate that both doors pass: what an actor's role may do, and what a role's document may say."""

from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from functools import partial
from typing import Any

from msgspec.structs import replace

from engine.actions import (
    Action,
    Actor,
    CountRecords,
    CreateRecords,
    DestroyRecords,
    FirstOrCreateRecord,
    GetRecord,
    LinkRecords,
    ListRecords,
    LoadRelated,
    Rights,
    UpdateOrCreateRecord,
    UpdateRecords,
)
from engine.data.collections import Collection, Collections, Relation
from engine.data.filters import check_filter, did_you_mean
from engine.errors import Code, Complaint, refuse
from schema.narrowing import FIELDS, FILTER, SAMPLE, Limits, Narrowing, faults, fill
from schema.narrowing import Verb as Verb

EVERY = "*"
"""Stands in a grant document for every data collection, never for one of ours."""

METRICS = "/metrics"
"""What is granted like a collection and is none: so no table can have its name."""

API_KEYS = "apiKeys"
"""The keys of programs, which are granted like a collection too; a table of this name stops the start."""

SYSTEM = frozenset({"users", "roles", "workflows", "executions", "jobs"})

# Jobs are the inside of an execution: whoever may read the one may read the other.
_GOVERNED_BY = {"jobs": "executions"}
_PART_OF = {"jobs": "execution"}

VERBS: Mapping[type[Action], tuple[Verb, ...]] = {
    ListRecords: (Verb.READ,),
    GetRecord: (Verb.READ,),
    CountRecords: (Verb.READ,),
    LoadRelated: (Verb.READ,),
    CreateRecords: (Verb.CREATE,),
    UpdateRecords: (Verb.UPDATE,),
    FirstOrCreateRecord: (Verb.READ, Verb.CREATE),
    UpdateOrCreateRecord: (Verb.READ, Verb.UPDATE, Verb.CREATE),
    DestroyRecords: (Verb.DESTROY,),
    LinkRecords: (Verb.READ,),
}
"""What an action needs in its collection. In that of its owner it needs to read, or to update it by linking."""


def authorize(actor: Actor | None, action: Action, collections: Collections, zone: tzinfo | None = None) -> Action:
    """The action as far as this actor may do it; raises a refusal `EMPTY_TOKEN` or `NO_PERMISSION`.

    The answered action carries what the role sees and may do, in its collection and in others that it may reach by
    filters, appends and nested values, and the caller's `zone`. An action of a kind that has no rule here is a mistake
    of ours, not something to let through.
    """
    somebody = signed_in(actor)
    for verb in VERBS[type(action)]:
        require(somebody, action.collection, verb)
    if action.owner:
        require(somebody, action.owner.collection, Verb.UPDATE if isinstance(action, LinkRecords) else Verb.READ)
    return replace(action, rights=rights(somebody, collections), zone=zone or action.zone)


def rights(actor: Actor, collections: Collections) -> Rights:
    """What the role may do in each of these collections, and what it sees of them."""
    narrowing = narrowing_of(actor, collections)
    return Rights(
        read=narrowing.may[Verb.READ],
        create=narrowing.may[Verb.CREATE],
        update=narrowing.may[Verb.UPDATE],
        trigger=actor.workflows,
        views=narrowing.views(actor),
    )


def seen_by(actor: Actor, collections: Collections) -> Collections:
    """The collections as the role may read them."""
    return narrowing_of(actor, collections).views(actor).read


def known_relation(
    allowed: Rights, collections: Collections, owner: str, name: str, *, linking: bool
) -> Relation | None:
    """A relation of a collection, None where the role knows of none: to link by it takes writing it, else reading it.

    Of a collection that the role may not use so at all, that is what it is told.
    """
    if owner not in collections:
        return None
    seen = collections
    if allowed.views is not None and linking and owner in allowed.update:
        seen = allowed.views.update
    elif allowed.views is not None and owner in allowed.read:
        seen = allowed.views.read
    return seen[owner].relations.get(name)


def narrowing_of(actor: Actor, collections: Collections) -> Narrowing:
    """What the role's document leaves of the collections. Made once for each document that a role has."""
    kept = collections.narrowings.get(actor.role)
    if kept is None or kept[0] != actor.grants:
        kept = actor.grants, Narrowing(collections, partial(_granted, actor.grants))
        collections.narrowings[actor.role] = kept
    narrowing: Narrowing = kept[1]
    return narrowing


def signed_in(actor: Actor | None) -> Actor:
    """The actor, or the refusal of a request that showed no token."""
    if actor is None:
        raise refuse(Code.EMPTY_TOKEN, "This needs a token: sign in with auth:signIn and send it as a bearer token.")
    return actor


def require(actor: Actor | None, collection: str, verb: Verb | str) -> Actor:
    """The actor, when the role may do this on the collection; raises `EMPTY_TOKEN` or `NO_PERMISSION` otherwise."""
    somebody = signed_in(actor)
    if not may(somebody, collection, verb):
        raise refuse(
            Code.NO_PERMISSION,
            f"The role '{somebody.role}' may not {Verb(verb)} '{collection}'.",
            collection=collection,
            action=Verb(verb).value,
        )
    return somebody


def may(actor: Actor, collection: str, verb: Verb | str, system: bool = False) -> bool:
    """Whether the role may do this on the collection. `system` says so for tables of ours that are not listed here."""
    return _limits(actor.grants, collection, Verb(verb), system=system) is not None


def _granted(grants: Mapping[str, Any], collection: Collection, verb: Verb) -> Limits | None:
    return _limits(grants, collection.name, verb, system=collection.system)


def _limits(grants: Mapping[str, Any], collection: str, verb: Verb, *, system: bool) -> Limits | None:
    """The limits of what a document grants, None where it grants nothing. What is not understood grants nothing."""
    name = _GOVERNED_BY.get(collection, collection)
    granted = grants.get(name)
    if granted is None and not (system or name in SYSTEM or name in (METRICS, API_KEYS)):
        name, granted = EVERY, grants.get(EVERY)
    limits = granted.get(verb) if isinstance(granted, Mapping) else None
    if not isinstance(limits, Mapping) or not limits.keys() <= {FIELDS, FILTER} or (limits and name == EVERY):
        return None
    if limits and verb is not Verb.READ and (system or name in SYSTEM):
        return None
    if not isinstance(limits.get(FIELDS, []), list) or not isinstance(limits.get(FILTER, {}), Mapping):
        return None
    if name != collection and name != EVERY:
        # Which of them, and not which part of the one that governs.
        return {FILTER: {_PART_OF[collection]: limits[FILTER]}} if FILTER in limits else {}
    return limits


def check_grants(
    grants: object, workflows: object, collections: Collections, knows: Callable[[str], bool] = lambda key: True
) -> list[Complaint]:
    """Everything that is wrong with a role's document; `knows` tells whether a workflow has that key."""
    return [*_grants(grants, collections), *_workflows(workflows, knows)]


def _grants(grants: object, collections: Collections) -> Iterator[Complaint]:
    if not isinstance(grants, Mapping):
        yield _invalid("'grants' is an object: a collection's name, and what may be done with it.", "grants")
        return
    for name, granted in grants.items():
        if name in _GOVERNED_BY:
            yield _invalid(f"'{name}' are read with the grant on '{_GOVERNED_BY[name]}'.", "grants", name)
        elif name == METRICS:
            if granted != {"read": {}}:
                yield _invalid('Metrics can be read, whole or not at all: {"read": {}}.', "grants", name)
        elif name == API_KEYS:
            yield from _api_keys(granted)
        elif name != EVERY and name not in collections:
            hint = did_you_mean(str(name), [*collections, EVERY, METRICS, API_KEYS])
            yield _invalid(f"There is no collection '{name}'.{hint}", "grants", name)
        else:
            yield from _verbs(name, granted, collections)


def _api_keys(granted: object) -> Iterator[Complaint]:
    allowed = {Verb.READ.value, Verb.CREATE.value, Verb.DESTROY.value}
    if (
        not isinstance(granted, Mapping)
        or not granted.keys() <= allowed
        or any(limits != {} for limits in granted.values())
    ):
        message = 'Keys are read, created and destroyed, each one\'s own: {"read": {}, "create": {}, "destroy": {}}.'
        yield _invalid(message, "grants", API_KEYS)


def _verbs(name: str, granted: object, collections: Collections) -> Iterator[Complaint]:
    if not isinstance(granted, Mapping):
        yield _invalid(f"What '{name}' grants is an object of actions, such as {{\"read\": {{}}}}.", "grants", name)
        return
    for verb, limits in granted.items():
        path = ("grants", name, verb)
        if verb not in set(Verb):
            known = ", ".join(Verb)
            yield _invalid(f"'{verb}' is not an action that can be granted, those are {known}.", *path)
        elif not isinstance(limits, Mapping):
            yield _invalid(f"The limits of '{verb}' are an object, empty for none.", *path)
        else:
            yield from _check_limits(limits, path, collections, collections.get(name))


def _check_limits(
    limits: Mapping[str, Any], path: tuple[str, ...], collections: Collections, collection: Collection | None
) -> Iterator[Complaint]:
    for name, value in limits.items():
        if name not in (FIELDS, FILTER):
            yield _invalid(f"'{name}' is not a limit, those are fields and filter.", *path, name)
        elif collection is None:
            message = f"'{name}' is about one collection: name it beside '{EVERY}', with all that may be done with it."
            yield _invalid(message, *path, name)
        elif collection.system and path[-1] != Verb.READ:
            message = f"Writing '{collection.name}' has rules of its own: grant it whole, or not at all."
            yield _invalid(message, *path, name)
        elif name == FIELDS and path[-1] == Verb.DESTROY:
            yield _invalid("A record ends with all of its fields: give a filter.", *path, name)
        elif name == FIELDS:
            yield from _fields(value, (*path, name), collection)
        else:
            yield from _filter(value, (*path, name), collections, collection)


def _filter(
    value: object, path: tuple[str, ...], collections: Collections, collection: Collection
) -> Iterator[Complaint]:
    """A filter is checked with such values for its variables as they will have."""
    wrong = False
    for place, message in faults(value):
        wrong = True
        yield _invalid(message, *path, *place)
    if not wrong:
        for fault in check_filter(collections, collection, fill(value, SAMPLE)):
            yield _invalid(fault.message, *path, *fault.path[1:])


def _fields(value: object, path: tuple[str, ...], collection: Collection) -> Iterator[Complaint]:
    if not isinstance(value, list):
        yield _invalid("'fields' is a list of names.", *path)
        return
    known = [*(field.name for field in collection.readable), *collection.relations]
    for index, name in enumerate(value):
        if name not in known:
            hint = did_you_mean(str(name), known)
            yield _invalid(f"'{name}' is not a field of '{collection.name}'.{hint}", *path, index)


def _workflows(workflows: object, knows: Callable[[str], bool]) -> Iterator[Complaint]:
    if workflows is True:
        return
    if not isinstance(workflows, list):
        yield _invalid("'workflows' is a list of keys, or true for all of them.", "workflows")
        return
    for index, key in enumerate(workflows):
        if not isinstance(key, str) or not knows(key):
            yield _invalid(f"There is no workflow '{key}'.", "workflows", index)


def _invalid(message: str, *path: str | int) -> Complaint:
    return Complaint(Code.ROLE_INVALID, message, path)
