"""Tortoise's SQLite client as this service needs it; named as `engine` in the connection's configuration."""

import sqlite3

from tortoise.backends.base.client import TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.exceptions import TransactionManagementError


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that takes the write lock at once.

    With a plain BEGIN a reader that turns writer fails at once when another process writes, whatever the busy
    timeout; BEGIN IMMEDIATE waits its turn.
    """

    async def begin(self) -> None:
        try:
            await self._connection.commit()
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error


class Client(SqliteClient):
    """Ignores case beyond ASCII in `UPPER`, and begins transactions with the write lock."""

    async def _post_connect(self) -> None:
        await super()._post_connect()
        assert self._connection is not None
        await self._connection.create_function("upper", 1, _upper, deterministic=True)

    def _in_transaction(self) -> TransactionContext:
        return SqliteTransactionContext(ImmediateTransaction(self), self._lock)


def _upper(text: str | None) -> str | None:
    return None if text is None else str(text).upper()


client_class = Client
