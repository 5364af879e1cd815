"""What a PostgreSQL database holds, and how it comes to hold just that again."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

# All that a test could have made, changed or dropped beside rows.
_SHAPE = """
SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
    SELECT concat_ws(' ', c.relname, c.relkind, a.attname, a.atttypid, a.attnotnull, a.attisdropped,
        obj_description(c.oid, 'pg_class')) AS line
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT tgrelid::regclass || tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS shape
"""
_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
_REFERENCES = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid AND connamespace = 'public'::regnamespace
"""
_SEQUENCES = "SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname = 'public'"
_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Contents:
    """The rows of each table, those of tables that others refer to first; and where each sequence stands."""

    shape: str
    tables: Sequence[str]
    rows: dict[str, bytes]
    sequences: str

    @classmethod
    async def of(cls, database: str) -> "Contents":
        """As they are now."""
        connection = await asyncpg.connect(database)
        try:
            tables = await _in_order(connection)
            rows = {table: await _rows(connection, table) for table in tables if await _has_rows(connection, table)}
            return cls(await connection.fetchval(_SHAPE), tables, rows, await _sequences(connection))
        finally:
            await connection.close()

    async def restore(self, database: str) -> bool:
        """Have the database hold this again and nobody connected. False if it has other tables than it had."""
        connection = await asyncpg.connect(database)
        try:
            await connection.execute(_OTHERS)
            if await connection.fetchval(_SHAPE) != self.shape:
                return False
            async with connection.transaction():
                deletes = [f'DELETE FROM "{table}"' for table in reversed(self.tables)]
                await connection.execute("; ".join([*deletes, self.sequences]))
                for table, rows in self.rows.items():
                    await connection.copy_to_table(table, source=io.BytesIO(rows), format="binary")
            return True
        finally:
            await connection.close()


async def _in_order(connection: asyncpg.Connection) -> list[str]:
    """Those that others refer to before these."""
    waiting = [table for (table,) in await connection.fetch(_TABLES)]
    references = [tuple(pair) for pair in await connection.fetch(_REFERENCES)]
    ordered: list[str] = []
    while waiting:
        held = {table.strip('"') for table, other in references if other.strip('"') in waiting}
        free = [table for table in waiting if table not in held]
        assert free, f"{waiting} refer to one another in a ring"
        ordered += free
        waiting = [table for table in waiting if table in held]
    return ordered


async def _has_rows(connection: asyncpg.Connection, table: str) -> bool:
    return bool(await connection.fetchval(f'SELECT EXISTS (SELECT FROM "{table}")'))


async def _rows(connection: asyncpg.Connection, table: str) -> bytes:
    held = io.BytesIO()
    await connection.copy_from_table(table, output=held, format="binary")
    return held.getvalue()


async def _sequences(connection: asyncpg.Connection) -> str:
    """The statement that has each stand where it stands now."""
    calls = []
    for (name,) in await connection.fetch(_SEQUENCES):
        last, called = await connection.fetchrow(f"SELECT last_value, is_called FROM {name}")
        calls.append(f"setval('{name}', {last}, {str(called).lower()})")
    return f"SELECT {', '.join(calls)}" if calls else ""
