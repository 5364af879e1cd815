"""The four roles a new installation starts with: everything, administration, content, and a member's own small part."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from engine.identity.roles import ROOT, RoleDocument
from schema.permissions import API_KEYS, METRICS

_WHOLE: Mapping[str, Any] = MappingProxyType({"read": {}, "create": {}, "update": {}, "destroy": {}})
_READ: Mapping[str, Any] = MappingProxyType({"read": {}})

_KEYS: Mapping[str, Any] = MappingProxyType({"read": {}, "create": {}, "destroy": {}})

_EVERYTHING = {name: dict(_WHOLE) for name in ("*", "users", "roles", "workflows", "executions")} | {
    METRICS: dict(_READ),
    API_KEYS: dict(_KEYS),
}

_OWN = {"authorId": "{{$user.id}}"}
_SHOWN = ("title", "content", "status", "readCount", "category", "author", "tags", "comments", "createdAt", "updatedAt")
_WRITTEN = ("title", "content", "category", "tags")

# The service fills in the author, which a member may not write: what they create is theirs. A category is theirs by the
# post that it hangs on, so they create it with one.
_MEMBERS = {
    "posts": {
        "read": {"fields": ["id", *_SHOWN], "filter": _OWN},
        "create": {"fields": list(_WRITTEN), "filter": _OWN},
        "update": {"fields": list(_WRITTEN), "filter": _OWN},
        "destroy": {"filter": _OWN},
    },
    "categories": {"read": {"filter": {"post": _OWN}}, "create": {"filter": {"post": _OWN}}},
    "tags": dict(_READ),
    "comments": dict(_READ),
    "users": {"read": {"fields": ["id", "nickname"]}},
}

ROLES = (
    RoleDocument(ROOT, "Root", _EVERYTHING, True),
    # Everything but other roots: that is a rule of `schema/resolvers/users.py`, whatever a role is granted.
    RoleDocument("admin", "Administrator", _EVERYTHING, True),
    RoleDocument("editor", "Editor", {"*": dict(_WHOLE), "executions": dict(_READ), API_KEYS: dict(_KEYS)}, True),
    RoleDocument("member", "Member", _MEMBERS, ("post-created", "category-created", "post-audit")),
)


def roles_for(collections: Iterable[str]) -> tuple[RoleDocument, ...]:
    """The four roles over these collections: what another application does not have is not granted."""
    served = {*collections, "*", METRICS, API_KEYS}
    return tuple(
        replace(role, grants={name: granted for name, granted in role.grants.items() if name in served})
        for role in ROLES
    )
