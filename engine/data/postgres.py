"""Tortoise's asyncpg client as this service needs it; named as `engine` in the connection's configuration.

Imported only for a database whose address begins with `postgres`: asyncpg is an extra.
"""

import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.base.client import PoolConnectionWrapper, TransactionContext
from tortoise.exceptions import DBConnectionError

from engine.data.postgres_errors import telling
from engine.data.postgres_executor import Executor
from engine.data.postgres_line import Line
from engine.data.postgres_pool import Connections
from engine.data.postgres_transaction import PooledContext, Transaction

# What PostgreSQL keeps of a name; docker/health.py looks for it.
NAME = f"bangpath {socket.gethostname()}"[:63]

IDLE_SECONDS = 12.0
"""How long the server keeps a transaction in which nothing is said: its process stands still, or is out of reach."""

# After a crash the server counts on from what had reached its disk, which it writes down when it has recovered. Who had
# a number from there on was not committed, whatever becomes of the one who has it now.
_STATUS = """
SELECT CASE WHEN is_later AND $1::text::xid8 >= counted_from THEN 'aborted' ELSE pg_xact_status($1::text::xid8) END
FROM (
    SELECT greatest(pg_postmaster_start_time(), checkpoint_time) > to_timestamp($2) AS is_later,
        (split_part(next_xid, ':', 1)::numeric * 4294967296 + split_part(next_xid, ':', 2)::numeric)::text::xid8
            AS counted_from
    FROM pg_control_checkpoint()
) AS written"""

DEADLOCK_SECONDS = 2.0
"""The server looks for a deadlock after one second, and ends one of those who wait; before that both would give up."""


class Borrowed(PoolConnectionWrapper[Any]):
    """A connection for one statement."""

    client: "Client"

    async def __aenter__(self) -> Any:
        self.connection = await self.client.borrow()
        return self.connection

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        await self.client.give_back(self.connection, sound=exc_type is None)


class Client(AsyncpgDBClient):
    """A pool of at most `maxsize` connections; who waits longer than `wait` seconds for one is told to come again."""

    executor_class = Executor

    def __init__(self, dsn: str, wait: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._dsn = dsn
        self._wait = wait
        self._connections: Connections | None = None

    async def create_connection(self, with_db: bool) -> None:
        with telling():
            # asyncpg reads the address itself: it knows sockets, TLS, several hosts and the password file.
            self._pool = await asyncpg.create_pool(
                self._dsn,
                min_size=0,
                max_size=self.pool_maxsize,
                timeout=self._wait,
                reset=_leave,
                server_settings=_limits(self._wait),
            )
        self._connections = Connections(self._pool, self.pool_maxsize, self._wait)
        await self._post_connect()

    def acquire_connection(self) -> PoolConnectionWrapper[Any]:
        return Borrowed(self, self._pool_init_lock)

    def _in_transaction(self) -> TransactionContext:
        return PooledContext(Transaction(self, self), self._pool_init_lock)

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        with telling():
            return await super()._translate_exceptions(func, *args, **kwargs)

    async def borrow(self) -> Any:
        """A connection of the pool, which is opened by the first who needs it."""
        if self._connections is None:
            async with self._pool_init_lock:
                if self._connections is None:
                    await self.create_connection(with_db=True)
        assert self._connections is not None, "opened above"
        try:
            with telling():
                return await self._connections.borrow()
        except DBConnectionError as error:
            if not isinstance(error.__cause__, TimeoutError):
                raise
            raise DBConnectionError(f"No connection could be had within {self._wait:g} seconds") from error

    async def give_back(self, connection: Any, *, sound: bool) -> None:
        """Let the next have it; one that was left in the middle of something is not `sound`."""
        if self._connections is not None:
            await self._connections.give_back(connection, sound=sound)

    @asynccontextmanager
    async def listening(self, heard: Mapping[str, Callable[[str], None]]) -> AsyncIterator[Line]:
        """A connection beside the pool that listens on these channels, each with who is called by what comes there."""
        with telling():
            connection = await asyncpg.connect(
                self._dsn, timeout=self._wait, command_timeout=self._wait, server_settings={"application_name": NAME}
            )
        line = Line(connection)
        try:
            for channel, call in heard.items():
                await line.listen(channel, call)
            yield line
        finally:
            await line.close()

    async def status_of(self, number: str) -> str | None:
        """What became of the transaction with this number and moment: `committed`, `aborted` or `in progress`."""
        known, moment = number.split()
        try:
            async with self.acquire_connection() as connection:
                with telling():
                    status: str | None = await connection.fetchval(_STATUS, known, float(moment))
                    return status
        except asyncpg.InvalidParameterValueError:
            # The number is still to come: since a crash nobody has had it.
            return "aborted"

    @property
    def connections(self) -> dict[str, int]:
        """How many are used, and how many wait to be."""
        return {"used": 0, "idle": 0} if self._connections is None else self._connections.figures

    async def _close(self) -> None:
        if self._connections is not None:
            self._connections.leave()
        try:
            await super()._close()
        finally:
            self._connections = None


def _limits(wait: float) -> dict[str, str]:
    """What others have locked is waited for as long as a connection is, and who stands still by nobody."""
    return {
        "lock_timeout": f"{max(wait, DEADLOCK_SECONDS) * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{IDLE_SECONDS * 1000:.0f}",
    }


async def _leave(connection: Any) -> None:
    """What asyncpg would ask the server to forget, nobody here has told it; its question costs a statement each."""


client_class = Client
