"""How Tortoise's statements are made on PostgreSQL."""

from tortoise.backends.asyncpg.executor import AsyncpgExecutor

from engine.data.inserts import InsertExecutor
from engine.data.postgres_lookups import IGNORING_CASE

NUMBER = "number of the transaction"
"""The column in which an insert answers in which transaction it was made."""


class Executor(InsertExecutor, AsyncpgExecutor):
    """Ignores case by Unicode's rules in all the lookups that ignore it."""

    FILTER_FUNC_OVERRIDE = {**AsyncpgExecutor.FILTER_FUNC_OVERRIDE, **IGNORING_CASE}
    _beside = f', pg_current_xact_id()::text AS "{NUMBER}"'
