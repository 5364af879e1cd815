"""The actions on records: parameters and body → the action value → the resolver → the answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from api import answers, params
from api.answers import Body
from api.params import Params
from api.shapes import answers as shapes
from api.shapes import records
from api.shapes.components import Shape, anything
from engine.actions import Action, CountRecords, CreateRecords, DestroyRecords, GetRecord, ListRecords, UpdateRecords
from engine.errors import Code, Complaint
from schema.context import Context


class Resolve(Protocol):
    """The resolver that both doors share."""

    async def __call__(self, context: Context, action: Action) -> Any: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, read. `owner` is the key of the record whose relation the path names."""

    context: Context
    collection: str
    params: Params
    values: Any
    resolve: Resolve
    owner: str | None = None


Run: TypeAlias = Callable[[Asked], Awaitable[Body]]


@dataclass(frozen=True, slots=True)
class Operation:
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


Operations: TypeAlias = Mapping[str, Operation]
"""Those of one resource, by the action's name."""


def reading(run: Run, *parameters: str, about: str, answer: Shape) -> Operation:
    """An operation that changes nothing."""
    return Operation(run, ("GET", "POST"), parameters, about, None, answer)


def writing(run: Run, *parameters: str, about: str, body: Shape | None, answer: Shape) -> Operation:
    """An operation that may change something, so that no link and no image can ask for it."""
    return Operation(run, ("POST",), parameters, about, body, answer)


async def list_records(asked: Asked) -> Body:
    given = asked.params
    action = ListRecords(
        collection=asked.collection,
        complaints=given.complaints,
        filter=given.filter,
        sort=given.sort,
        page=given.page,
        page_size=given.page_size,
        paginate=given.paginate,
        selection=given.selection,
    )
    return answers.page(await asked.resolve(asked.context, action), paginate=given.paginate)


async def _count(asked: Asked) -> Body:
    given = asked.params
    action = CountRecords(collection=asked.collection, complaints=given.complaints, filter=given.filter)
    return answers.data(await asked.resolve(asked.context, action))


async def _get(asked: Asked) -> Body:
    given = asked.params
    action = GetRecord(
        collection=asked.collection,
        complaints=(*given.complaints, *_not_one(given)),
        key=given.keys[0] if given.keys else None,
        filter=given.filter,
        selection=given.selection,
    )
    return answers.data(await asked.resolve(asked.context, action))


async def _create(asked: Asked) -> Body:
    given, many = asked.params, isinstance(asked.values, list)
    action = CreateRecords(
        collection=asked.collection,
        complaints=given.complaints,
        values=tuple(asked.values) if many else (asked.values,),
        many=many,
        workflows=given.workflows,
        selection=given.selection,
    )
    outcome = await asked.resolve(asked.context, action)
    return answers.written(outcome.records if many else outcome.records[0], outcome, named=bool(given.workflows))


async def _update(asked: Asked) -> Body:
    given = asked.params
    action = UpdateRecords(
        collection=asked.collection,
        complaints=given.complaints,
        values=asked.values,
        keys=given.keys,
        filter=given.filter,
        workflows=given.workflows,
        selection=given.selection,
    )
    outcome = await asked.resolve(asked.context, action)
    return answers.written(outcome.records, outcome, named=bool(given.workflows))


async def _destroy(asked: Asked) -> Body:
    given = asked.params
    action = DestroyRecords(
        collection=asked.collection,
        complaints=given.complaints,
        keys=given.keys,
        filter=given.filter,
        workflows=given.workflows,
    )
    outcome = await asked.resolve(asked.context, action)
    return answers.written(outcome.count, outcome, named=bool(given.workflows))


def _not_one(given: Params) -> list[Complaint]:
    """What keeps a get from meaning one record."""
    if len(given.keys) > 1:
        return [Complaint(Code.BAD_KEY, "A get is of one record: give one key.", ("filterByTk",))]
    if not given.keys and given.filter is None:
        return [Complaint(Code.REQUIRED, "Say which record: by its key, or by a filter.", ("filterByTk",))]
    return []


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
        "destroy": writing(
            _destroy,
            *params.DESTROY,
            about="End records, by key or filter",
            body=None,
            answer=shapes.written(shapes.number),
        ),
    }
)
