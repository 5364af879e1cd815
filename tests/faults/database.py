"""The database as somebody else sees it, with a log of statuses that the database itself keeps."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import asyncpg

SQLITE = "sqlite://"

_SQLITE_LOG = (
    """CREATE TABLE status_log (id INTEGER PRIMARY KEY, execution BIGINT, before TEXT, after TEXT,
       attempt INTEGER, at REAL)""",
    """CREATE TRIGGER status_made AFTER INSERT ON executions BEGIN
       INSERT INTO status_log (execution, before, after, attempt, at)
       VALUES (NEW.id, '', NEW.status, NEW.attempt, (julianday('now') - 2440587.5) * 86400.0); END""",
    """CREATE TRIGGER status_changed AFTER UPDATE OF status ON executions BEGIN
       INSERT INTO status_log (execution, before, after, attempt, at)
       VALUES (NEW.id, OLD.status, NEW.status, NEW.attempt, (julianday('now') - 2440587.5) * 86400.0); END""",
)
_POSTGRES_LOG = (
    """CREATE TABLE status_log (id bigserial PRIMARY KEY, execution bigint, before text, after text,
       attempt integer, at double precision DEFAULT extract(epoch FROM clock_timestamp()))""",
    """CREATE FUNCTION log_status() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       INSERT INTO status_log (execution, before, after, attempt)
       VALUES (NEW.id, CASE WHEN TG_OP = 'INSERT' THEN '' ELSE OLD.status END, NEW.status, NEW.attempt);
       RETURN NEW; END $$""",
    "CREATE TRIGGER status_log AFTER INSERT OR UPDATE OF status ON executions "
    "FOR EACH ROW EXECUTE FUNCTION log_status()",
)


@dataclass(frozen=True)
class Database:
    """`address` is as BANGPATH_DATABASE_URL has it. Statements are such that both kinds understand them."""

    address: str

    @property
    def is_sqlite(self) -> bool:
        return self.address.startswith(SQLITE)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What the database answers, whether or not a service is there."""
        if self.is_sqlite:
            with closing(sqlite3.connect(self.address.removeprefix(SQLITE), timeout=30)) as database, database:
                return database.execute(statement).fetchall()
        return asyncio.run(self._ask(statement))

    def is_settled(self) -> bool:
        """Whether every execution has ended; by an index, since who waits for it asks often, of a long history too."""
        going = "SELECT 1 FROM executions WHERE status IN ('queued', 'running', 'waiting') LIMIT 1"
        return not self.rows(going)

    def tell(self, statements: Sequence[str]) -> None:
        for statement in statements:
            self.rows(statement)

    def is_free(self) -> bool:
        """Whether others can write; on SQLite one who stands still in a transaction keeps everybody from it."""
        if not self.is_sqlite:
            return True
        with closing(sqlite3.connect(self.address.removeprefix(SQLITE), timeout=2, isolation_level=None)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True

    def watch(self) -> None:
        """Have the database log every status that an execution is given from now on, the same one again too."""
        self.tell(_SQLITE_LOG if self.is_sqlite else _POSTGRES_LOG)

    async def _ask(self, statement: str) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.address)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()
