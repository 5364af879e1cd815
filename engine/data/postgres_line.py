"""A connection beside the pool, on which somebody listens."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tortoise.exceptions import DBConnectionError

from engine.data.postgres_errors import telling

_FAREWELL_SECONDS = 1.0


class Line:
    """A connection that is nobody's but the caller's."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def ask(self, statement: str, *values: Any) -> list[Any]:
        """The rows that a statement answers."""
        with telling():
            return list(await self._connection.fetch(statement, *values))

    async def listen(self, channel: str, call: Callable[[str], None]) -> None:
        """Call this with whatever comes on the channel, but for what was sent by this connection."""
        own = self._connection.get_server_pid()

        def come(_: Any, sender: int, __: str, text: str) -> None:
            if sender != own:
                call(text)

        with telling():
            await self._connection.add_listener(channel, come)

    async def close(self) -> None:
        """Take leave, without waiting for a server that does not answer."""
        with suppress(DBConnectionError), telling():
            await self._connection.close(timeout=_FAREWELL_SECONDS)
