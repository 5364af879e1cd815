"""What each route and root field is declared to need, and what a role's document gives: written beside the code that
decides, and from no part of it, so that the two can be held against each other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from engine.data.collections import Collection, Collections, Relation, RelationKind
from schema.types.names import root_names

Need: TypeAlias = tuple[str, str]
"""A collection, or what is granted like one, and a verb."""

Grants: TypeAlias = Mapping[str, Any]

OURS = ("users", "roles", "workflows", "executions", "jobs", "apiKeys", "/metrics")
"""What `*` does not stand for."""

RECORDS: Mapping[str, tuple[str, ...]] = {
    "list": ("read",),
    "get": ("read",),
    "count": ("read",),
    "create": ("create",),
    "update": ("update",),
    "destroy": ("destroy",),
    "firstOrCreate": ("read", "create"),
    "updateOrCreate": ("read", "update", "create"),
}
LINKS = ("add", "set", "remove", "toggle")

OPEN = "signing in"
"""What nobody needs a token for."""

SYSTEM: Mapping[str, tuple[Need, ...] | str] = {
    "auth:signIn": OPEN,
    **{f"auth:{action}": () for action in ("signOut", "check", "refresh", "changePassword")},
    "roles:check": (),
    "collections:list": (),
    "requests:get": (("executions", "read"),),
    **{f"apiKeys:{action}": (("apiKeys", "read"),) for action in ("list", "get")},
    **{f"apiKeys:{action}": (("apiKeys", action),) for action in ("create", "destroy")},
    **{
        f"{name}:{verb}": ((name, verb),)
        for name in ("users", "roles", "workflows")
        for verb in ("create", "update", "destroy")
    },
    "workflows:revision": (("workflows", "create"),),
    "workflows:execute": (("workflows", "update"),),
    "executions:cancel": (("executions", "update"),),
    "executions:rerun": (("executions", "update"),),
}

FIELDS: Mapping[str, str] = {
    "signIn": "auth:signIn",
    "signOut": "auth:signOut",
    "refreshToken": "auth:refresh",
    "changePassword": "auth:changePassword",
    "checkAuth": "auth:check",
    "checkRole": "roles:check",
    "collections": "collections:list",
    "request": "requests:get",
    "executionChanged": "requests:get",
    "workflowExecutions": "requests:get",
    "apiKey": "apiKeys:get",
    "apiKeys": "apiKeys:list",
    "createApiKey": "apiKeys:create",
    "destroyApiKey": "apiKeys:destroy",
    **{
        f"{verb}{one}": f"{name}:{verb}"
        for name, one in (("users", "User"), ("roles", "Role"), ("workflows", "Workflow"))
        for verb in ("create", "update", "destroy")
    },
    "reviseWorkflow": "workflows:revision",
    "executeWorkflow": "workflows:execute",
    "cancelExecution": "executions:cancel",
    "rerunExecution": "executions:rerun",
    "rerunExecutions": "executions:rerun",
}
"""Root fields of GraphQL that are not made from a collection, each with the route that does the same."""


@dataclass(frozen=True)
class Rule:
    """What a route or field needs. `along` is the relation it goes along, with the verb by which it may be hidden.

    What `links` by it takes the right to write the column that holds the link, on whichever side that is: with this
    verb on the other side, and with update on this one, which is there already.
    """

    needs: tuple[Need, ...] | str
    along: tuple[str, str, str] | None = None
    links: str | None = None


def rule_of_route(name: str, collections: Collections) -> Rule | None:
    """The rule of an operation such as `posts:list` or `posts.tags:add`; None where none is declared."""
    resource, _, action = name.partition(":")
    owner, _, relation = resource.partition(".")
    if not relation:
        if name in SYSTEM:
            return Rule(SYSTEM[name])
        if resource in collections and action in RECORDS:
            return Rule(tuple((resource, verb) for verb in RECORDS[action]))
        return None
    if relation == "executions" and relation not in collections[owner].relations:
        return Rule(((owner, "read"), ("executions", "read"))) if action == "list" else None
    target = collections[owner].relations[relation].target
    if action in LINKS:
        return Rule(((owner, "update"), (target, "read")), (owner, relation, "update"), "update")
    if action not in RECORDS:
        return None
    creates = "create" in RECORDS[action]
    needs = ((owner, "read"), *((target, verb) for verb in RECORDS[action]))
    return Rule(needs, (owner, relation, "read"), "create" if creates else None)


def rules_of_fields(collections: Collections) -> Iterator[tuple[str, Rule]]:
    """The rule of every root field that there should be."""
    for name, route in FIELDS.items():
        yield name, Rule(SYSTEM[route])
    for collection in collections.values():
        yield from _of_collection(collection)


def _of_collection(collection: Collection) -> Iterator[tuple[str, Rule]]:
    names, name = root_names(collection), collection.name
    for field in (names.singular, names.plural):
        yield field, Rule(((name, "read"),))
    if collection.system:
        return
    for action in ("create", "update", "destroy"):
        yield f"{action}{names.one}", Rule(((name, action),))
        yield f"{action}{names.many}", Rule(((name, action),))
    for action in ("firstOrCreate", "updateOrCreate"):
        yield f"{action}{names.one}", Rule(tuple((name, verb) for verb in RECORDS[action]))
    for relation in collection.relations.values():
        needs = ((name, "update"), (relation.target, "read"))
        for mode in LINKS if relation.kind.to_many else ("set", "remove"):
            place = f"{names.one}{relation.name[:1].upper()}{relation.name[1:]}"
            yield f"{mode}{place}", Rule(needs, (name, relation.name, "update"), "update")


def limits(grants: Grants, name: str, verb: str) -> Mapping[str, Any] | None:
    """What stands behind a verb, None where it is not granted."""
    named = "executions" if name == "jobs" else name
    granted = grants.get(named, None if named in OURS else grants.get("*"))
    found: Mapping[str, Any] | None = None if granted is None else granted.get(verb)
    return found


def names(grants: Grants, collection: Collection, verb: str) -> frozenset[str]:
    """The columns and relations that are granted for a verb: a relation and the column with its key go together."""
    found = limits(grants, collection.name, verb)
    known = {field.name for field in collection.fields.values() if not field.secret} | {*collection.relations}
    if found is None:
        return frozenset()
    if "fields" not in found or collection.name == "jobs":
        return frozenset(known)
    listed = {*found["fields"]}
    for relation in collection.relations.values():
        if pair := column_of(collection, relation):
            listed |= {pair, relation.name} if {pair, relation.name} & listed else set()
    return frozenset(listed & known)


def readable(grants: Grants, collection: Collection) -> frozenset[str]:
    """What there is of a record: what is granted, and always its key."""
    return names(grants, collection, "read") | {collection.key.name}


RECORDED: Mapping[str, frozenset[str]] = {
    "executions": frozenset({"context", "output", "messages", "error"}),
    "jobs": frozenset({"input", "result", "error"}),
}
"""Columns that may hold what other records say: only who may read everything filters by them."""


def filterable(grants: Grants, collection: Collection, collections: Collections) -> frozenset[str]:
    """What may stand in a filter."""
    reached = (name for name, each in collections.items() if not each.system or name == "users")
    everything = all(limits(grants, name, "read") == {} for name in reached)
    return readable(grants, collection) - (frozenset() if everything else RECORDED.get(collection.name, frozenset()))


def column_of(collection: Collection, relation: Relation) -> str | None:
    """The column that holds the key of a relation, where it is one of this collection."""
    return next((field.name for field in collection.fields.values() if field.relation == relation.name), None)


def verdict(rule: Rule, grants: Grants | None, collections: Collections, *, links: bool = True) -> str:
    """What a role is told: `EMPTY_TOKEN`, `NO_PERMISSION`, `NOT_FOUND` for what is hidden, or `granted`.

    Without `links` the columns that linking writes are not looked at: they are values, and the gate comes before them.
    """
    if rule.needs == OPEN:
        return "granted"
    if grants is None:
        return "EMPTY_TOKEN"
    if rule.along and _is_hidden(*rule.along, grants, collections):
        return "NOT_FOUND"
    assert not isinstance(rule.needs, str)
    missing = any(limits(grants, *need) is None for need in rule.needs)
    if not missing and links and rule.along and rule.links:
        missing = not _may_link(*rule.along[:2], rule.links, grants, collections)
    return "NO_PERMISSION" if missing else "granted"


def _is_hidden(owner: str, relation: str, verb: str, grants: Grants, collections: Collections) -> bool:
    """Whether it is unknown; of a collection that the role may not use so at all, nothing is."""
    seen = names(grants, collections[owner], verb) | names(grants, collections[owner], "read")
    return limits(grants, owner, verb) is not None and relation not in seen


def _may_link(owner: str, relation: str, verb: str, grants: Grants, collections: Collections) -> bool:
    collection, found = collections[owner], collections[owner].relations[relation]
    if verb == "update" and relation not in names(grants, collection, "update"):
        return False
    if column_of(collection, found) or found.kind is RelationKind.MANY_TO_MANY:
        return relation in names(grants, collection, "update")
    target = collections[found.target]
    held = {field.name for field in target.fields.values() if field.attribute == found.reverse_column}
    assert held, "the other side has the column"
    return held <= names(grants, target, verb)
