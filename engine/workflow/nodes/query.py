"""The node `query`: looks for a record, or for several."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from engine.actions import ListRecords, Selection
from engine.workflow.checks import check_appends, check_conditions, check_sort
from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.nodes.base import Done, Effect, Node, Outcome
from engine.workflow.scope import Known, Scope

MAX_RECORDS = 200


@dataclass(frozen=True, slots=True)
class QueryConfig:
    """`filter` has templates in it."""

    collection: str
    filter: Mapping[str, Any]
    many: bool
    sort: tuple[str, ...]
    appends: tuple[str, ...]


class Query(Node[QueryConfig]):
    """Its result is the first record or null, with `many` the first 200 as a list."""

    kind = "query"
    effect = Effect.READ

    @classmethod
    def read(
        cls, given: Mapping[str, Any], branches: Set[str], known: Known, complaints: Complaints
    ) -> QueryConfig | None:
        members = Members(given, complaints)
        members.refuse_others("collection", "filter", "many", "sort", "appends")
        collection = members.collection(known.collections)
        filter_ = members.object("filter")
        many = members.flag("many")
        sort, appends = members.names("sort"), members.names("appends")
        if collection is None:
            return None
        check_conditions(collection, filter_, known, complaints.at("filter"))
        check_sort(collection, sort, complaints.at("sort"))
        check_appends(known.collections, collection, appends, complaints.at("appends"))
        return QueryConfig(collection.name, filter_, many, sort, appends)

    async def run(self, config: QueryConfig, scope: Scope) -> Outcome:
        action = ListRecords(
            collection=config.collection,
            filter=scope.fill_filter(config.filter),
            sort=config.sort,
            page_size=MAX_RECORDS if config.many else 1,
            paginate=False,
            selection=Selection(appends=config.appends),
        )
        records = (await self.tools.records.page(scope.allowed(action))).records
        if config.many:
            return Done(records)
        return Done(records[0] if records else None)

    def input(self, config: QueryConfig, scope: Scope) -> Any:
        return {
            "collection": config.collection,
            "filter": scope.fill(config.filter),
            "many": config.many,
            "sort": list(config.sort),
            "appends": list(config.appends),
        }
