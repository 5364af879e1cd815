"""The values a door makes of a request: what is wanted, by whom, with nothing of HTTP or GraphQL left in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import Struct

from engine.errors import Complaint

if TYPE_CHECKING:
    from engine.data.collections import Collections
    from engine.data.views import Views

Values: TypeAlias = Mapping[str, Any]
"""Field names as on the wire (camelCase) and JSON values."""


class Actor(Struct, frozen=True):
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


class Repetition(Struct, frozen=True):
    """What makes two requests the same one.

    `scope` is user, role, route and the caller's key; `fingerprint` all that the request says; `rights` what the role
    may do; `field` tells the writes of one GraphQL request apart.
    """

    scope: str
    fingerprint: str
    rights: str = ""
    field: str = ""


class Terms(Struct, frozen=True):
    """How a write is to be carried out, besides what it does.

    A `repetition` is answered as the first time. `wait` are seconds to wait for everything that the write starts, None
    for its sync workflows alone, as long as the settings say.
    """

    repetition: Repetition | None = None
    wait: float | None = None


PLAIN = Terms()
"""Those of a request that asks for nothing in particular."""


class WorkflowRef(Struct, frozen=True):
    """A workflow named by a caller, and the relation path to hand it.

    `fault` says why the text was not of the grammar; the check of references reports it with all other complaints.
    """

    key: str
    path: tuple[str, ...] = ()
    fault: str | None = None


class Selection(Struct, frozen=True):
    """Which part of a record is wanted. Names may be dotted paths; None for `fields` means every readable column."""

    fields: tuple[str, ...] | None = None
    except_: tuple[str, ...] = ()
    appends: tuple[str, ...] = ()


class Owner(Struct, frozen=True):
    """The record whose relation an action goes through: one of `collection`, by its key."""

    collection: str
    key: Any
    relation: str


class Rights(Struct, frozen=True):
    """What a role may do in the collections that an action reaches, as sets of their names.

    `trigger` has the keys of the workflows it may name, None for all. `views` are the collections as the role sees
    them, None where nothing of those that it may reach is hidden.
    """

    read: frozenset[str] = frozenset()
    create: frozenset[str] = frozenset()
    update: frozenset[str] = frozenset()
    trigger: frozenset[str] | None = frozenset()
    views: Views | None = None


class Action(Struct, frozen=True, kw_only=True):
    """What every action has.

    With an `owner` it is about those records of the collection alone that hang on it. `complaints` are those of the
    door's own syntax, reported with the rest. `rights` are given by the permission gate; None is the service's own
    power (a workflow that runs as system). `zone` is where the days of date operators begin.
    """

    collection: str
    owner: Owner | None = None
    complaints: tuple[Complaint, ...] = ()
    rights: Rights | None = None
    zone: tzinfo = UTC

    @property
    def readable(self) -> frozenset[str] | None:
        """The collections that may be read, None for all."""
        return None if self.rights is None else self.rights.read

    def may_read(self, collection: str) -> bool:
        return self.rights is None or collection in self.rights.read

    def may_create(self, collection: str) -> bool:
        return self.rights is None or collection in self.rights.create

    def may_update(self, collection: str) -> bool:
        return self.rights is None or collection in self.rights.update

    def seen(self, whole: Collections) -> Collections:
        """The collections as the role may read them."""
        views = self.rights.views if self.rights else None
        return views.read if views else whole

    def written(self, whole: Collections, verb: Literal["create", "update", "destroy"]) -> Collections:
        """The collections as the role may write them."""
        views = self.rights.views if self.rights else None
        written: Collections = getattr(views, verb) if views else whole
        return written

    def may_trigger(self, key: str) -> bool:
        return self.rights is None or self.rights.trigger is None or key in self.rights.trigger


class ListRecords(Action, frozen=True, kw_only=True):
    """A page of records; `sort` names fields, a leading `-` for descending; `page` counts from 1."""

    filter: Values | None = None
    sort: tuple[str, ...] = ()
    page: int = 1
    page_size: int = 20
    paginate: bool = True
    selection: Selection = Selection()


class CountRecords(Action, frozen=True, kw_only=True):
    """How many records a filter finds."""

    filter: Values | None = None


class GetRecord(Action, frozen=True, kw_only=True):
    """One record, by key or as the first that a filter finds."""

    key: Any = None
    filter: Values | None = None
    selection: Selection = Selection()


class LoadRelated(Action, frozen=True, kw_only=True):
    """The records that hang on others by one relation, for several parents at once (GraphQL's loaders)."""

    relation: str
    keys: tuple[Any, ...]


class Write(Action, frozen=True, kw_only=True):
    """What every write has. A `dry_run` is undone when all is done, just before it would be committed."""

    workflows: tuple[WorkflowRef, ...] = ()
    selection: Selection = Selection()
    dry_run: bool = False


class WriteValues(Write, frozen=True, kw_only=True):
    """What writes of values have.

    `update_associations` are paths of relations: of records that are linked through them, the other values are
    written too. Of the values, those of the `whitelist` alone are taken, and none of the `blacklist`.
    """

    update_associations: tuple[str, ...] = ()
    whitelist: tuple[str, ...] | None = None
    blacklist: tuple[str, ...] = ()


class CreateRecords(WriteValues, frozen=True, kw_only=True):
    """New records, all or none. `many` says whether the caller sent a list."""

    values: tuple[Values, ...]
    many: bool = False


class UpdateRecords(WriteValues, frozen=True, kw_only=True):
    """New values for the records with these keys, or for all that the filter finds."""

    values: Values
    keys: tuple[Any, ...] = ()
    filter: Values | None = None


class FindOrCreate(WriteValues, frozen=True, kw_only=True):
    """One record that has these values in the columns `filter_keys`, new if there is none."""

    values: Values
    filter_keys: tuple[str, ...] = ()


class FirstOrCreateRecord(FindOrCreate, frozen=True, kw_only=True):
    """One that is there stays as it is."""


class UpdateOrCreateRecord(FindOrCreate, frozen=True, kw_only=True):
    """One that is there is given the other values."""


class DestroyRecords(Write, frozen=True, kw_only=True):
    """The end of the records with these keys, or of all that the filter finds."""

    keys: tuple[Any, ...] = ()
    filter: Values | None = None


class LinkMode(StrEnum):
    """What becomes of the records that hang on one: `toggle` links what is not linked and unlinks what is."""

    ADD = "add"
    SET = "set"
    REMOVE = "remove"
    TOGGLE = "toggle"


class LinkRecords(Action, frozen=True, kw_only=True):
    """Other records to hang on the owner. `keys` None means that none were named, which is not an empty list."""

    mode: LinkMode
    keys: tuple[Any, ...] | None = None
    dry_run: bool = False
