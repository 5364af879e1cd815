"""Listens on the address of the settings, and serves an application there until a signal comes."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import HANDLED_SIGNALS

from engine.errors import StartError

BACKLOG = 2048
# More than requests wait for workflows when the process shall end; see `engine/workflow/patience.py`.
GRACE_SECONDS = 15
# More than a socket's messages may have: those are answered with a code of the protocol, larger ones are not read.
MESSAGE_BYTES = 128 * 1024


def listen(host: str, port: int) -> socket.socket:
    """Take the address, before anything else of a start is done; connections wait until the server is there.

    Raises `StartError` when it cannot be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise StartError(_remedy(host, port, error)) from error


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's, but that it waits for nobody who does not read: what is written to them would never be sent."""

    def shutdown(self) -> None:
        if self.writable.is_set():
            super().shutdown()
        else:
            self.transport.abort()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        if not self.writable.is_set():
            self.transport.abort()


@asynccontextmanager
async def until_signal() -> AsyncIterator[asyncio.Event]:
    """An event that comes with the first signal to end; others are passed over, what was begun comes to its end."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in HANDLED_SIGNALS:
        loop.add_signal_handler(number, ended.set)
    try:
        yield ended
    finally:
        for number in HANDLED_SIGNALS:
            loop.remove_signal_handler(number)


class Server(uvicorn.Server):
    """uvicorn inside a loop of ours: tells when it is ready and when a signal has come, and returns after that."""

    def __init__(self, app: ASGIApp, ready: Callable[[], None], leaving: Callable[[], None] = lambda: None) -> None:
        config = uvicorn.Config(
            app,
            http="httptools",
            ws=SocketProtocol,
            ws_max_size=MESSAGE_BYTES,
            # Events are small, and state to compress them is kept for every socket.
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            # X-Forwarded-For is anybody's word: failed sign-ins are counted by the real peer.
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        super().__init__(config)
        self._ready = ready
        self._leaving = leaving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._leaving()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends with the signals forgotten: uvicorn's own raises them again, and the process would be killed by the
        second one before the database is closed."""
        loop = asyncio.get_running_loop()
        for number in HANDLED_SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in HANDLED_SIGNALS:
                loop.remove_signal_handler(number)


def _remedy(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE and not isinstance(error, socket.gaierror):
        return f"port {port} is in use: set BANGPATH_PORT to another."
    if error.errno == errno.EACCES:
        return f"port {port} may not be opened by this user: set BANGPATH_PORT to 1024 or higher."
    return f"{host} is no address of this machine: set BANGPATH_HOST to one, 127.0.0.1 for instance."
