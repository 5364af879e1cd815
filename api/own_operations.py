"""What the actions on what the service itself has are made of: how one is read, and what it answers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from api import answers
from api.answers import Body
from api.operations import Asked, Operation, Run, reading, writing
from api.shapes import answers as shapes
from api.shapes import records
from api.shapes.components import Shape
from engine.data.filters import did_you_mean
from engine.errors import Code, Complaint, raise_for, refuse
from engine.outcomes import Record
from schema.context import Context

Create: TypeAlias = Callable[[Context, Any], Awaitable[Record]]
Update: TypeAlias = Callable[[Context, Any, Any], Awaitable[Record]]
Destroy: TypeAlias = Callable[[Context, Any], Awaitable[int]]
Ask: TypeAlias = Callable[[Context], Awaitable[Any]]


def asks(ask: Ask, about: str, answer: Shape) -> Operation:
    async def run(asked: Asked) -> Body:
        raise_for(asked.params.complaints)
        return answers.data(await ask(asked.context))

    return reading(run, about=about, answer=shapes.data(answer))


def creates(create: Create, answer: Shape = records.record) -> Operation:
    async def run(asked: Asked) -> Body:
        raise_for(asked.params.complaints)
        return answers.data(await create(asked.context, asked.values))

    return writing(run, about="Create one", body=records.new, answer=shapes.data(answer))


def updates(update: Update, answer: Shape = records.record) -> Operation:
    async def run(asked: Asked) -> Body:
        key = key_of(asked)
        raise_for(asked.params.complaints)
        return answers.data([await update(asked.context, key, asked.values)])

    return keyed(run, about="Give one new values", body=records.changes, answer=shapes.listed(answer))


def destroys(destroy: Destroy) -> Operation:
    async def run(asked: Asked) -> Body:
        key = key_of(asked)
        raise_for(asked.params.complaints)
        return answers.data(await destroy(asked.context, key))

    return keyed(run, about="End one", body=None, answer=shapes.number)


def keyed(run: Run, *parameters: str, about: str, body: Shape | None, answer: Shape) -> Operation:
    return writing(run, "filterByTk", *parameters, about=about, body=body, answer=shapes.data(answer))


def key_of(asked: Asked) -> str:
    """The one key of an action that is about one of ours; a filter never chooses those."""
    keys = asked.params.keys
    assert keys, "who gives none was told so"
    if len(keys) > 1:
        raise refuse(Code.BAD_KEY, f"The {asked.collection} are written one by one: give one key.", "filterByTk")
    return keys[0]


def members_of(asked: Asked, *known: str) -> Mapping[str, Any]:
    """The members of a body that is no record."""
    complaints = list(asked.params.complaints)
    values = asked.values
    if not isinstance(values, dict):
        complaints.append(Complaint(Code.BAD_VALUE, f"The body is an object of {', '.join(known) or 'nothing'}."))
        values = {}
    for name in values:
        if name not in known:
            message = f"'{name}' is not known here.{did_you_mean(name, known)}"
            complaints.append(Complaint(Code.UNKNOWN_FIELD, message, (name,)))
    raise_for(complaints)
    return values
