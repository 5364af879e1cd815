"""The four roles a new installation starts with: everything, administration, content, and a member's own small part."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from engine.identity.roles import ROOT, RoleDocument
from schema.permissions import API_KEYS, METRICS

_WHOLE: Mapping[str, Any] = MappingProxyType({"read": {}, "create": {}, "update": {}, "destroy": {}})
_READ: Mapping[str, Any] = MappingProxyType({"read": {}})
_READ_AND_CREATE: Mapping[str, Any] = MappingProxyType({"read": {}, "create": {}})

_KEYS: Mapping[str, Any] = MappingProxyType({"read": {}, "create": {}, "destroy": {}})

_EVERYTHING = {name: dict(_WHOLE) for name in ("*", "users", "roles", "workflows", "executions")} | {
    METRICS: dict(_READ),
    API_KEYS: dict(_KEYS),
}

# A member shall read and change the own posts, and of users see id and nickname alone. Both need limits on rows and
# fields, which are not enforced yet, so a member may not change posts nor read users until they are.
_MEMBERS = {
    "posts": dict(_READ_AND_CREATE),
    "categories": dict(_READ_AND_CREATE),
    "tags": dict(_READ),
    "comments": dict(_READ),
}

ROLES = (
    RoleDocument(ROOT, "Root", _EVERYTHING, True),
    # Everything but other roots: that part is the rule of `schema/resolvers/users.py`, no grant can say it.
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
