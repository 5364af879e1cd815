"""The node `update`: gives the records that a filter finds new values."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from engine.actions import UpdateRecords
from engine.workflow.checks import check_conditions, check_values
from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.nodes.base import Done, Effect, Node, Outcome
from engine.workflow.scope import Known, Scope


@dataclass(frozen=True, slots=True)
class UpdateConfig:
    """`filter` and `values` have templates in them."""

    collection: str
    filter: Mapping[str, Any]
    values: Mapping[str, Any]


class Update(Node[UpdateConfig]):
    """Its result is `{"count": n, "keys": […]}`, not the records: there may be many, and the journal keeps results."""

    kind = "update"
    effect = Effect.WRITE

    @classmethod
    def read(
        cls, given: Mapping[str, Any], branches: Set[str], known: Known, complaints: Complaints
    ) -> UpdateConfig | None:
        members = Members(given, complaints)
        members.refuse_others("collection", "filter", "values")
        collection = members.collection(known.collections)
        filter_ = members.object("filter", required=True)
        values = members.object("values", required=True)
        if collection is None:
            return None
        check_conditions(collection, filter_, known, complaints.at("filter"))
        check_values(collection, values, known, complaints.at("values"), creating=False)
        return UpdateConfig(collection.name, filter_, values)

    async def run(self, config: UpdateConfig, scope: Scope) -> Outcome:
        action = UpdateRecords(
            collection=config.collection, values=scope.fill(config.values), filter=scope.fill_filter(config.filter)
        )
        key = self.tools.records.collections[config.collection].key.name
        records, changes = await self.tools.records.update(scope.allowed(action))
        keys = [record[key] for record in records]
        return Done({"count": len(keys), "keys": keys}, changes=changes)

    def input(self, config: UpdateConfig, scope: Scope) -> Any:
        return {
            "collection": config.collection,
            "filter": scope.fill(config.filter),
            "values": scope.fill(config.values),
        }
