"""The unit of work: what is written together, and what waits for its commit."""

import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connections
from tortoise.transactions import in_transaction

Work: TypeAlias = Callable[[list[Any]], Awaitable[None]]


@dataclass(slots=True)
class _Unit:
    """What the outermost unit has to do before its commit, and behind it."""

    before: list[tuple[Work, Any]] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)


_open: contextvars.ContextVar[_Unit | None] = contextvars.ContextVar("open", default=None)


@asynccontextmanager
async def unit_of_work() -> AsyncIterator[None]:
    """Everything written inside is committed together at the end, or not at all when an exception leaves.

    A unit inside a unit joins it as a savepoint: its failure undoes its own part and may be caught. Never start a
    task inside (it would inherit the connection and vanish with somebody else's rollback; see `outside_unit`), and
    never call the network.
    """
    outer = _open.get()
    if outer is None:
        unit = _Unit()
        token = _open.set(unit)
        try:
            async with in_transaction():
                yield
                await _finish(unit)
        finally:
            _open.reset(token)
        for callback in unit.after:
            callback()
        return
    before, after = len(outer.before), len(outer.after)
    try:
        async with in_transaction():
            yield
    except BaseException:
        del outer.before[before:], outer.after[after:]
        raise


async def _finish(unit: _Unit) -> None:
    for work in dict.fromkeys(work for work, _ in unit.before):
        await work([value for each, value in unit.before if each == work])


async def take_turns(about: str, *, patiently: bool = False) -> None:
    """Inside a unit: wait until no other one that takes turns about the same is open, in whichever process.

    For what reads first and writes what follows from it. On SQLite every unit takes turns with every other. Who waits
    `patiently` waits for as long as the others take, and so does all that follows in the unit.
    """
    assert _open.get() is not None, "a turn ends with the unit"
    if connection().capabilities.dialect == "postgres":
        if patiently:
            await connection().execute_script("SET LOCAL lock_timeout = 0")
        await connection().execute_query("SELECT pg_advisory_xact_lock(hashtext($1))", [f"bangpath {about}"])


def connection() -> BaseDBAsyncClient:
    """The client of the one database that is open; inside a unit, of its transaction."""
    [client] = get_connections().all()
    return client


def before_commit(work: Work, value: Any) -> None:
    """Do `work` at the end of the outermost unit, once with all values that it was given there.

    For rows that everybody waits for: they are held for a moment, and in an order that `work` chooses.
    """
    unit = _open.get()
    assert unit is not None, "there is no commit without a unit"
    unit.before.append((work, value))


def after_commit(callback: Callable[[], None]) -> None:
    """Call `callback` after the outermost unit has committed, never after a rollback; at once outside a unit."""
    unit = _open.get()
    if unit is None:
        callback()
    else:
        unit.after.append(callback)


def is_inside_unit() -> bool:
    """Whether a unit is open around the caller."""
    return _open.get() is not None


def outside_unit() -> contextvars.Context:
    """A context to start tasks in: it knows no unit and no transaction."""
    return contextvars.Context()
