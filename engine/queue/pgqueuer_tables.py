"""PgQueuer's tables: made, and brought to the version that is installed, by whoever migrates."""

from importlib.metadata import version
from typing import Any

from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel
from pgqueuer.queries import Queries

from engine.data.unit import connection

TABLE = "bangpath_queue"

# All of them by name: PgQueuer would take what is not from variables such as CHANNEL or TRIGGER, each process its own.
SETTINGS = DBSettings(
    prefix="",
    db_schema=None,
    channel=Channel("bangpath_pgqueuer"),
    function="bangpath_queue_changed",
    statistics_table="bangpath_queue_statistics",
    queue_status_type="bangpath_queue_status",
    queue_table=TABLE,
    queue_table_log="bangpath_queue_log",
    trigger="bangpath_queue_changed",
    schedules_table="bangpath_queue_schedules",
    # Its log alone may be lost with a crash of the server.
    durability=Durability.balanced,
    widen_id=True,
)

# Its trigger would NOTIFY in every transaction that writes; those take turns then. And nothing is kept in its log,
# of which there would be three rows for each execution: what has happened is in `executions`. Its index by the time
# from which an entry counts serves those that are deferred, and we have none; without statistics, as in a sudden
# backlog, a claim would go by it and sort all that is queued.
_OURS = f"""
DROP INDEX IF EXISTS {TABLE}_ep_ea_idx;
ALTER TABLE {TABLE} DISABLE TRIGGER {SETTINGS.trigger};
CREATE OR REPLACE FUNCTION bangpath_queue_forgets() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE OR REPLACE TRIGGER bangpath_queue_forgets BEFORE INSERT ON {SETTINGS.queue_table_log}
    FOR EACH ROW EXECUTE FUNCTION bangpath_queue_forgets();
COMMENT ON TABLE {TABLE} IS '%s';
"""
_MADE_BY = f"SELECT obj_description(to_regclass('{TABLE}'), 'pg_class')"


async def make_tables() -> None:
    """Make or upgrade the tables; those who start at once take turns, and who finds them good is done."""
    # An upgrade is several transactions on one connection.
    async with connection().acquire_connection() as borrowed:
        await _make(borrowed)


async def _make(borrowed: Any) -> None:
    ours = f"pgqueuer {version('pgqueuer')}"
    if await borrowed.fetchval(_MADE_BY) == ours:
        return
    queries = Queries(AsyncpgDriver(borrowed), QueryBuilderEnvironment(SETTINGS))
    async with queries.schema_lock():
        if await borrowed.fetchval(_MADE_BY) == ours:
            return
        if await queries.schema_is_installed():
            await queries.apply_upgrade()
        else:
            await queries.install()
        await queries.optimize_autovacuum()
        await borrowed.execute(_OURS % ours)
