"""Tortoise's asyncpg client as this service needs it; named as `engine` in the connection's configuration.

Imported only for a database whose address begins with `postgres`: asyncpg is an extra.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import asyncpg
from pypika_tortoise.context import SqlContext
from pypika_tortoise.enums import SqlTypes
from pypika_tortoise.functions import Cast, Upper
from pypika_tortoise.terms import Criterion, Term
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.asyncpg.executor import AsyncpgExecutor
from tortoise.backends.base.client import (
    NestedTransactionContext,
    PoolConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, IntegrityError, TransactionManagementError
from tortoise.filters import (
    Like,
    escape_like,
    insensitive_contains,
    insensitive_ends_with,
    insensitive_exact,
    insensitive_starts_with,
)

# What says that the database, or this attempt, is to blame and not the statement: it may work when tried again.
_AWAY = (
    OSError,  # TimeoutError among them
    asyncpg.ClientConfigurationError,
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.TransactionRollbackError,  # a deadlock
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCachedStatementError,  # somebody has migrated meanwhile
    asyncpg.InternalClientError,  # so too, or the server said farewell between two statements
)
_GONE = ("is clos", "released back to the pool")
_FAREWELL_SECONDS = 1.0
_TOO_FAR_OUT = "PostgreSQL has undone everything: an error inside was caught too far out"
UNDECIDED_SECONDS, UNDECIDED_PAUSE = 60.0, 0.1
"""How long, and how often, the fate of a transaction is asked for whose COMMIT was not answered."""
# What PostgreSQL keeps of a name; docker/health.py looks for it.
NAME = f"bangpath {socket.gethostname()}"[:63]


@contextmanager
def _telling() -> Iterator[None]:
    """Turns asyncpg's errors of an absent database into Tortoise's; it translates only those of statements."""
    try:
        yield
    except _AWAY as error:
        raise DBConnectionError(str(error) or type(error).__name__) from error
    except asyncpg.IntegrityConstraintViolationError as error:
        raise IntegrityError(error) from error
    except asyncpg.InterfaceError as error:
        # The same type as for mistakes of ours; that the connection or the pool is closed only the words tell.
        if not any(words in str(error) for words in _GONE):
            raise
        raise DBConnectionError(str(error)) from error


class _Folded(Upper):
    """Upper case by Unicode's rules, whatever the locale of the database: in `C` its own knows ASCII alone."""

    def get_special_params_sql(self, ctx: SqlContext) -> str:
        return 'COLLATE "und-x-icu"'


def _folded_like(before: str, behind: str) -> Any:
    def compare(field: Term, value: str) -> Criterion:
        pattern = f"{before}{escape_like(value)}{behind}"
        return Like(_folded(field), field.wrap_constant(_Folded(pattern)))

    return compare


def _folded_equal(field: Term, value: str) -> Criterion:
    return _folded(field).eq(_Folded(str(value)))


def _folded(field: Term) -> Term:
    return _Folded(Cast(field, SqlTypes.VARCHAR))


class Executor(AsyncpgExecutor):
    """Ignores case by Unicode's rules in all the lookups that ignore it."""

    FILTER_FUNC_OVERRIDE = {
        **AsyncpgExecutor.FILTER_FUNC_OVERRIDE,
        insensitive_contains: _folded_like("%", "%"),
        insensitive_starts_with: _folded_like("", "%"),
        insensitive_ends_with: _folded_like("%", ""),
        insensitive_exact: _folded_equal,
    }


class Transaction(TransactionWrapper):
    """A transaction, or a savepoint in one, by statements of our own.

    asyncpg's object does not look at what COMMIT answers, and PostgreSQL answers it with ROLLBACK after an error that
    somebody has caught without a savepoint: what was answered with success would be gone.
    """

    executor_class = Executor
    _savepoint = ""
    _depth = 0

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        with _telling():
            return await super()._translate_exceptions(func, *args, **kwargs)

    def _in_transaction(self) -> TransactionContext:
        inner = Transaction(self)
        inner._depth = self._depth + 1
        return NestedTransactionContext(inner)

    async def begin(self) -> None:
        await self._say("BEGIN")

    async def commit(self) -> None:
        with _telling():
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
        parent = self._parent
        assert isinstance(parent, Client), "the outermost one is made by Client._in_transaction"
        loop = asyncio.get_running_loop()
        end = loop.time() + UNDECIDED_SECONDS
        while True:
            with suppress(DBConnectionError):
                status = await parent.status_of(number)
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
        with _telling():
            return str(await self._connection.execute(statement))


class PooledContext(TransactionContextPooled):
    """Gives the connection back to the pool however the transaction ends; Tortoise keeps it when it cannot begin."""

    client: Transaction

    async def __aenter__(self) -> TransactionalDBClient:
        parent = self.client._parent
        assert isinstance(parent, Client), "made by Client._in_transaction"
        self.client._connection = await parent.borrow()
        try:
            await self.client.begin()
        except BaseException:
            await parent.give_back(self.client._connection)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        get_connections().reset(self.token)
        parent = self.client._parent
        assert isinstance(parent, Client), "made by Client._in_transaction"
        try:
            if exc_type is None:
                await self.client.commit()
            else:
                # With the connection everything went that was to be undone, and the first error is the one to tell.
                with suppress(DBConnectionError):
                    await self.client.rollback()
        finally:
            await parent.give_back(self.client._connection)


class Borrowed(PoolConnectionWrapper[Any]):
    """A connection for one statement."""

    client: "Client"

    async def __aenter__(self) -> Any:
        self.connection = await self.client.borrow()
        return self.connection

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        await self.client.give_back(self.connection)


class Client(AsyncpgDBClient):
    """A pool of at most `maxsize` connections; who waits longer than `wait` seconds for one is told to come again."""

    executor_class = Executor

    def __init__(self, dsn: str, wait: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._dsn = dsn
        self._wait = wait

    async def create_connection(self, with_db: bool) -> None:
        with _telling():
            # asyncpg reads the address itself: it knows sockets, TLS, several hosts and the password file.
            self._pool = await asyncpg.create_pool(
                self._dsn, min_size=0, max_size=self.pool_maxsize, timeout=self._wait, reset=_leave
            )
        await self._post_connect()

    def acquire_connection(self) -> PoolConnectionWrapper[Any]:
        return Borrowed(self, self._pool_init_lock)

    def _in_transaction(self) -> TransactionContext:
        return PooledContext(Transaction(self), self._pool_init_lock)

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        with _telling():
            return await super()._translate_exceptions(func, *args, **kwargs)

    async def borrow(self) -> Any:
        """A connection of the pool, which is opened by the first who needs it."""
        if self._pool is None:
            async with self._pool_init_lock:
                if self._pool is None:
                    await self.create_connection(with_db=True)
        assert self._pool is not None, "opened above"
        try:
            with _telling():
                return await self._pool.acquire(timeout=self._wait)
        except DBConnectionError as error:
            if not isinstance(error.__cause__, TimeoutError):
                raise
            raise DBConnectionError(f"No connection could be had within {self._wait:g} seconds") from error

    @asynccontextmanager
    async def listening(self, heard: Mapping[str, Callable[[str], None]]) -> AsyncIterator["Line"]:
        """A connection beside the pool that listens on these channels, each with who is called by what comes there."""
        with _telling():
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
        """What became of the transaction with this number: `committed`, `aborted` or `in progress`."""
        connection = await self.borrow()
        try:
            with _telling():
                status: str | None = await connection.fetchval("SELECT pg_xact_status($1::text::xid8)", number)
                return status
        finally:
            await self.give_back(connection)

    @property
    def connections(self) -> dict[str, int]:
        """How many are used, and how many wait to be."""
        if self._pool is None:
            return {"used": 0, "idle": 0}
        return {"used": self._pool.get_size() - self._pool.get_idle_size(), "idle": self._pool.get_idle_size()}

    async def give_back(self, connection: Any) -> None:
        if self._pool is not None:
            with _telling():
                await self._pool.release(connection)


class Line:
    """A connection that is nobody's but the caller's."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def ask(self, statement: str, *values: Any) -> list[Any]:
        """The rows that a statement answers."""
        with _telling():
            return list(await self._connection.fetch(statement, *values))

    async def listen(self, channel: str, call: Callable[[str], None]) -> None:
        """Call this with whatever comes on the channel, but for what was sent by this connection."""
        own = self._connection.get_server_pid()

        def come(_: Any, sender: int, __: str, text: str) -> None:
            if sender != own:
                call(text)

        with _telling():
            await self._connection.add_listener(channel, come)

    async def close(self) -> None:
        """Take leave, without waiting for a server that does not answer."""
        with suppress(DBConnectionError), _telling():
            await self._connection.close(timeout=_FAREWELL_SECONDS)


async def _leave(connection: Any) -> None:
    """What asyncpg would ask the server to forget, nobody here has told it; its question costs a statement each."""


client_class = Client
