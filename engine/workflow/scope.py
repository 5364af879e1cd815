"""The variables of a workflow: what a document may refer to when it is saved, and their values when it runs."""

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar, cast

from msgspec import Struct, field

from engine.actions import Action
from engine.data.collections import Collection, Collections, FieldKind
from engine.data.filters import did_you_mean
from engine.data.operators import OPERATORS, Takes
from engine.data.values import render
from engine.errors import Code, refuse
from engine.outgoing.secrets import Secrets
from engine.workflow.callers import Allow
from engine.workflow.templates import Path, Variable, parse

Asked = TypeVar("Asked", bound=Action)

ROOTS = ("context", "jobs", "scopes", "user", "now")

MOST_TEXT = 4_000_000
"""Characters that the templates of one value of a node bring, all together."""

ROUND = ("item", "index")
"""What a loop has to say of its round."""

_USER = ("id", "username", "nickname")
# What `$context` has, and the members of those members; None where they differ from workflow to workflow.
_CONTEXT: Mapping[str, tuple[str, ...] | None] = MappingProxyType(
    {
        "data": None,
        "previous": None,
        "changed": None,
        "action": (),
        "collection": (),
        "association": (),
        "user": _USER,
        "roleName": (),
        "event": ("id", "at"),
        "request": ("id",),
    }
)
_LISTS = {Takes.VALUES, Takes.PAIR, Takes.TEXTS, Takes.PERIODS}
_LISTED = {name for name, operator in OPERATORS.items() if operator.takes in _LISTS}


class Known(Struct, frozen=True):
    """What a document may refer to at one place.

    `collection` is the trigger's, None where the trigger could not be read; `appends` the relations it loads; `jobs`
    the keys of the nodes that may have run before this place, `loops` those of the loops around it, `inside` those of
    the nodes in the branches of this one. `secrets` are those that requests may show, None where that is not asked.
    """

    collections: Collections
    collection: str | None = None
    appends: tuple[str, ...] = ()
    jobs: frozenset[str] = frozenset()
    loops: tuple[str, ...] = ()
    inside: frozenset[str] = frozenset()
    secrets: Secrets | None = None

    def fault(self, root: str, names: tuple[str, ...]) -> str | None:
        """Why there is no such variable, or None. `root` is written without the `$` of templates."""
        match root:
            case "context":
                return self._context(names)
            case "jobs":
                return self._jobs(names)
            case "user":
                return self._context(("user", *names))
            case "scopes":
                return self._scopes(names)
            case "now":
                return "'now' is a time and has no members." if names else None
        return f"'{root}' is not a variable.{did_you_mean(root, ROOTS)}"

    def _context(self, names: tuple[str, ...]) -> str | None:
        if not names:
            return None
        head, *rest = names
        if head not in _CONTEXT:
            return f"'{head}' is not in the context.{did_you_mean(head, _CONTEXT)}"
        if head in ("data", "previous") and self.collection:
            appends = self.appends if head == "data" else ()
            return self._record(self.collections[self.collection], tuple(rest), appends)
        members = _CONTEXT[head]
        if members is None or not rest:
            return None
        if rest[0] not in members:
            return f"'{head}' has no member '{rest[0]}'.{did_you_mean(rest[0], members)}"
        return f"'{rest[0]}' of '{head}' has no members." if rest[1:] else None

    def _jobs(self, names: tuple[str, ...]) -> str | None:
        if not names:
            return "Name the node whose result is meant, as in 'jobs.node_key'."
        if names[0] not in self.jobs:
            return f"No node before this one has the key '{names[0]}'.{did_you_mean(names[0], self.jobs)}"
        return None

    def _scopes(self, names: tuple[str, ...]) -> str | None:
        if not self.loops:
            return "'scopes' is empty here: no loop is around this node."
        if not names:
            return "Name the loop whose round is meant, as in 'scopes.loop_key.item'."
        loop, *rest = names
        if loop not in self.loops:
            return f"No loop around this node has the key '{loop}'.{did_you_mean(loop, self.loops)}"
        if rest and rest[0] not in ROUND:
            return f"'{loop}' has no member '{rest[0]}'.{did_you_mean(rest[0], ROUND)}"
        return "'index' is a number and has no members." if rest[1:] and rest[0] == "index" else None

    def _record(
        self, collection: Collection, names: tuple[str, ...], appends: tuple[str, ...], came: str = ""
    ) -> str | None:
        """`came` is the path of relations that led here from the record, with a dot behind each."""
        if not names:
            return None
        head, *rest = names
        if (field := collection.fields.get(head)) and not field.secret:
            if rest and field.kind is not FieldKind.JSON:
                return f"'{head}' of '{collection.name}' is a value of type {field.kind} and has no members."
            return None
        relation = collection.relations.get(head)
        if relation is None:
            known = [*(field.name for field in collection.readable), *collection.relations]
            return f"'{head}' is not a field of '{collection.name}'.{did_you_mean(head, known)}"
        if not any(f"{append}.".startswith(f"{came}{head}.") for append in appends):
            return (
                f"'{came}{head}' is not loaded with the record: name it in the trigger's 'appends', if it is its own."
            )
        if relation.kind.to_many and rest:
            if not rest[0].isdecimal():
                return f"'{head}' of '{collection.name}' is a list: name an item by its number, from 0."
            rest = rest[1:]
        return self._record(self.collections[relation.target], tuple(rest), appends, f"{came}{head}.")


class Scope(Struct, frozen=True):
    """The values of the variables at one node of a run. `jobs` holds the results of the nodes that ran, by key, and
    `scopes` the rounds of the loops around it.

    `stable_key` names this run of the node, `installation:execution:path`: the same after a crash, and over retries.
    `awaited`: somebody waits for the end of the run. `allow` narrows actions to what its caller may do, where it acts
    for them.
    """

    context: Mapping[str, Any]
    jobs: Mapping[str, Any]
    now: datetime
    stable_key: str = ""
    scopes: Mapping[str, Any] = field(default_factory=dict)
    awaited: bool = False
    allow: Allow | None = None

    def allowed(self, action: Asked) -> Asked:
        """The action with the rights of the run: the service's own, or its caller's; raises what refuses them."""
        return cast(Asked, self.allow(action)) if self.allow else action

    @property
    def user(self) -> Mapping[str, Any] | None:
        """Who caused the run, None when nobody did."""
        user: Mapping[str, Any] | None = self.context.get("user")
        return user

    def fill(self, value: Any) -> Any:
        """A JSON value with its templates filled in. What a template brings is data and is not looked into again.

        Raises `Refusal` where that is more than `MOST_TEXT`, as the others do.
        """
        return self._fill(value, _Room())

    def fill_text(self, text: str) -> str:
        """A template as text, also when it is one variable."""
        return written(self._fill_text(text, _Room()))

    def fill_filter(self, value: Any) -> Any:
        """A filter with its templates filled in, each as a literal: no data can become an operator.

        Raises `Refusal` for a template that brings an object, or a list below an operator that takes none.
        """
        return self._fill_filter(value, ("filter",), _Room())

    def _fill(self, value: Any, room: "_Room") -> Any:
        if isinstance(value, str):
            return self._fill_text(value, room)
        if isinstance(value, Mapping):
            return {name: self._fill(member, room) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return [self._fill(item, room) for item in value]
        return value

    def _fill_filter(self, value: Any, path: Path, room: "_Room") -> Any:
        if isinstance(value, Mapping):
            return {name: self._fill_filter(member, (*path, name), room) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return [self._fill_filter(item, (*path, index), room) for index, item in enumerate(value)]
        filled = self._fill(value, room)
        listed = filled if isinstance(filled, list | tuple) and path[-1] in _LISTED else [filled]
        if any(isinstance(item, Mapping | list | tuple) for item in listed):
            message = f"'{value}' is not a single value, so it cannot be compared with."
            raise refuse(Code.BAD_FILTER, message, *path)
        return filled

    def _fill_text(self, text: str, room: "_Room") -> Any:
        if "{{" not in text:
            return text
        parts = parse(text)
        if len(parts) == 1:
            value = self._value(parts[0])
            room.take(written(value))
            return value
        return "".join(room.take(written(self._value(part))) for part in parts)

    def _value(self, part: Any) -> Any:
        """Members of objects by name and items of lists by number; whatever is missing is null."""
        if isinstance(part, str):
            return part
        assert isinstance(part, Variable), "templates are checked when the document is saved"
        value = self._root(part.root)
        for name in part.names:
            if isinstance(value, Mapping):
                value = value.get(name)
            elif isinstance(value, list | tuple) and name.isdecimal() and int(name) < len(value):
                value = value[int(name)]
            else:
                return None
        return value

    def _root(self, name: str) -> Any:
        match name:
            case "context":
                return self.context
            case "jobs":
                return self.jobs
            case "scopes":
                return self.scopes
            case "user":
                return self.user
            case "now":
                return render(self.now)
        return None


class _Room:
    """What the templates of one value may still bring. A document and a record are small, and their product is not."""

    def __init__(self) -> None:
        self._left = MOST_TEXT

    def take(self, text: str) -> str:
        self._left -= len(text)
        if self._left < 0:
            raise refuse(Code.BAD_VALUE, f"Its templates bring more than {MOST_TEXT:,} characters.")
        return text


def written(value: Any) -> str:
    """A JSON value inside of text: null is nothing, text as it is, everything else as JSON.

    >>> written(None), written("a"), written(True), written({"a": [1]})
    ('', 'a', 'true', '{"a": [1]}')
    """
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
