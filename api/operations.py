"""The actions on records: parameters and body → the action value → the resolver → the answer."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from api import answers, params
from api.answers import Body
from api.params import Params
from api.shapes import answers as shapes
from api.shapes import records
from api.shapes.components import Shape, anything
from engine.actions import (
    Action,
    CountRecords,
    CreateRecords,
    DestroyRecords,
    FindOrCreate,
    FirstOrCreateRecord,
    GetRecord,
    ListRecords,
    Owner,
    UpdateOrCreateRecord,
    UpdateRecords,
)
from engine.errors import Code, Complaint
from engine.outcomes import Written
from schema.context import Context


class Resolve(Protocol):
    """The resolver that both doors share."""

    async def __call__(self, context: Context, action: Action) -> Any: ...


class Asked(Struct, frozen=True):
    """One request, read. `owner` is the record whose relation the path names."""

    context: Context
    collection: str
    params: Params
    values: Any
    resolve: Resolve
    owner: Owner | None = None

    @property
    def subject(self) -> dict[str, Any]:
        """What every action has."""
        return {"collection": self.collection, "owner": self.owner, "complaints": self.params.complaints}

    @property
    def written(self) -> dict[str, Any]:
        """What every write of values has."""
        given = self.params
        return {
            **self.subject,
            "workflows": given.workflows,
            "selection": given.selection,
            "dry_run": given.dry_run,
            "update_associations": given.update_associations,
            "whitelist": given.whitelist,
            "blacklist": given.blacklist,
        }


Run: TypeAlias = Callable[[Asked], Awaitable[Body]]


class Operation(Struct, frozen=True):
    """What can be asked of a resource.

    `methods` are those of the spelling with a colon; `open` needs no token; the table of routes fills in the `name`,
    such as `posts:list`. The rest is for the document that describes it: what it is `about`, the `body` that it takes,
    None for none, and the `answer` it gives.
    """

    run: Run
    methods: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    about: str = ""
    body: Shape | None = None
    answer: Shape = anything
    open: bool = False
    name: str = ""

    @property
    def takes_body(self) -> bool:
        return self.body is not None

    @property
    def writes(self) -> bool:
        return "GET" not in self.methods


Operations: TypeAlias = Mapping[str, Operation]
"""Those of one resource, by the action's name."""


def reading(run: Run, *parameters: str, about: str, answer: Shape) -> Operation:
    """An operation that changes nothing."""
    return Operation(run, ("GET", "POST"), parameters, about, None, answer)


def writing(run: Run, *parameters: str, about: str, body: Shape | None, answer: Shape) -> Operation:
    """An operation that may change something, so that no link and no image can ask for it."""
    return Operation(run, ("POST",), parameters, about, body, answer)


async def list_records(asked: Asked) -> Body:
    return answers.page(await asked.resolve(asked.context, listing(asked)), paginate=asked.params.paginate)


def listing(asked: Asked) -> ListRecords:
    """The page that is asked for."""
    given = asked.params
    return ListRecords(
        **asked.subject,
        filter=given.filter,
        sort=given.sort,
        page=given.page,
        page_size=given.page_size,
        paginate=given.paginate,
        selection=given.selection,
    )


async def _count(asked: Asked) -> Body:
    action = CountRecords(**asked.subject, filter=asked.params.filter)
    return answers.data(await asked.resolve(asked.context, action))


async def _get(asked: Asked) -> Body:
    given = asked.params
    key = given.keys[0] if given.keys else None
    action = GetRecord(**asked.subject, key=key, filter=given.filter, selection=given.selection)
    if len(given.keys) > 1:
        several = Complaint(Code.BAD_KEY, "A get is of one record: give one key.", ("filterByTk",))
        action = replace(action, complaints=(*action.complaints, several))
    return answers.data(await asked.resolve(asked.context, action))


async def _create(asked: Asked) -> Body:
    many = isinstance(asked.values, list)
    values = tuple(asked.values) if many else (asked.values,)
    outcome = await asked.resolve(asked.context, CreateRecords(**asked.written, values=values, many=many))
    return _answer(asked, outcome, outcome.records if many else outcome.records[0])


async def _update(asked: Asked) -> Body:
    given = asked.params
    action = UpdateRecords(**asked.written, values=asked.values, keys=given.keys, filter=given.filter)
    outcome = await asked.resolve(asked.context, action)
    return _answer(asked, outcome, outcome.records)


def _find_or_create(kind: type[FindOrCreate]) -> Run:
    async def find_or_create(asked: Asked) -> Body:
        action = kind(**asked.written, values=asked.values, filter_keys=asked.params.filter_keys)
        outcome = await asked.resolve(asked.context, action)
        return _answer(asked, outcome, outcome.records[0])

    return find_or_create


async def _destroy(asked: Asked) -> Body:
    given = asked.params
    action = DestroyRecords(
        **asked.subject, keys=given.keys, filter=given.filter, workflows=given.workflows, dry_run=given.dry_run
    )
    outcome = await asked.resolve(asked.context, action)
    return _answer(asked, outcome, outcome.count)


def _answer(asked: Asked, outcome: Written, value: Any) -> Body:
    return answers.written(value, outcome, named=bool(asked.params.workflows))


READS: Operations = MappingProxyType(
    {
        "list": reading(list_records, *params.LIST, about="A page of records", answer=shapes.page),
        "get": reading(
            _get, *params.GET, about="A record, by its key or as the first found", answer=shapes.data(records.record)
        ),
        "count": reading(_count, *params.COUNT, about="How many records there are", answer=shapes.data(shapes.number)),
    }
)

RECORDS: Operations = MappingProxyType(
    {
        **READS,
        "create": writing(
            _create,
            *params.CREATE,
            about="Create a record, or several",
            body=records.one_or_many_new,
            answer=shapes.written(shapes.one_or_many),
        ),
        "update": writing(
            _update,
            *params.UPDATE,
            about="Give records new values, by key or filter",
            body=records.changes,
            answer=shapes.written(shapes.listed(records.record)),
        ),
        "firstOrCreate": writing(
            _find_or_create(FirstOrCreateRecord),
            *params.FIND_OR_CREATE,
            about="The record with these values, created if there is none",
            body=records.new,
            answer=shapes.written(records.record),
        ),
        "updateOrCreate": writing(
            _find_or_create(UpdateOrCreateRecord),
            *params.FIND_OR_CREATE,
            about="Give the record with these values new ones, or create it",
            body=records.new,
            answer=shapes.written(records.record),
        ),
        "destroy": writing(
            _destroy,
            *params.DESTROY,
            about="End records, by key or filter",
            body=None,
            answer=shapes.written(shapes.number),
        ),
    }
)
