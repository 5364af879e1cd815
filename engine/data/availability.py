"""Whether the database can be used: asks it, and tells its absence from mistakes of ours."""

import sqlite3

from tortoise.connection import get_connection
from tortoise.exceptions import DBConnectionError

from engine.data.unit import CONNECTION

_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
_PRIMARY = 0xFF


async def ping() -> None:
    """Have the database answer one statement; raises whatever keeps it from that."""
    await get_connection(CONNECTION).execute_query("SELECT 1")


def is_away(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, says that the database is locked, full or gone: try again later."""
    while error is not None:
        if isinstance(error, DBConnectionError):
            return True
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _AWAY:
            return True
        error = error.__cause__ or error.__context__
    return False
