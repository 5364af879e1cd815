"""Which adapter keeps the queue: PgQueuer on PostgreSQL, the rows themselves on SQLite."""

from datetime import timedelta

from engine.data.unit import connection
from engine.observe import Publish, unheard
from engine.queue.base import Queue
from engine.queue.embedded import EmbeddedQueue


def make_queue(lease: timedelta, publish: Publish = unheard) -> Queue:
    """The queue of the database that is open."""
    if not is_shared():
        return EmbeddedQueue(lease, publish)
    # An extra that need not be installed for SQLite.
    from engine.queue.pgqueuer import PgQueuerQueue

    return PgQueuerQueue(lease, publish)


async def make_queue_tables() -> None:
    """Make what the queue of the open database needs beside the rows."""
    if is_shared():
        from engine.queue.pgqueuer_tables import make_tables

        await make_tables()


def is_shared() -> bool:
    """Whether processes that do not serve can take executions too."""
    return connection().capabilities.dialect == "postgres"
