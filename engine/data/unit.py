"""The unit of work: what is written together, and what waits for its commit."""

import contextvars
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connections
from tortoise.transactions import in_transaction

_after: contextvars.ContextVar[list[Callable[[], None]] | None] = contextvars.ContextVar("after", default=None)
"""What the outermost unit has to do behind its commit."""


@asynccontextmanager
async def unit_of_work() -> AsyncIterator[None]:
    """Everything written inside is committed together at the end, or not at all when an exception leaves.

    A unit inside a unit joins it as a savepoint: its failure undoes its own part and may be caught. Never start a
    task inside (it would inherit the connection and vanish with somebody else's rollback; see `outside_unit`), and
    never call the network.
    """
    outer = _after.get()
    if outer is None:
        callbacks: list[Callable[[], None]] = []
        token = _after.set(callbacks)
        try:
            async with in_transaction():
                yield
        finally:
            _after.reset(token)
        for callback in callbacks:
            callback()
        return
    before = len(outer)
    try:
        async with in_transaction():
            yield
    except BaseException:
        del outer[before:]
        raise


async def take_turns(about: str, *, patiently: bool = False) -> None:
    """Inside a unit: wait until no other one that takes turns about the same is open, in whichever process.

    For what reads first and writes what follows from it. On SQLite every unit takes turns with every other. Who waits
    `patiently` waits for as long as the others take, and so does all that follows in the unit.
    """
    assert _after.get() is not None, "a turn ends with the unit"
    if connection().capabilities.dialect == "postgres":
        if patiently:
            await connection().execute_script("SET LOCAL lock_timeout = 0")
        await connection().execute_query("SELECT pg_advisory_xact_lock(hashtext($1))", [f"bangpath {about}"])


def connection() -> BaseDBAsyncClient:
    """The client of the one database that is open; inside a unit, of its transaction."""
    [client] = get_connections().all()
    return client


def after_commit(callback: Callable[[], None]) -> None:
    """Call `callback` after the outermost unit has committed, never after a rollback; at once outside a unit."""
    callbacks = _after.get()
    if callbacks is None:
        callback()
    else:
        callbacks.append(callback)


def is_inside_unit() -> bool:
    """Whether a unit is open around the caller."""
    return _after.get() is not None


def outside_unit() -> contextvars.Context:
    """A context to start tasks in: it knows no unit and no transaction."""
    return contextvars.Context()
