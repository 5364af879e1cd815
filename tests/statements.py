"""Hears what is said to the database."""

import asyncio
from collections.abc import Callable
from typing import Any

from engine.data.unit import connection
from tests.databases import SERVER


async def listen(said: Callable[[str], object]) -> None:
    """Have every statement told from now on, by the driver's own means."""
    # Tortoise's client, of which either kind is another.
    client: Any = connection()
    if not SERVER:
        await client._connection.set_trace_callback(said)
        return
    for holder in client._pool._holders:
        if holder._con is not None:
            holder._con.add_query_logger(lambda record: said(record.query))


async def told() -> None:
    """What was said has been told: asyncpg does it in the round of the loop behind it."""
    await asyncio.sleep(0)
