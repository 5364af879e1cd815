"""Whether the database can be used: asks it, and tells its absence from mistakes of ours."""

import sqlite3

from tortoise.exceptions import DBConnectionError

from engine.data.unit import connection
from engine.errors import Code, Refusal, refuse

RETRY_SECONDS = 1

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
# Extended codes have the primary one in their last byte.
_PRIMARY = 0xFF


async def ping() -> None:
    """Have the database answer one statement; raises whatever keeps it from that."""
    await connection().execute_query("SELECT 1")


def connections() -> dict[str, int]:
    """How many connections to the database there are, by whether they are used; SQLite has one, which is nobody's."""
    return dict(getattr(connection(), "connections", {}))


def refusal_of(error: BaseException | None) -> Refusal | None:
    """What to answer when an error, or what it came from, says that the database is locked, full, busy or gone."""
    while error is not None:
        if _is_away(error):
            message = "The database cannot be used now: try again later."
            return refuse(Code.UNAVAILABLE, message, retryAfter=RETRY_SECONDS)
        error = error.__cause__ or error.__context__
    return None


def _is_away(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        # Those of Python's own module have no code from SQLite.
        return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _AWAY
    # Whatever asyncpg says of this kind, `engine/data/postgres_errors.py` has made one of these.
    return isinstance(error, DBConnectionError)
