"""The unit of work: what is written together, and what waits for its commit."""

import contextvars
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connections
from tortoise.transactions import in_transaction

_after: contextvars.ContextVar[list[Callable[[], None]] | None] = contextvars.ContextVar("after", default=None)
"""What the outermost unit has to do behind its commit."""


class unit_of_work(AbstractAsyncContextManager[None]):
    """Everything written inside is committed together at the end, or not at all when an exception leaves.

    A unit inside a unit joins it as a savepoint: its failure undoes its own part and may be caught. Never start a
    task inside (it would inherit the connection and vanish with somebody else's rollback; see `outside_unit`), and
    never call the network.

    A class, since a generator would have to be made known to the loop, and be forgotten by it, for each write.
    """

    async def __aenter__(self) -> None:
        self._transaction = in_transaction()
        await self._transaction.__aenter__()
        outer = _after.get()
        self._is_outermost = outer is None
        self._callbacks = [] if outer is None else outer
        self._before = len(self._callbacks)
        self._token = _after.set(self._callbacks)

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        is_kept = False
        try:
            await self._transaction.__aexit__(kind, error, trace)
            is_kept = error is None
        finally:
            _after.reset(self._token)
            if not is_kept:
                del self._callbacks[self._before :]
        if is_kept and self._is_outermost:
            for callback in self._callbacks:
                callback()


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
