"""Transactions on PostgreSQL, by statements of our own."""

import asyncio
from contextlib import suppress
from typing import Any, Protocol

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, TransactionManagementError

from engine.data.postgres_errors import telling
from engine.data.postgres_lookups import Executor

_TOO_FAR_OUT = "PostgreSQL has undone everything: an error inside was caught too far out"
UNDECIDED_SECONDS, UNDECIDED_PAUSE = 60.0, 0.1
"""How long, and how often, the fate of a transaction is asked for whose COMMIT was not answered."""


class Pool(Protocol):
    """Where a transaction has its connection from, and another one when that breaks."""

    async def borrow(self) -> Any: ...

    async def give_back(self, connection: Any) -> None: ...

    async def status_of(self, number: str) -> str | None: ...


class Transaction(TransactionWrapper):
    """A transaction, or a savepoint in one, by statements of our own.

    asyncpg's object does not look at what COMMIT answers, and PostgreSQL answers it with ROLLBACK after an error that
    somebody has caught without a savepoint: what was answered with success would be gone.
    """

    executor_class = Executor
    _savepoint = ""
    _depth = 0

    def __init__(self, parent: AsyncpgDBClient, pool: Pool) -> None:
        super().__init__(parent)
        self.pool = pool

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        with telling():
            return await super()._translate_exceptions(func, *args, **kwargs)

    def _in_transaction(self) -> TransactionContext:
        inner = Transaction(self, self.pool)
        inner._depth = self._depth + 1
        return NestedTransactionContext(inner)

    async def begin(self) -> None:
        await self._say("BEGIN")

    async def commit(self) -> None:
        with telling():
            try:
                number = await self._connection.fetchval("SELECT pg_current_xact_id_if_assigned()::text")
            except asyncpg.InFailedSQLTransactionError as error:
                raise TransactionManagementError(_TOO_FAR_OUT) from error
        try:
            answer = await self._say("COMMIT")
        except DBConnectionError:
            # Nobody has said whether it came through before the connection broke, so it is asked on another one.
            if number is None or not await self._has_committed(number):
                raise
            answer = "COMMIT"
        if answer != "COMMIT":
            raise TransactionManagementError(_TOO_FAR_OUT)
        self._finalized = True

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
        await self._say("ROLLBACK")
        self._finalized = True

    async def savepoint(self) -> None:
        # A name may be used again by the next one: PostgreSQL means the newest.
        self._savepoint = f"unit_{self._depth}"
        await self._say(f"SAVEPOINT {self._savepoint}")

    async def savepoint_rollback(self) -> None:
        await self._say(f"ROLLBACK TO SAVEPOINT {self._savepoint}")
        await self.release_savepoint()

    async def release_savepoint(self) -> None:
        await self._say(f"RELEASE SAVEPOINT {self._savepoint}")

    async def _say(self, statement: str) -> str:
        with telling():
            return str(await self._connection.execute(statement))


class PooledContext(TransactionContextPooled):
    """Gives the connection back to the pool however the transaction ends; Tortoise keeps it when it cannot begin."""

    client: Transaction

    async def __aenter__(self) -> TransactionalDBClient:
        self.client._connection = await self.client.pool.borrow()
        try:
            await self.client.begin()
        except BaseException:
            await self.client.pool.give_back(self.client._connection)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        get_connections().reset(self.token)
        try:
            if exc_type is None:
                await self.client.commit()
            else:
                # With the connection everything went that was to be undone, and the first error is the one to tell.
                with suppress(DBConnectionError):
                    await self.client.rollback()
        finally:
            await self.client.pool.give_back(self.client._connection)
