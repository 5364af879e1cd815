"""The values a door makes of a request: what is wanted, by whom, with nothing of HTTP or GraphQL left in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from engine.errors import Complaint

Values: TypeAlias = Mapping[str, Any]
"""Field names as on the wire (camelCase) and JSON values."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, in the one role they ask in, with what that role may do.

    `key` is the user's key; `grants` the role's grant document of contract §5; `workflows` the keys the role may
    trigger, None for all of them; `token` the claims of the token shown, if any.
    """

    key: int
    username: str
    nickname: str | None
    role: str
    roles: tuple[str, ...]
    grants: Mapping[str, Any]
    workflows: frozenset[str] | None
    token: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WorkflowRef:
    """A workflow named by a caller, and the relation path to hand it.

    `fault` says why the text was not of the grammar; the check of references reports it with all other complaints.
    """

    key: str
    path: tuple[str, ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of a record is wanted. Names may be dotted paths; None for `fields` means every readable column."""

    fields: tuple[str, ...] | None = None
    except_: tuple[str, ...] = ()
    appends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rights:
    """What a role may do in the collections that an action reaches besides its own, as sets of their names.

    `trigger` has the keys of the workflows it may name, None for all.
    """

    read: frozenset[str] = frozenset()
    create: frozenset[str] = frozenset()
    update: frozenset[str] = frozenset()
    trigger: frozenset[str] | None = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What every action has.

    `complaints` are those of the door's own syntax, reported with the rest. `rights` are given by the permission
    gate; None is the service's own power (a workflow that runs as system).
    """

    collection: str
    complaints: tuple[Complaint, ...] = ()
    rights: Rights | None = None

    def may_read(self, collection: str) -> bool:
        return self.rights is None or collection in self.rights.read

    def may_create(self, collection: str) -> bool:
        return self.rights is None or collection in self.rights.create

    def may_update(self, collection: str) -> bool:
        return self.rights is None or collection in self.rights.update

    def may_trigger(self, key: str) -> bool:
        return self.rights is None or self.rights.trigger is None or key in self.rights.trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRecords(Action):
    """A page of records; `sort` names fields, a leading `-` for descending; `page` counts from 1."""

    filter: Values | None = None
    sort: tuple[str, ...] = ()
    page: int = 1
    page_size: int = 20
    paginate: bool = True
    selection: Selection = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRecords(Action):
    """How many records a filter finds."""

    filter: Values | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetRecord(Action):
    """One record, by key or as the first that a filter finds."""

    key: Any = None
    filter: Values | None = None
    selection: Selection = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRelated(Action):
    """The records that hang on others by one relation, for several parents at once (GraphQL's loaders)."""

    relation: str
    keys: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write(Action):
    """What every write has. `workflows` None means the caller named none."""

    workflows: tuple[WorkflowRef, ...] = ()
    selection: Selection = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRecords(Write):
    """New records, all or none. `many` says whether the caller sent a list."""

    values: tuple[Values, ...]
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRecords(Write):
    """New values for the records with these keys, or for all that the filter finds."""

    values: Values
    keys: tuple[Any, ...] = ()
    filter: Values | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DestroyRecords(Write):
    """The end of the records with these keys, or of all that the filter finds."""

    keys: tuple[Any, ...] = ()
    filter: Values | None = None
