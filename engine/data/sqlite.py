"""Tortoise's SQLite client as this service needs it; named as `engine` in the connection's configuration."""

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import time
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.backends.sqlite.executor import SqliteExecutor
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, TransactionManagementError

from engine.data.inserts import InsertExecutor

# Tortoise has adapters for dates and datetimes, not for times of day.
sqlite3.register_adapter(time, time.isoformat)


class Executor(InsertExecutor, SqliteExecutor):
    """How Tortoise's statements are made on SQLite."""


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that takes the write lock at once.

    With a plain BEGIN a reader that turns writer fails at once when another process writes, whatever the busy
    timeout; BEGIN IMMEDIATE waits its turn.
    """

    executor_class = Executor

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error

    async def commit(self) -> None:
        try:
            await super().commit()
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error

    async def execute_script(self, query: str) -> None:
        """Statement by statement: Python's own way to run a script begins with a commit."""
        for statement in _statements(query):
            await self.execute_query(statement)


class ImmediateContext(SqliteTransactionContext):
    """Leaves neither the connection's lock nor an open transaction behind, however it ends.

    Tortoise keeps the lock for ever when a transaction cannot begin. When one cannot commit it leaves it open, and
    the next one's begin would commit what the caller was told had failed. The same goes for a task that is
    cancelled meanwhile: its statement goes on in the connection's thread, and the rollback queues up behind it.
    """

    connection: ImmediateTransaction

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            await self._abandon()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        get_connections().reset(self.token)
        if exc_type is not None or self.connection._finalized:
            await self._abandon()
            return
        try:
            await self.connection.commit()
        except BaseException:
            await self._abandon()
            raise
        self._trxlock.release()

    async def _abandon(self) -> None:
        """Undo what was not committed, and let others use the connection."""
        try:
            # Not there yet when the file could not be opened, which Tortoise's annotation does not say.
            if (connection := getattr(self.connection, "_connection", None)) is not None:
                await connection.rollback()
        finally:
            self._trxlock.release()


class Client(SqliteClient):
    """Ignores case beyond ASCII in `UPPER`, and begins transactions with the write lock."""

    executor_class = Executor

    async def create_connection(self, with_db: bool) -> None:
        """Raises `DBConnectionError` for a file that is no database, with the connection closed.

        Its thread would keep the process alive otherwise, and Tortoise closes only those that it has counted as open.
        """
        try:
            # aiosqlite's thread outlives the loop that it cannot open a file for, and is heard of on standard error.
            await asyncio.to_thread(lambda: sqlite3.connect(self.filename).close())
            await super().create_connection(with_db)
        except sqlite3.Error as error:
            await self.close()
            raise DBConnectionError(error) from error

    async def _post_connect(self) -> None:
        await super()._post_connect()
        assert self._connection is not None
        await self._connection.create_function("upper", 1, _upper, deterministic=True)

    def _in_transaction(self) -> TransactionContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for part in script.split(";")[:-1]:
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _upper(text: str | None) -> str | None:
    return None if text is None else str(text).upper()


client_class = Client
