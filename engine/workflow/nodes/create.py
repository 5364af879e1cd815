"""The node `create`: stores a new record."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from engine.actions import CreateRecords
from engine.workflow.checks import check_values
from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.nodes.base import Done, Effect, Node, Outcome
from engine.workflow.scope import Known, Scope


@dataclass(frozen=True, slots=True)
class CreateConfig:
    """`values` are a record's, with templates in them."""

    collection: str
    values: Mapping[str, Any]


class Create(Node[CreateConfig]):
    """Its result is the record as stored. Who caused the run is the record's acting user."""

    kind = "create"
    effect = Effect.WRITE

    @classmethod
    def read(
        cls, given: Mapping[str, Any], branches: Set[str], known: Known, complaints: Complaints
    ) -> CreateConfig | None:
        members = Members(given, complaints)
        members.refuse_others("collection", "values")
        collection = members.collection(known.collections)
        values = members.object("values")
        if collection is None:
            return None
        check_values(collection, values, known, complaints.at("values"), creating=True)
        return CreateConfig(collection.name, values)

    async def run(self, config: CreateConfig, scope: Scope) -> Outcome:
        action = CreateRecords(collection=config.collection, values=(scope.fill(config.values),))
        acting_user = scope.user["id"] if scope.user else None
        [record], changes = await self.tools.records.create(scope.allowed(action), acting_user)
        return Done(record, changes=changes)

    def input(self, config: CreateConfig, scope: Scope) -> Any:
        return {"collection": config.collection, "values": scope.fill(config.values)}
