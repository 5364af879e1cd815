"""The floor's ways to a database: bare asyncpg and bare aiosqlite, as one would write them by hand."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias

import aiosqlite
import asyncpg

from engine.database import is_postgres

POOL = 10
"""As many connections as the service has by default."""

Values: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = list[Mapping[str, Any]]
Say: TypeAlias = Callable[[str, Values], Any]
"""Says one statement and answers its rows."""

_NAME = re.compile(r":(\w+)")


class Postgres:
    """A pool; what a request says goes by one of its connections."""

    has_queue = True

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Say]:
        async with self._pool.acquire() as connection:
            yield lambda statement, values: _fetch(connection, statement, values)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Say]:
        async with self._pool.acquire() as connection, connection.transaction():
            yield lambda statement, values: _fetch(connection, statement, values)

    def moment(self, value: datetime) -> Any:
        return value

    def read(self, value: Any) -> datetime:
        return value


class Sqlite:
    """One connection, which one transaction has at a time."""

    has_queue = False

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Say]:
        yield self._say

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Say]:
        async with self._lock:
            await self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._say
            except BaseException:
                await self._connection.rollback()
                raise
            await self._connection.commit()

    def moment(self, value: datetime) -> Any:
        return value.isoformat(" ")

    def read(self, value: Any) -> datetime:
        return datetime.fromisoformat(value)

    async def _say(self, statement: str, values: Values) -> Rows:
        text, names = numbered(statement, "?")
        return list(await self._connection.execute_fetchall(text, [values[name] for name in names]))


Driver: TypeAlias = Postgres | Sqlite


@asynccontextmanager
async def opened(database: str) -> AsyncIterator[Driver]:
    """The address of a PostgreSQL database, or an SQLite file, with the settings that the service gives it."""
    if is_postgres(database):
        async with asyncpg.create_pool(database, min_size=1, max_size=POOL, reset=_leave) as pool:
            yield Postgres(pool)
        return
    async with aiosqlite.connect(database, isolation_level=None) as connection:
        connection.row_factory = aiosqlite.Row
        for setting in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 5000"):
            await connection.execute(f"PRAGMA {setting}")
        yield Sqlite(connection)


def now() -> datetime:
    return datetime.now(UTC)


@cache
def numbered(statement: str, sign: str) -> tuple[str, tuple[str, ...]]:
    """The statement as the driver takes it, and the names of its values in their order.

    >>> numbered("UPDATE posts SET title = :title WHERE id = :id OR title = :title", "$")
    ('UPDATE posts SET title = $1 WHERE id = $2 OR title = $1', ('title', 'id'))
    """
    names = tuple(dict.fromkeys(_NAME.findall(statement)))
    return _NAME.sub(lambda found: f"{sign}{names.index(found[1]) + 1}", statement), names


async def _fetch(connection: Any, statement: str, values: Values) -> Rows:
    text, names = numbered(statement, "$")
    rows: Rows = await connection.fetch(text, *(values[name] for name in names))
    return rows


async def _leave(_connection: Any) -> None:
    """Nothing is changed on a connection that would have to be reset, which is one statement less for each request."""
