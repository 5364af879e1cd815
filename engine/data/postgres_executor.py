"""How Tortoise's statements are made on PostgreSQL."""

from tortoise.backends.asyncpg.executor import AsyncpgExecutor

from engine.data.inserts import InsertExecutor
from engine.data.postgres_lookups import IGNORING_CASE

NUMBER = "number of the transaction"
"""The column in which a statement that writes answers in which transaction, and when by the server's clock."""
MOMENT = "extract(epoch FROM clock_timestamp())"
"""Seconds. A server that has crashed gives numbers again that had not reached its disk, to others."""
NUMBERED = f"pg_current_xact_id() || ' ' || {MOMENT} AS \"{NUMBER}\""
"""What to answer so that a transaction need not be asked for its number before its COMMIT."""


class Executor(InsertExecutor, AsyncpgExecutor):
    """Ignores case by Unicode's rules in all the lookups that ignore it."""

    FILTER_FUNC_OVERRIDE = {**AsyncpgExecutor.FILTER_FUNC_OVERRIDE, **IGNORING_CASE}
    beside = NUMBERED
