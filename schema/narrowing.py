"""A role's grants → the collections as the role sees them, and as it may write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

from tortoise.expressions import Q

from engine.actions import Actor
from engine.data.collections import Collection, Collections
from engine.data.filters import NOTHING, compile_filter
from engine.data.values import render
from engine.data.views import View, Views, closed, names_of, with_names, with_rows, with_writable, without_comparing
from engine.workflow.templates import Fault, Path, Variable, find, parse


class Verb(StrEnum):
    """What a role can be granted on a collection. `read` covers lists, counts, appends, filters and sorts."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DESTROY = "destroy"


Limits: TypeAlias = Mapping[str, Any]
"""What stands behind a verb in a grant: `fields` and `filter`, empty for neither."""

Granted: TypeAlias = Callable[[Collection, Verb], Limits | None]
"""What a role is granted on a collection; None is nothing."""

FIELDS, FILTER = "fields", "filter"

EXECUTIONS, JOBS = "executions", "jobs"

NO_WORD_OF: Mapping[str, frozenset[str]] = MappingProxyType(
    {EXECUTIONS: frozenset({"output", "messages", "error"}), JOBS: frozenset({"input", "result", "error"})}
)
"""What may have been made of any record that a workflow reaches. Where not all of those may be read it is not told."""

# Of these, nothing comes into what a workflow is handed.
_OURS = (EXECUTIONS, JOBS, "workflows", "roles")

Values: TypeAlias = Mapping[tuple[str, ...], Any]
"""What the variables in the filters of a role stand for, by their names: `("user", "id")`."""


def values_of(actor: Actor) -> Values:
    """What the variables stand for in a request of this actor."""
    return {
        ("user", "id"): actor.key,
        ("user", "username"): actor.username,
        ("now",): render(datetime.now(UTC)),
    }


SAMPLE: Values = {("user", "id"): 1, ("user", "username"): "somebody", ("now",): "2024-01-31T12:00:00.000Z"}
"""Values such as they will be, to check filters with."""


@dataclass(slots=True)
class Narrowing:
    """What a role sees, as far as it is the same for all who hold it: made once for a document.

    The `shape` is for GraphQL: which fields of its types are left out, None before that was asked. `partial` are the
    collections that workflows reach and the role may not read whole.
    """

    whole: Collections
    granted: Granted
    may: Mapping[Verb, frozenset[str]] = field(init=False)
    partial: frozenset[str] = field(init=False)
    shape: frozenset[tuple[str, str]] | None = field(init=False, default=None)
    _filters: Mapping[tuple[Verb, str], Any] = field(init=False)
    _named: dict[tuple[Verb, str], Collection] = field(init=False, default_factory=dict)
    _common: Views | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.may = {verb: frozenset(self._granting(verb)) for verb in Verb}
        self.partial = frozenset(self._partial())
        self._filters = {
            (verb, collection.name): limits[FILTER]
            for collection in self.whole.values()
            for verb in Verb
            if (limits := self.granted(collection, verb)) and FILTER in limits
        }

    def views(self, actor: Actor) -> Views:
        """The views of somebody in the role; where no row is hidden they are those of everybody in it."""
        if self._common is None:
            values = values_of(actor)
            views = Views(*(View(self.whole, self._narrow(verb, values)) for verb in Verb))
            if self._filters:
                return views
            self._common = views
        return self._common

    def hidden(self, collection: Collection, verb: Verb) -> frozenset[str]:
        """The columns and relations of a collection that are not in its view for a verb."""
        return _names(collection) - _names(self._with_names(collection, verb))

    def useless(self) -> Iterator[tuple[str, str]]:
        """The columns and relations that the role neither reads nor writes, each with its collection."""
        for collection in self.whole.values():
            unseen = [self.hidden(collection, verb) for verb in (Verb.READ, Verb.CREATE, Verb.UPDATE)]
            yield from ((collection.name, name) for name in frozenset.intersection(*unseen))

    def _partial(self) -> Iterator[str]:
        for name, collection in self.whole.items():
            limits = self.granted(collection, Verb.READ)
            if name not in _OURS and (limits is None or limits):
                yield name

    def _granting(self, verb: Verb) -> Iterator[str]:
        return (name for name, collection in self.whole.items() if self.granted(collection, verb) is not None)

    def _narrow(self, verb: Verb, values: Values) -> Callable[[Collection], Collection]:
        # Who may not read a record does not learn by changing it whether it is there.
        verbs = (Verb.READ, verb) if verb in (Verb.UPDATE, Verb.DESTROY) else (verb,)

        def narrow(collection: Collection) -> Collection:
            named = self._named.get((verb, collection.name))
            if named is None:
                named = self._named[verb, collection.name] = self._with_names(collection, verb)
            return with_rows(named, named.rows, *(self._rows(collection, each, values) for each in verbs))

        return narrow

    def _with_names(self, collection: Collection, verb: Verb) -> Collection:
        named = self._with_granted(collection, verb)
        if verb is not Verb.READ or not self.partial or collection.name not in NO_WORD_OF:
            return named
        return without_comparing(named, NO_WORD_OF[collection.name] | {"context"})

    def _with_granted(self, collection: Collection, verb: Verb) -> Collection:
        reading = self.granted(collection, Verb.READ)
        readable = frozenset() if reading is None else _names(collection, reading)
        if verb in (Verb.READ, Verb.DESTROY):
            if reading is None:
                return closed(collection) if verb is Verb.READ else with_names(collection, _key(collection))
            return collection if readable == _names(collection) else with_names(collection, readable)
        limits = self.granted(collection, verb)
        writable = frozenset() if limits is None else _names(collection, limits)
        if writable == _names(collection):
            return collection
        return with_writable(with_names(collection, readable | writable | _key(collection)), writable)

    def _rows(self, collection: Collection, verb: Verb, values: Values) -> Callable[[], Q] | None:
        if (given := self._filters.get((verb, collection.name))) is None:
            return None

        def rows() -> Q:
            # A filter that has become wrong, since a model was changed, finds nothing.
            wrong = any(faults(given))
            return NOTHING if wrong else compile_filter(self.whole, collection, fill(given, values))[0]

        return rows


def fill(value: Any, values: Values) -> Any:
    """A filter with values for its variables. What they bring is a literal, never an operator."""
    if isinstance(value, Mapping):
        return {name: fill(member, values) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, values) for item in value]
    if not isinstance(value, str) or "{{" not in value:
        return value
    parts = [values[part.root, *part.names] if isinstance(part, Variable) else part for part in parse(value)]
    return parts[0] if len(parts) == 1 else "".join(str(part) for part in parts)


def faults(value: Any) -> Iterator[tuple[Path, str]]:
    """What is wrong with the templates in a filter, each with its place."""
    for path, parts in find(value):
        for part in parts:
            if isinstance(part, Fault):
                yield path, part.message
            elif isinstance(part, Variable) and (part.root, *part.names) not in SAMPLE:
                known = ", ".join(f"${'.'.join(names)}" for names in SAMPLE)
                yield path, f"There is no variable '${'.'.join((part.root, *part.names))}' here, those are {known}."


def _names(collection: Collection, limits: Limits | None = None) -> frozenset[str]:
    """The columns and relations of a collection, as far as limits name them."""
    known = frozenset([*(column.name for column in collection.readable), *collection.relations])
    if limits is None or FIELDS not in limits:
        return known
    return known & names_of(collection, _listed(limits[FIELDS]))


def _listed(fields: Any) -> Iterable[str]:
    return [name for name in fields if isinstance(name, str)] if isinstance(fields, list | tuple) else ()


def _key(collection: Collection) -> frozenset[str]:
    return frozenset({collection.key.name})
