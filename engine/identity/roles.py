"""What a role is when it is written down, and how its stored form is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROOT = "root"
"""The name of the first user, and of the role that may do everything."""


@dataclass(frozen=True, slots=True)
class RoleDocument:
    """A role as contract §5 has it: grants by collection, and the keys of the workflows it may trigger or True."""

    name: str
    title: str
    grants: Mapping[str, Any]
    workflows: tuple[str, ...] | bool = ()


def granted_workflows(stored: object) -> frozenset[str] | None:
    """The keys that a role may trigger, None for all. Whatever else was stored grants nothing.

    >>> granted_workflows(True), granted_workflows(["a"]), granted_workflows(False), granted_workflows(None)
    (None, frozenset({'a'}), frozenset(), frozenset())
    """
    if stored is True:
        return None
    return frozenset(key for key in stored if isinstance(key, str)) if isinstance(stored, list) else frozenset()
