"""What asyncpg says of a database that is absent or refuses a statement → Tortoise's errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from tortoise.exceptions import DBConnectionError, IntegrityError

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
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCachedStatementError,  # somebody has migrated meanwhile
    asyncpg.InternalClientError,  # so too, or the server said farewell between two statements
)
_GONE = ("is clos", "released back to the pool")


@contextmanager
def telling() -> Iterator[None]:
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
