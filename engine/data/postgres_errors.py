"""What asyncpg says of a database that is absent or refuses a statement → Tortoise's errors."""

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


class telling:
    """Turns asyncpg's errors of an absent database into Tortoise's; it translates only those of statements."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing is kept."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        if isinstance(error, _AWAY):
            raise DBConnectionError(str(error) or type(error).__name__) from error
        if isinstance(error, asyncpg.IntegrityConstraintViolationError):
            raise IntegrityError(error) from error
        # The same type as for mistakes of ours; that the connection or the pool is closed only the words tell.
        if isinstance(error, asyncpg.InterfaceError) and any(words in str(error) for words in _GONE):
            raise DBConnectionError(str(error)) from error
