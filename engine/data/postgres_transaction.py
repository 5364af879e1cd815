"""Transactions on PostgreSQL, by statements of our own."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.backends.base_postgres.client import translate_exceptions
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, TransactionManagementError

from engine.data.postgres_errors import telling
from engine.data.postgres_executor import MOMENT, NUMBER, Executor

_TOO_FAR_OUT = "PostgreSQL has undone everything: an error inside was caught too far out"
UNDECIDED_SECONDS, UNDECIDED_PAUSE = 60.0, 0.1
"""How long, and how often, the fate of a transaction is asked for whose COMMIT was not answered."""


class Pool(Protocol):
    """Where a transaction has its connection from, and another one when that breaks."""

    async def borrow(self) -> Any: ...

    async def give_back(self, connection: Any, *, sound: bool) -> None: ...

    async def status_of(self, number: str) -> str | None: ...


@dataclass(slots=True)
class _Talk:
    """What a transaction and the savepoints in it have said, and have yet to say.

    What begins and ends them waits for a statement that needs it and goes with that of the others, since each message
    waits for the server. An end of a savepoint alone is needed by no statement, only by the next beginning.
    """

    waiting: list[str] = field(default_factory=list)
    savepoints: int = 0
    number: str | None = None
    """The server's own number of the transaction and the moment that it was told, as soon as a write has."""
    is_over: bool = False

    @property
    def is_silent(self) -> bool:
        """Whether the server does not know of the transaction."""
        return "BEGIN" in self.waiting


class Transaction(TransactionWrapper):
    """A transaction, or a savepoint in one, by statements of our own.

    asyncpg's object does not look at what COMMIT answers, and PostgreSQL answers it with ROLLBACK after an error that
    somebody has caught without a savepoint: what was answered with success would be gone.
    """

    executor_class = Executor
    _savepoint = ""

    def __init__(self, parent: AsyncpgDBClient, pool: Pool, talk: _Talk | None = None) -> None:
        super().__init__(parent)
        self.pool = pool
        self._talk = talk or _Talk()

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        with telling():
            return await super()._translate_exceptions(func, *args, **kwargs)

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(Transaction(self, self.pool, self._talk))

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        return _Speaking(self._lock, self)

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = await super().execute_query_dict(query, values)
        if rows and NUMBER in rows[0]:
            self._talk.number = rows[0][NUMBER]
        return rows

    @translate_exceptions
    async def execute_script(self, query: str) -> None:
        """Statements without values go in one message with what waits to be said before them."""
        async with _Speaking(self._lock, self, silent=True) as connection:
            together = "; ".join([*self._talk.waiting, query])
            self._talk.waiting.clear()
            await connection.execute(together)

    async def begin(self) -> None:
        self._talk.waiting.append("BEGIN")

    def refuse_over(self) -> None:
        """Raise for who speaks in a transaction that has ended: its connection is somebody else's by now."""
        if self._talk.is_over:
            raise TransactionManagementError("the unit of work that this was a part of has ended")

    async def say_what_waits(self) -> None:
        """Before a statement: what it needs to have been said."""
        waiting = self._talk.waiting
        if any(not statement.startswith("RELEASE") for statement in waiting):
            together = "; ".join(waiting)
            waiting.clear()
            await self._say(together)

    async def commit(self) -> None:
        if not self._talk.is_silent:
            await self._commit()
        self._finalized = True

    async def _commit(self) -> None:
        with telling():
            try:
                number = self._talk.number or await self._connection.fetchval(
                    f"SELECT pg_current_xact_id_if_assigned() || ' ' || {MOMENT}"
                )
            except asyncpg.InFailedSQLTransactionError as error:
                raise TransactionManagementError(_TOO_FAR_OUT) from error
        try:
            answer = await self._say("COMMIT")
        except DBConnectionError:
            # Nobody has said whether it came through before the connection broke, so it is asked on another one, which
            # there may be no room for as long as this one keeps its place.
            await self.pool.give_back(self._connection, sound=False)
            if number is None or not await self._has_committed(number):
                raise
            answer = "COMMIT"
        if answer != "COMMIT":
            raise TransactionManagementError(_TOO_FAR_OUT)

    async def _has_committed(self, number: str) -> bool:
        """What became of a transaction, as soon as the database can be asked and has made up its mind."""
        loop = asyncio.get_running_loop()
        end = loop.time() + UNDECIDED_SECONDS
        while True:
            with suppress(DBConnectionError):
                status = await self.pool.status_of(number)
                if status != "in progress":
                    return status == "committed"
            if loop.time() >= end:
                return False
            await asyncio.sleep(UNDECIDED_PAUSE)

    async def rollback(self) -> None:
        if not self._talk.is_silent:
            await self._say("ROLLBACK")
        self._finalized = True

    async def savepoint(self) -> None:
        # One that nobody has released so far must not be taken for another.
        self._talk.savepoints += 1
        self._savepoint = f"unit_{self._talk.savepoints}"
        self._talk.waiting.append(self._beginning)

    def end(self) -> None:
        """From now on only the end is said: the connection is about to be somebody else's."""
        self._talk.is_over = True

    async def savepoint_rollback(self) -> None:
        waiting = self._talk.waiting
        if self._talk.is_over:
            return
        if self._beginning in waiting:
            del waiting[waiting.index(self._beginning) :]
            return
        # What waits came after it, and goes with it.
        waiting.clear()
        await self._say(f"ROLLBACK TO {self._beginning}; RELEASE {self._beginning}")

    async def release_savepoint(self) -> None:
        waiting = self._talk.waiting
        if waiting and waiting[-1] == self._beginning:
            waiting.pop()
        else:
            waiting.append(f"RELEASE {self._beginning}")

    @property
    def _beginning(self) -> str:
        return f"SAVEPOINT {self._savepoint}"

    async def _say(self, statement: str) -> str:
        with telling():
            return str(await self._connection.execute(statement))


class _Speaking(ConnectionWrapper[Any]):
    """The transaction's connection for one statement; what waits is said before, unless the wrapper is `silent`."""

    client: Transaction

    def __init__(self, lock: asyncio.Lock, client: Transaction, *, silent: bool = False) -> None:
        super().__init__(lock, client)
        self._silent = silent

    async def __aenter__(self) -> Any:
        connection = await super().__aenter__()
        try:
            self.client.refuse_over()
            if not self._silent:
                await self.client.say_what_waits()
        except BaseException:
            self._lock.release()
            raise
        return connection


class PooledContext(TransactionContextPooled):
    """Gives the connection back to the pool however the transaction ends; Tortoise keeps it when it cannot begin."""

    client: Transaction

    async def __aenter__(self) -> TransactionalDBClient:
        self.client._connection = await self.client.pool.borrow()
        await self.client.begin()
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        get_connections().reset(self.token)
        self.client.end()
        sound = False
        try:
            if exc_type is None:
                await self.client.commit()
                sound = True
            else:
                # With the connection everything went that was to be undone, and the first error is the one to tell.
                with suppress(DBConnectionError):
                    await self.client.rollback()
                    sound = True
        finally:
            await self.client.pool.give_back(self.client._connection, sound=sound)
