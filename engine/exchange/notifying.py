"""The exchange over PostgreSQL: LISTEN and NOTIFY, on a connection beside the pool."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from engine.data.unit import connection
from engine.exchange.changes import CHANNEL as CHANGES

EXECUTIONS = "bangpath_executions"


class NotifyingLine:
    """Asks and says everything on the one connection that listens: that it is still there is found out on the way.

    So a pool without a free connection keeps nobody from hearing, and what comes back of one's own is known by the
    process of the server that has sent it.
    """

    def __init__(self, line: Any) -> None:
        self._line = line

    async def marks(self) -> dict[str, str]:
        return {row["topic"]: row["mark"] for row in await self._line.ask("SELECT topic, mark FROM revisions")}

    async def say(self, texts: Sequence[str]) -> None:
        await self._line.ask("SELECT pg_notify($1, text) FROM unnest($2::text[]) AS text", EXECUTIONS, list(texts))


class Notifying:
    """Any number of processes on any number of hosts."""

    # PostgreSQL's limit is 8000 bytes.
    longest = 7900

    @asynccontextmanager
    async def opened(self, changed: Callable[[], None], heard: Callable[[str], None]) -> AsyncIterator[NotifyingLine]:
        # A client of engine/data/postgres.py, whose driver need not be installed for SQLite.
        client: Any = connection()
        async with client.listening({CHANGES: lambda _: changed(), EXECUTIONS: heard}) as line:
            yield NotifyingLine(line)
