"""The actions on what the service itself has: signing in, users, roles, workflows and their executions."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeAlias

from api import answers, params
from api.answers import Body
from api.operations import Asked, Operation, Operations, Run, listing, reading, writing
from api.shapes import answers as shapes
from api.shapes import records, system
from api.shapes.components import Shape
from engine.data.filters import did_you_mean
from engine.errors import Code, Complaint, raise_for, refuse
from engine.outcomes import Record
from schema.context import Context
from schema.needs import of_route
from schema.permissions import require
from schema.resolvers import api_keys, collections, history, interventions, roles, sign_in, users, workflows

Create: TypeAlias = Callable[[Context, Any], Awaitable[Record]]
Update: TypeAlias = Callable[[Context, Any, Any], Awaitable[Record]]
Destroy: TypeAlias = Callable[[Context, Any], Awaitable[int]]
Ask: TypeAlias = Callable[[Context], Awaitable[Any]]


async def _sign_in(asked: Asked) -> Body:
    given = _members(asked, "account", "username", "email", "password")
    return answers.data(await sign_in.sign_in(asked.context, **given))


async def _sign_out(asked: Asked) -> Body:
    _members(asked)
    await sign_in.sign_out(asked.context)
    return answers.data(True)


async def _refresh(asked: Asked) -> Body:
    _members(asked)
    return answers.data(await sign_in.refresh(asked.context))


async def _change_password(asked: Asked) -> Body:
    given = _members(asked, "oldPassword", "newPassword")
    changed = await sign_in.change_password(asked.context, given.get("oldPassword"), given.get("newPassword"))
    return answers.data(changed)


async def _list_keys(asked: Asked) -> Body:
    raise_for(asked.params.complaints)
    page = await api_keys.page_of_keys(asked.context, asked.params.page, asked.params.page_size)
    return answers.page(page, paginate=True)


async def _get_key(asked: Asked) -> Body:
    key = _key(asked)
    raise_for(asked.params.complaints)
    return answers.data(await api_keys.get_key(asked.context, key))


async def _create_key(asked: Asked) -> Body:
    raise_for(asked.params.complaints)
    return answers.data(await api_keys.create_key(asked.context, asked.values))


async def _revise_workflow(asked: Asked) -> Body:
    key = _key(asked)
    _members(asked)
    return answers.data(await workflows.revise(asked.context, key))


async def _execute_workflow(asked: Asked) -> Body:
    key = _key(asked)
    given = _members(asked, "data")
    return answers.data(await workflows.execute(asked.context, key, given.get("data")))


async def _destroy_workflow(asked: Asked) -> Body:
    key = _key(asked)
    raise_for(asked.params.complaints)
    return answers.data(await workflows.destroy(asked.context, key, asked.params.every))


async def _cancel_execution(asked: Asked) -> Body:
    key = _key(asked)
    _members(asked)
    return answers.data(await interventions.cancel(asked.context, key))


async def _rerun(asked: Asked) -> Body:
    """By key one, as a record; by filter many, as a list."""
    if asked.params.keys:
        key = _key(asked)
        given = _members(asked, "fromNode", "version")
        again = interventions.rerun(asked.context, key, given.get("fromNode"), given.get("version"))
        return answers.data(await again)
    given = _members(asked, "version")
    return answers.data(await interventions.rerun_many(asked.context, asked.params.filter, given.get("version")))


async def _request(asked: Asked) -> Body:
    key = _key(asked)
    raise_for(asked.params.complaints)
    return answers.data(await history.of_request(asked.context, key))


async def _executions_of_record(asked: Asked) -> Body:
    assert asked.owner is not None, "the path names the record"
    page = await history.of_record(asked.context, asked.owner.collection, asked.owner.key, listing(asked))
    return answers.page(page, paginate=asked.params.paginate)


def _asks(ask: Ask, about: str, answer: Shape) -> Operation:
    async def run(asked: Asked) -> Body:
        raise_for(asked.params.complaints)
        return answers.data(await ask(asked.context))

    return reading(run, about=about, answer=shapes.data(answer))


def _creates(create: Create, answer: Shape = records.record) -> Operation:
    async def run(asked: Asked) -> Body:
        raise_for(asked.params.complaints)
        return answers.data(await create(asked.context, asked.values))

    return writing(run, about="Create one", body=records.new, answer=shapes.data(answer))


def _updates(update: Update, answer: Shape = records.record) -> Operation:
    async def run(asked: Asked) -> Body:
        key = _key(asked)
        raise_for(asked.params.complaints)
        return answers.data([await update(asked.context, key, asked.values)])

    return _keyed(run, about="Give one new values", body=records.changes, answer=shapes.listed(answer))


def _destroys(destroy: Destroy) -> Operation:
    async def run(asked: Asked) -> Body:
        key = _key(asked)
        raise_for(asked.params.complaints)
        return answers.data(await destroy(asked.context, key))

    return _keyed(run, about="End one", body=None, answer=shapes.number)


def _keyed(run: Run, *parameters: str, about: str, body: Shape | None, answer: Shape) -> Operation:
    return writing(run, "filterByTk", *parameters, about=about, body=body, answer=shapes.data(answer))


def _key(asked: Asked) -> str:
    """The one key of an action that is about one of ours; a filter never chooses those."""
    keys = asked.params.keys
    assert keys, "who gives none was told so"
    if len(keys) > 1:
        raise refuse(Code.BAD_KEY, f"The {asked.collection} are written one by one: give one key.", "filterByTk")
    return keys[0]


def _members(asked: Asked, *known: str) -> Mapping[str, Any]:
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


def _gated(name: str, operation: Operation) -> Operation:
    """The operation, which tells who lacks its grant so before what is wrong with how they ask."""
    need = of_route(name)
    if need is None:
        return operation

    async def run(asked: Asked) -> Body:
        if "filterByTk" in operation.parameters:
            _refuse_boundless(asked)
        require(asked.context.actor, *need)
        return await operation.run(asked)

    return replace(operation, run=run)


def _refuse_boundless(asked: Asked) -> None:
    if not asked.params.keys and not asked.params.filter:
        raise refuse(Code.FILTER_REQUIRED, f"Say which of the {asked.collection}: give its key.", "filterByTk")


_OPERATIONS: Mapping[str, Operations] = MappingProxyType(
    {
        "auth": {
            "signIn": replace(
                writing(_sign_in, about="Sign in", body=system.credentials, answer=shapes.data(system.signed_in)),
                open=True,
            ),
            "signOut": writing(
                _sign_out, about="End the token that is shown", body=system.no_members, answer=shapes.data(system.done)
            ),
            "check": _asks(sign_in.check, "Who the token says is asking", system.me),
            "refresh": writing(
                _refresh,
                about="A new token for the one that is shown, which ends",
                body=system.no_members,
                answer=shapes.data(system.new_token),
            ),
            "changePassword": writing(
                _change_password,
                about="Change the password; every token so far ends",
                body=system.passwords,
                answer=shapes.data(system.new_token),
            ),
        },
        "requests": {
            "get": reading(
                _request,
                "filterByTk",
                about="What a request has caused, by its X-Request-Id",
                answer=shapes.data(system.request_history),
            )
        },
        "apiKeys": {
            "list": reading(
                _list_keys,
                "page",
                "pageSize",
                about="Keys for programs, one's own",
                answer=shapes.page_of(system.api_key),
            ),
            "get": reading(_get_key, "filterByTk", about="A key for programs", answer=shapes.data(system.api_key)),
            "create": writing(
                _create_key,
                about="Make a key for a program; it is told this once",
                body=system.new_key,
                answer=shapes.data(system.made_key),
            ),
            "destroy": _destroys(api_keys.destroy_key),
        },
        "collections": {"list": _asks(collections.describe, "What is served", system.described)},
        "roles": {
            "check": _asks(sign_in.check_role, "The role that asks, with what it may do", system.checked_role),
            "create": _creates(roles.create_role),
            "update": _updates(roles.update_role),
            "destroy": _destroys(roles.destroy_role),
        },
        "users": {
            "create": _creates(users.create_user, system.saved_user),
            "update": _updates(users.update_user, system.saved_user),
            "destroy": _destroys(users.destroy_user),
        },
        "workflows": {
            "create": _creates(workflows.create),
            "update": _updates(workflows.update),
            "revision": _keyed(
                _revise_workflow,
                about="A disabled copy of a version, as the next of its key",
                body=system.no_members,
                answer=records.record,
            ),
            "execute": _keyed(
                _execute_workflow,
                about="Run a version by hand; answers the execution",
                body=system.handed,
                answer=shapes.of("executions", records.record),
            ),
            "destroy": _keyed(
                _destroy_workflow,
                "all",
                about="End a version, or all of its key",
                body=None,
                answer=shapes.number,
            ),
        },
        "executions": {
            "cancel": _keyed(
                _cancel_execution,
                about="End one that has not ended yet",
                body=system.no_members,
                answer=records.record,
            ),
            "rerun": _keyed(
                _rerun,
                "filter",
                about="Run again what has ended, as new executions: one by its key, or at most 100 by a filter",
                body=system.again,
                answer=shapes.one_or_many,
            ),
        },
    }
)

SYSTEM: Mapping[str, Operations] = MappingProxyType(
    {
        resource: {action: _gated(f"{resource}:{action}", each) for action, each in operations.items()}
        for resource, operations in _OPERATIONS.items()
    }
)
"""By resource and action, beside the ordinary reads."""

EXECUTIONS = "executions"

HISTORY: Operations = MappingProxyType(
    {
        "list": reading(
            _executions_of_record,
            *params.LIST,
            about="What ran on a record",
            answer=shapes.of(EXECUTIONS, shapes.page),
        )
    }
)
"""What can be asked of the executions of one record, as if they were a relation of it."""
