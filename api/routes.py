"""Which operation a path and a method mean: `/api/{collection}:{action}/{key}` and the plain REST spellings."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import replace

from api.operations import READS, RECORDS, Operation, Operations
from api.relation_operations import LINKS, related_operations
from api.system_operations import SYSTEM
from api.workflow_operations import EXECUTIONS, HISTORY
from engine.actions import Actor
from engine.data.collections import Collections, Relation
from engine.data.filters import did_you_mean
from engine.errors import StartError
from schema.permissions import known_relation, rights
from schema.resolvers.history import has_history

_NAMED = re.compile(r"([^:]+)(?::([^:]+))?")

# Without a key and with one. Of a relation to one record neither list nor key is needed.
_PLAIN: Mapping[bool, Mapping[str, str]] = MappingProxyType(
    {
        False: {"GET": "list", "POST": "create"},
        True: {"GET": "get", "PUT": "update", "PATCH": "update", "DELETE": "destroy"},
    }
)
_PLAIN_SINGLE: Mapping[str, str] = MappingProxyType({"GET": "get", "POST": "create"})


class Target(Struct, frozen=True):
    """What a path names. Of records related to another, `owner` is the collection and the key of that one.

    `action` is None in the plain REST spellings, where the method says it.
    """

    resource: str
    action: str | None = None
    key: str | None = None
    owner: tuple[str, str] | None = None

    @property
    def name(self) -> str | tuple[str, str]:
        return (self.owner[0], self.resource) if self.owner else self.resource


def parse_path(path: str) -> Target | None:
    """What the part of a path behind `/api/` names, None when it is of no known form.

    It is parted while it is still encoded: a slash in a key is part of the key.

    >>> parse_path("posts:get/7")
    Target(resource='posts', action='get', key='7', owner=None)
    >>> parse_path("executions/3/jobs:list")
    Target(resource='jobs', action='list', key=None, owner=('executions', '3'))
    >>> parse_path("coupons:get/a%2Fb").key
    'a/b'
    >>> parse_path("posts:list/"), parse_path("posts//7"), parse_path("posts:get/%FC")
    (None, None, None)
    """
    try:
        parts = [unquote(part, errors="strict") for part in path.split("/")]
    except UnicodeDecodeError:
        return None
    match parts:
        case _ if "" in parts:
            return None
        case [named] | [named, _] as parts:
            return _target(named, parts[1:], None)
        case [collection, owner, named] | [collection, owner, named, _] as parts if ":" not in collection:
            return _target(named, parts[3:], (collection, owner))
    return None


def _target(named: str, key: list[str], owner: tuple[str, str] | None) -> Target | None:
    if not (found := _NAMED.fullmatch(named)):
        return None
    return Target(found.group(1), found.group(2), key[0] if key else None, owner)


class Routes:
    """The table of what is offered, made once at start: it does not grow with the requests nor with their names."""

    def __init__(self, collections: Collections) -> None:
        """Raises `StartError` when a collection of the caller's has the name of a resource of ours."""
        for name in SYSTEM:
            if name in collections and not collections[name].system:
                raise StartError(f"The table '{name}' has the name of a resource of the service: rename it.")
        records = {name: READS if found.system else RECORDS for name, found in collections.items()}
        self._offered: Mapping[str | tuple[str, str], Operations] = {
            **{name: _named(name, records.get(name, {}), SYSTEM.get(name, {})) for name in (*records, *SYSTEM)},
            **{
                (owner.name, relation.name): _named(
                    f"{owner.name}.{relation.name}",
                    related_operations(owner, relation, collections[relation.target]),
                )
                for owner in collections.values()
                for relation in owner.relations.values()
            },
            **{
                (owner.name, EXECUTIONS): _named(f"{owner.name}.{EXECUTIONS}", HISTORY)
                for owner in collections.values()
                if has_history(owner)
            },
        }
        self._collections = collections

    def paths(self) -> Iterator[tuple[Target, Mapping[str, Operation]]]:
        """Every path that means something, with `{owner}` and `{key}` for keys, and its operations by their method."""
        for name, operations in self._offered.items():
            owner, resource = (None, name) if isinstance(name, str) else ((name[0], "{owner}"), name[1])
            for action in (*operations, None):
                for key in (None, "{key}"):
                    target = Target(resource, action, key, owner)
                    offered = self.offered(target)
                    keyed = {method: each for method, each in offered.items() if "filterByTk" in each.parameters}
                    if found := keyed if key else offered:
                        yield target, found

    def absence(self, target: Target | None, sees: Callable[[str], bool]) -> str:
        """Why nothing is offered, with the likely name as long as the caller `sees` the collection that has it."""
        if target is None or target.owner:
            return "There is nothing at this path."
        operations = self._offered.get(target.resource)
        if operations is None:
            seen = [name for name in self._offered if isinstance(name, str) and sees(name)]
            return f"There is no collection '{target.resource}'.{did_you_mean(target.resource, seen)}"
        if target.action is None:
            return "There is nothing at this path."
        return f"'{target.resource}' has no action '{target.action}'.{did_you_mean(target.action, operations)}"

    def offered(self, target: Target) -> Mapping[str, Operation]:
        """The operations at a path by their method; none where nothing is."""
        operations = self._offered.get(target.name, {})
        if operations and target.action is None:
            plain = self._plain(target)
            return {method: operations[action] for method, action in plain.items() if action in operations}
        if operation := operations.get(target.action or ""):
            return dict.fromkeys(operation.methods, operation)
        return {}

    def known(self, offered: Mapping[str, Operation], target: Target | None, actor: Actor) -> Mapping[str, Operation]:
        """Those of the operations at a path that there are for the actor's role: by no relation that is hidden."""
        if target is None or target.owner is None or self._relation(target) is None:
            return offered
        allowed, (owner, _) = rights(actor, self._collections), target.owner

        def is_known(operation: Operation) -> bool:
            linking = operation.name.rpartition(":")[2] in LINKS
            return known_relation(allowed, self._collections, owner, target.resource, linking=linking) is not None

        return {method: operation for method, operation in offered.items() if is_known(operation)}

    def collection(self, target: Target) -> str:
        """The collection, or other resource, that the operations at a path are about."""
        relation = self._relation(target)
        return relation.target if relation else target.resource

    def _plain(self, target: Target) -> Mapping[str, str]:
        """The actions of the plain spellings by their methods."""
        relation = self._relation(target)
        if relation is None or relation.kind.to_many:
            return _PLAIN[target.key is not None]
        return {} if target.key else _PLAIN_SINGLE

    def _relation(self, target: Target) -> Relation | None:
        """The one that the path names; what ran on a record is none."""
        return self._collections[target.owner[0]].relations.get(target.resource) if target.owner else None


def _named(resource: str, *parts: Operations) -> Operations:
    return {
        action: replace(operation, name=f"{resource}:{action}")
        for operations in parts
        for action, operation in operations.items()
    }
