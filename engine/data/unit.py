"""The unit of work: what is written together, and what waits for its commit."""

import contextvars
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connections
from tortoise.transactions import in_transaction

_waiting: contextvars.ContextVar[list[Callable[[], None]] | None] = contextvars.ContextVar("waiting", default=None)


@asynccontextmanager
async def unit_of_work() -> AsyncIterator[None]:
    """Everything written inside is committed together at the end, or not at all when an exception leaves.

    A unit inside a unit joins it as a savepoint: its failure undoes its own part and may be caught. Never start a
    task inside (it would inherit the connection and vanish with somebody else's rollback; see `outside_unit`), and
    never call the network.
    """
    outer = _waiting.get()
    if outer is None:
        waiting: list[Callable[[], None]] = []
        token = _waiting.set(waiting)
        try:
            async with in_transaction():
                yield
        finally:
            _waiting.reset(token)
        for callback in waiting:
            callback()
        return
    kept = len(outer)
    try:
        async with in_transaction():
            yield
    except BaseException:
        del outer[kept:]
        raise


async def take_turns(about: str) -> None:
    """Inside a unit: wait until no other one that takes turns about the same is open, in whichever process.

    For what reads first and writes what follows from it. On SQLite every unit takes turns with every other.
    """
    assert _waiting.get() is not None, "a turn ends with the unit"
    if connection().capabilities.dialect == "postgres":
        await connection().execute_query("SELECT pg_advisory_xact_lock(hashtext($1))", [f"bangpath {about}"])


def connection() -> BaseDBAsyncClient:
    """The client of the one database that is open; inside a unit, of its transaction."""
    [client] = get_connections().all()
    return client


def after_commit(callback: Callable[[], None]) -> None:
    """Call `callback` after the outermost unit has committed, never after a rollback; at once outside a unit."""
    waiting = _waiting.get()
    if waiting is None:
        callback()
    else:
        waiting.append(callback)


def is_inside_unit() -> bool:
    """Whether a unit is open around the caller."""
    return _waiting.get() is not None


def outside_unit() -> contextvars.Context:
    """A context to start tasks in: it knows no unit and no transaction."""
    return contextvars.Context()
