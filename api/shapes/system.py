"""The bodies and answers of what the service itself has: identity, users, roles and workflows."""

from collections.abc import Mapping
from types import MappingProxyType

from api.shapes.columns import answered
from api.shapes.components import Components, Schema, Shape, closed, nullable
from engine.data.collections import FieldKind
from engine.data.relations import RelationKind
from engine.identity.passwords import MAX_LENGTH, MIN_LENGTH
from engine.system.models import WorkflowType
from engine.workflow.executions import Version
from engine.workflow.nodes import NODES_BY_KIND
from engine.workflow.steps import MAX_ATTEMPTS

_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
_MAYBE_TEXT = nullable({"type": "string", "maxLength": 255})
_PASSWORD: Schema = {"type": "string", "format": "password"}
_NEW_PASSWORD: Schema = {**_PASSWORD, "minLength": MIN_LENGTH, "maxLength": MAX_LENGTH}
_KEY: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
_FLAG: Schema = {"type": "boolean"}
_OBJECT: Schema = {"type": "object"}
_NAMES: Schema = {"type": "array", "items": {"type": "string"}}
_ROLES: Schema = {**_NAMES, "minItems": 1, "description": "The names of the roles held."}
_GRANTS: Schema = {
    "type": "object",
    "additionalProperties": {"type": "object", "additionalProperties": _OBJECT},
    "description": "What may be done with which collection.",
    "examples": [{"posts": {"read": {}, "create": {}}}],
}
_WORKFLOWS: Schema = {
    "anyOf": [_NAMES, {"type": "boolean"}],
    "description": "The keys of the workflows that may be triggered, or true for all.",
}
_USER = {"username": _TEXT, "password": _NEW_PASSWORD, "email": _MAYBE_TEXT, "nickname": _MAYBE_TEXT}
_MOMENT = nullable({"type": "string", "format": "date-time"})
_KEY_MEMBERS: Schema = {
    "id": {"type": "integer"},
    "name": {"type": "string"},
    "role": {"type": "string"},
    "userId": {"type": "integer"},
    "expiresAt": _MOMENT,
    "lastUsedAt": _MOMENT,
    "createdAt": {"type": "string", "format": "date-time"},
}
_ROLE = {"title": _MAYBE_TEXT, "grants": _GRANTS, "workflows": _WORKFLOWS}


def _new_user(components: Components, resource: str) -> Schema:
    roles = {"roles": _ROLES, "defaultRole": {**_MAYBE_TEXT, "description": "Else the first of the roles."}}
    return closed({**_USER, **roles, "suspended": _FLAG}, "username", "password", "roles", description="A new user.")


def _changed_user(components: Components, resource: str) -> Schema:
    return closed(
        {**_USER, "roles": _ROLES, "defaultRole": _MAYBE_TEXT, "suspended": _FLAG}, description="New values for a user."
    )


def _new_role(components: Components, resource: str) -> Schema:
    name = {"name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}}
    return closed({**name, **_ROLE}, "name", "grants", description="A new role.")


def _changed_role(components: Components, resource: str) -> Schema:
    return closed(_ROLE, description="New values for a role.")


def _new_workflow(components: Components, resource: str) -> Schema:
    fixed: Schema = {
        "key": {**_KEY, "description": "Made when absent; never changes."},
        "type": {"type": "string", "enum": [kind.value for kind in WorkflowType]},
        "sync": {**_FLAG, "description": "Whether the write waits for it."},
    }
    return closed({**fixed, **_document(components)}, "title", "type", "config", description="A new workflow.")


def _changed_workflow(components: Components, resource: str) -> Schema:
    about = "New values for a version; its document changes only while it has not run."
    return closed(_document(components), description=about)


NEW: Mapping[str, Shape] = MappingProxyType({"users": _new_user, "roles": _new_role, "workflows": _new_workflow})
"""The values of a new one, by collection."""

NEW_VALUES: Mapping[str, Shape] = MappingProxyType(
    {"users": _changed_user, "roles": _changed_role, "workflows": _changed_workflow}
)
"""New values for one that is there, by collection."""


def no_members(components: Components, resource: str) -> Schema:
    """An object with nothing in it."""
    return closed({})


def credentials(components: Components, resource: str) -> Schema:
    """Who signs in: one of three names, and the password."""
    names = {"account": _TEXT, "username": _TEXT, "email": _TEXT}
    one: Schema = {"oneOf": [{"required": [name]} for name in names]}
    described = closed(
        {**names, "password": _PASSWORD}, "password", allOf=[one], description="One name, and the password."
    )
    return components.ref("SignIn.body", lambda: described)


def passwords(components: Components, resource: str) -> Schema:
    """The password so far, and the one from now on."""
    return closed({"oldPassword": _PASSWORD, "newPassword": _NEW_PASSWORD}, "oldPassword", "newPassword")


def handed(components: Components, resource: str) -> Schema:
    """What a workflow is run on by hand."""
    data: Schema = {"type": ["object", "string", "integer"], "description": "A record's key, or an object as it is."}
    return closed({"data": data}, "data")


def again(components: Components, resource: str) -> Schema:
    """From where, and by which version, an execution is run again."""
    version: Schema = {"type": ["string", "null"], "enum": [*Version, None], "default": Version.ORIGINAL}
    node: Schema = {"type": ["string", "null"], "description": "What ran before this node is taken as it was."}
    return closed({"fromNode": node, "version": version})


def new_key(components: Components, resource: str) -> Schema:
    """A key as it is asked for."""
    role = {**_MAYBE_TEXT, "description": "One of your roles; the one you ask in if absent."}
    ends: Schema = {"type": ["string", "null"], "description": "never, or a span such as 12h, 30d and 1y."}
    return closed({"name": _TEXT, "role": role, "expiresIn": ends}, "name", description="A new key.")


def api_key(components: Components, resource: str) -> Schema:
    """What may be known of a key."""
    return components.ref("ApiKey", lambda: closed(_KEY_MEMBERS, *_KEY_MEMBERS, description="A key for a program."))


def made_key(components: Components, resource: str) -> Schema:
    """A key that was made, with its text; of what is known of it the number alone, for roles that read no keys."""
    token = nullable(
        {"type": "string", "description": "The key. It is told this once, and null when it is asked again."}
    )
    return closed({**_KEY_MEMBERS, "token": token}, "id", "token")


def done(components: Components, resource: str) -> Schema:
    """That it is done."""
    return {"type": "boolean", "const": True}


def new_token(components: Components, resource: str) -> Schema:
    """A token in exchange for another one."""
    return components.ref("NewToken", lambda: closed({"token": {"type": "string"}}, "token"))


def signed_in(components: Components, resource: str) -> Schema:
    """A token, and whose it is."""
    members = {"token": {"type": "string"}, "user": components.ref("SignedIn.user", lambda: _profile(components))}
    return components.ref("SignedIn", lambda: closed(members, *members))


def saved_user(components: Components, resource: str) -> Schema:
    """A user as a write answers them: with their roles by name, as far as the role may read; the key always."""
    users = components.collections[resource]
    columns = {field.name: answered(field) for field in users.readable}
    return components.ref("User.saved", lambda: closed({**columns, "roles": _NAMES}, users.key.name))


def me(components: Components, resource: str) -> Schema:
    """Who the token says is asking."""
    return components.ref("Me", lambda: _profile(components, role={"type": "string"}))


def checked_role(components: Components, resource: str) -> Schema:
    """The role somebody asks in, with what it may do."""
    members = {"name": {"type": "string"}, "title": _MAYBE_TEXT, "grants": _GRANTS, "workflows": _WORKFLOWS}
    return components.ref("CheckedRole", lambda: closed(members, *members))


def described(components: Components, resource: str) -> Schema:
    """The collections that are served."""
    return {"type": "array", "items": components.ref("CollectionInfo", lambda: _collection(components))}


def request_history(components: Components, resource: str) -> Schema:
    """What a request has caused."""
    execution = components.ref("RequestHistory.execution", lambda: _caused(components))
    members: Schema = {
        "id": {"type": "string"},
        "truncated": _FLAG,
        "executions": {"type": "array", "items": execution},
    }
    return components.ref("RequestHistory", lambda: closed(members, *members))


def _caused(components: Components) -> Schema:
    """An execution with its jobs, what these wrote, and what was started by that."""
    columns = {field.name: answered(field) for field in components.collections["executions"].readable}
    jobs = {field.name: answered(field) for field in components.collections["jobs"].readable}
    written: Schema = {name: {"type": "string"} for name in ("collection", "key", "path")}
    members: Schema = {
        **columns,
        "jobs": {"type": "array", "items": closed(jobs)},
        "records": {"type": "array", "items": closed(written, *written)},
        "executions": {
            "type": "array",
            "items": components.ref("RequestHistory.execution", lambda: _caused(components)),
        },
    }
    return closed(members, "jobs", "records", "executions")


def _document(components: Components) -> Schema:
    enabled = {**_FLAG, "description": "At most one version per key is: enabling one disables the others."}
    config = {**_OBJECT, "description": "When it runs: {collection, global, actions, appends, condition, changed}."}
    return {"title": _TEXT, "enabled": enabled, "config": config, "options": _OBJECT, "nodes": _nodes(components)}


def _nodes(components: Components) -> Schema:
    return {"type": "array", "items": components.ref("Workflow.node", lambda: _node(components))}


def _node(components: Components) -> Schema:
    members: Schema = {
        "key": _KEY,
        "type": {"type": "string", "enum": [*NODES_BY_KIND]},
        "title": nullable({"type": "string"}),
        "config": _OBJECT,
        "branches": {"type": "object", "additionalProperties": _nodes(components)},
        "retry": nullable(_retry()),
        "timeout": {"type": ["number", "null"], "exclusiveMinimum": 0, "description": "Seconds for one attempt."},
    }
    return closed(members, "key", "type", description="One step of a workflow.")


def _retry() -> Schema:
    attempts: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_ATTEMPTS}
    seconds: Schema = {"type": "number", "exclusiveMinimum": 0, "description": "Before the second attempt."}
    return closed({"attempts": attempts, "seconds": seconds})


def _profile(components: Components, **more: Schema) -> Schema:
    held = components.ref(
        "HeldRole", lambda: closed({"name": {"type": "string"}, "title": _MAYBE_TEXT}, "name", "title")
    )
    members: Schema = {
        "id": {"type": "integer"},
        "username": {"type": "string"},
        "nickname": _MAYBE_TEXT,
        "email": _MAYBE_TEXT,
        "roles": {"type": "array", "items": held},
        "defaultRole": {"type": "string"},
        **more,
    }
    return closed(members, *members)


def _collection(components: Components) -> Schema:
    members: Schema = {
        "name": {"type": "string"},
        "key": {"type": "string"},
        "fields": {"type": "array", "items": components.ref("FieldInfo", _field)},
        "relations": {"type": "array", "items": components.ref("RelationInfo", _relation)},
        "associations": {**_NAMES, "description": "The association paths a trigger may cross."},
    }
    return closed(members, *members, description="A collection as it is served.")


def _field() -> Schema:
    flags = dict.fromkeys(("null", "required", "writable", "key"), _FLAG)
    kinds: Schema = {"type": "string", "enum": [kind.value for kind in FieldKind]}
    members: Schema = {"name": {"type": "string"}, "type": kinds, **flags, "choices": nullable(_NAMES)}
    return closed(members, *members)


def _relation() -> Schema:
    kinds: Schema = {"type": "string", "enum": [kind.value for kind in RelationKind]}
    members: Schema = {"name": {"type": "string"}, "kind": kinds, "target": {"type": "string"}}
    return closed(members, *members)
