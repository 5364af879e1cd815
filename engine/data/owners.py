"""A relation of one record: which records hang on it, and the record itself."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from tortoise.expressions import Q, Subquery
from tortoise.models import Model

from engine.actions import Action, LinkRecords
from engine.data.collections import Collection, Collections, Relation
from engine.data.plans import is_filled, parse_key
from engine.data.relations import RelationKind
from engine.data.values import render
from engine.errors import Code, Complaint, Refusal, refuse


class Related(Struct, frozen=True):
    """The records of `target` that hang by `relation` on the record of `owner` with this key."""

    owner: Collection
    relation: Relation
    target: Collection
    key: Any

    def filter(self) -> Q:
        """Finds them and no others."""
        if is_filled(self.relation):
            return _where(self.relation.reverse_column, self.key)
        column = self.relation.column or f"{self.relation.attribute}__{self.target.key.attribute}"
        return Q(pk__in=Subquery(self.owner.model.filter(pk=self.key).values(column)))

    async def row(self, *, held: bool = False) -> Model:
        """The owner; raises `NOT_FOUND` where there is none. `held`, nobody else changes it before the unit ends."""
        found = self.owner.records(pk=self.key)
        row: Model | None = await (found.select_for_update() if held else found).first()
        if row is None:
            raise not_found(self.owner, render(self.key))
        return row

    async def keys(self) -> list[Any]:
        """The keys of what hangs there now, in order."""
        key = self.target.key.attribute
        found = self.target.records(self.filter()).order_by(key)
        return list(await found.values_list(key, flat=True))

    def taken(self) -> Refusal:
        """The refusal to hang another record where only one can, and one does: nothing is moved silently."""
        message = f"'{self.relation.name}': that record of '{self.owner.name}' is linked to another one already."
        return refuse(Code.UNIQUE_VIOLATION, message, self.relation.name)

    @property
    def is_single(self) -> bool:
        """Whether no more than one record ever hangs there."""
        return not self.relation.kind.to_many

    @property
    def is_reverse_one(self) -> bool:
        return self.relation.kind is RelationKind.ONE_TO_ONE and is_filled(self.relation)


def related_of(collections: Collections, action: Action) -> tuple[Related | None, list[Complaint]]:
    """What an action with an owner is about; None for one without."""
    if action.owner is None:
        return None, []
    # Who may link may not be one who may read: what is linked then is told by its key alone.
    linking = isinstance(action, LinkRecords)
    owner = (action.written(collections, "update") if linking else action.seen(collections))[action.owner.collection]
    relation = owner.relations[action.owner.relation]
    key, complaints = parse_key(owner, action.owner.key, ())
    return Related(owner, relation, action.seen(collections)[relation.target], key), complaints


def not_found(collection: Collection, key: Any) -> Refusal:
    which = "such a record" if key is None else f"record '{key}'"
    return refuse(Code.NOT_FOUND, f"'{collection.name}' has no {which}.")


def _where(lookup: str, value: Any) -> Q:
    given: dict[str, Any] = {lookup: value}
    return Q(**given)
