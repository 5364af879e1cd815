"""Which grants our own operations and the root fields need, so that whoever lacks one is told that before all else."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from engine.actions import (
    Action,
    Actor,
    CreateRecords,
    DestroyRecords,
    FirstOrCreateRecord,
    LinkMode,
    UpdateOrCreateRecord,
    UpdateRecords,
)
from engine.data.collections import Collection, Collections
from engine.errors import Refusal
from schema.permissions import API_KEYS, VERBS, Verb, require
from schema.types.names import root_names

Need: TypeAlias = tuple[str, Verb]
"""A collection, and what it takes to be granted on it."""

_ACTIONS: Mapping[str, type[Action]] = {
    "create": CreateRecords,
    "update": UpdateRecords,
    "destroy": DestroyRecords,
    "firstOrCreate": FirstOrCreateRecord,
    "updateOrCreate": UpdateOrCreateRecord,
}

_OF_ROUTES: Mapping[str, Need] = {
    "requests:get": ("executions", Verb.READ),
    "apiKeys:list": (API_KEYS, Verb.READ),
    "apiKeys:get": (API_KEYS, Verb.READ),
    "apiKeys:create": (API_KEYS, Verb.CREATE),
    "apiKeys:destroy": (API_KEYS, Verb.DESTROY),
    "workflows:revision": ("workflows", Verb.CREATE),
    "workflows:execute": ("workflows", Verb.UPDATE),
    "executions:cancel": ("executions", Verb.UPDATE),
    "executions:rerun": ("executions", Verb.UPDATE),
    **{
        f"{collection}:{verb}": (collection, verb)
        for collection in ("users", "roles", "workflows")
        for verb in (Verb.CREATE, Verb.UPDATE, Verb.DESTROY)
    },
}
"""What each of our own operations needs, by its name at REST; those that are not here need nothing."""

_FIELDS: Mapping[str, str] = {
    "request": "requests:get",
    "executionChanged": "requests:get",
    "workflowExecutions": "requests:get",
    "apiKey": "apiKeys:get",
    "apiKeys": "apiKeys:list",
    "createApiKey": "apiKeys:create",
    "destroyApiKey": "apiKeys:destroy",
    "reviseWorkflow": "workflows:revision",
    "executeWorkflow": "workflows:execute",
    "cancelExecution": "executions:cancel",
    "rerunExecution": "executions:rerun",
    "rerunExecutions": "executions:rerun",
    **{
        f"{verb}{one}": f"{collection}:{verb}"
        for one, collection in (("User", "users"), ("Role", "roles"), ("Workflow", "workflows"))
        for verb in (Verb.CREATE, Verb.UPDATE, Verb.DESTROY)
    },
}
"""The root fields that do what one of our own operations does."""


def of_route(name: str) -> Need | None:
    """What one of our own operations needs, None where it needs nothing."""
    return _OF_ROUTES.get(name)


def refusal_of(actor: Actor, field: str, collections: Collections) -> Refusal | None:
    """The refusal of a root field that needs a grant the actor's role lacks; None where it has all that is needed."""
    try:
        for need in needs(collections).get(field, ()):
            require(actor, *need)
    except Refusal as refusal:
        return refusal
    return None


def needs(collections: Collections) -> Mapping[str, tuple[Need, ...]]:
    """What each root field needs, but for those that need nothing."""
    ours = {field: (_OF_ROUTES[route],) for field, route in _FIELDS.items()}
    return {**{name: needed for each in collections.values() for name, needed in _of(each)}, **ours}


def _of(collection: Collection) -> Iterator[tuple[str, tuple[Need, ...]]]:
    names, name = root_names(collection), collection.name
    yield from ((read, ((name, Verb.READ),)) for read in (names.singular, names.plural))
    if collection.system:
        return
    for action, kind in _ACTIONS.items():
        needed = tuple((name, verb) for verb in VERBS[kind])
        yield from ((f"{action}{one}", needed) for one in (names.one, names.many))
    for relation in collection.relations.values():
        place = f"{names.one}{relation.name[:1].upper()}{relation.name[1:]}"
        needed = ((relation.target, Verb.READ), (name, Verb.UPDATE))
        yield from ((f"{mode}{place}", needed) for mode in LinkMode)
