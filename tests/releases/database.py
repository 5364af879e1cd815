"""The content of a database as text, and its schema as a value: for SQLite files and PostgreSQL addresses."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import asyncpg

from engine.database import is_postgres

Schema = dict[str, list[Any]]
"""Table → its columns, indexes and foreign keys."""


async def dump(database: str) -> str:
    """SQL that makes the same database out of an empty one."""
    if not is_postgres(database):
        with closing(sqlite3.connect(database)) as connection:
            return "\n".join(connection.iterdump())
    arguments = ("pg_dump", "--inserts", "--no-owner", "--no-privileges", database)
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    written, _ = await process.communicate()
    assert 0 == process.returncode, "pg_dump tells why"
    # Without what is meant for psql, and comments that name the versions of server and tool.
    kept = [line for line in written.decode().splitlines() if line and not line.startswith(("\\", "--"))]
    return "\n".join(line for line in kept if "transaction_timeout" not in line)


async def load(database: str, script: str) -> None:
    """Run a dump in an empty database."""
    if is_postgres(database):
        connection = await asyncpg.connect(database)
        try:
            await connection.execute(script)
        finally:
            await connection.close()
    else:
        with closing(sqlite3.connect(database)) as file:
            file.executescript(script)


async def schema(database: str) -> Schema:
    """What tables there are, in no particular order of columns: one that was added stands last."""
    if is_postgres(database):
        return await _postgres_schema(database)
    with closing(sqlite3.connect(database)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: sorted(_sqlite_table(connection, table)) for table in tables}


def _sqlite_table(connection: sqlite3.Connection, table: str) -> list[Any]:
    found: list[Any] = [repr(row[1:]) for row in connection.execute(f"PRAGMA table_info('{table}')")]
    found += [repr(row[2:]) for row in connection.execute(f"PRAGMA foreign_key_list('{table}')")]
    for _, name, unique, *_ in connection.execute(f"PRAGMA index_list('{table}')").fetchall():
        columns = [row[2] for row in connection.execute(f"PRAGMA index_info('{name}')")]
        found.append(f"index of {columns}, unique: {unique}")
    return found


async def _postgres_schema(database: str) -> Schema:
    connection = await asyncpg.connect(database)
    try:
        columns = await connection.fetch(
            "SELECT table_name, concat_ws(' ', column_name, data_type, character_maximum_length, is_nullable,"
            " column_default) FROM information_schema.columns WHERE table_schema = 'public'"
        )
        indexes = await connection.fetch("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'")
        constraints = await connection.fetch(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace"
        )
    finally:
        await connection.close()
    tables: Schema = {}
    for table, line in (*columns, *indexes, *constraints):
        tables.setdefault(table.strip('"'), []).append(line)
    return {table: sorted(lines) for table, lines in tables.items()}
