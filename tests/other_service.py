"""Another service on this machine, which answers byte by byte as a test wants, whatever HTTP says of that."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TypeAlias

Answer: TypeAlias = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]

LOOPBACK = ip_network("127.0.0.1/32")


@dataclass(frozen=True)
class Heard:
    """A request as it came. Names of headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class OtherService:
    """`answers` by path; what nothing was said about is answered with an empty 204."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard = await hear(reader)
            self.heard.append(heard)
            answer = self.answers.get(heard.target.partition("?")[0], reply(204))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the caller has gone, which is what some tests are about
        finally:
            writer.close()


@asynccontextmanager
async def other_service(port: int | None = None) -> AsyncIterator[OtherService]:
    """One that listens until the block is left; on this port, where one is `reserved`."""
    other = OtherService()
    server = await asyncio.start_server(other.answer, "127.0.0.1", port or 0, reuse_port=port is not None)
    other.port = server.sockets[0].getsockname()[1]
    try:
        yield other
    finally:
        server.close()


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port of this machine that nobody else is given, though nothing listens there."""
    with socket.socket() as holding:
        holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holding.bind(("127.0.0.1", 0))
        yield holding.getsockname()[1]


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer; underscores in names of headers stand for `-`."""
    told = {"content_length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name.replace('_', '-')}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def hear(reader: asyncio.StreamReader) -> Heard:
    """The request that comes next."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Heard(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
