"""A client of `graphql-transport-ws`, and a real server for it, both in the loop of the test."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api.graphql_ws import PROTOCOL
from api.server import Server, listen

SECONDS = 10
"""What a test waits for at most."""


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    """The address of an application while it is served; leaving waits until the server has ended."""
    with closing(listen("127.0.0.1", 0)) as listener:
        ready = asyncio.Event()
        server = Server(app, ready.set)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await ready.wait()
        try:
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}/graphql"
        finally:
            server.should_exit = True
            async with asyncio.timeout(SECONDS):
                await serving


@dataclass
class Peer:
    """One socket, as a client has it."""

    socket: ClientConnection

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def begin(self, token: str, **payload: Any) -> None:
        await self.send(type="connection_init", payload={"Authorization": f"Bearer {token}", **payload})
        assert {"type": "connection_ack"} == await self.receive()

    async def subscribe(self, name: str, query: str, **variables: Any) -> None:
        await self.send(id=name, type="subscribe", payload={"query": query, "variables": variables})

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            message: dict[str, Any] = json.loads(await self.socket.recv())
            return message

    async def first(self) -> dict[str, Any] | tuple[int, str]:
        """The first message of the server, or how it closes the socket instead."""
        try:
            return await self.receive()
        except ConnectionClosed:
            return await self.closed()

    async def closed(self) -> tuple[int, str]:
        """How the server closes the socket, whatever it sends before."""
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionClosed):
                while True:
                    await self.socket.recv()
        assert self.socket.close_code, "the server says why"
        return self.socket.close_code, self.socket.close_reason or ""


@asynccontextmanager
async def open_socket(url: str, protocol: str = PROTOCOL, **settings: Any) -> AsyncIterator[Peer]:
    async with connect(url, subprotocols=[Subprotocol(protocol)], proxy=None, **settings) as socket:
        yield Peer(socket)
