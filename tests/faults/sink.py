"""Another service in a process of its own, which writes down every request before it answers, in whichever way.

The path says how it answers: `/ok`, `/delay/2.5` after so many seconds, `/status/503`, `/first/2/503` so to the first
two requests of each body, `/reset`, `/trickle/0.5` a byte each half second, `/hang`, `/loop`, `/large/1000000` bytes,
`/bomb` with few bytes that unpack to a great many.
"""

import asyncio
import gzip
import json
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.other_service import Heard, hear, reply
from tests.process.served import ROOT, environment, until

_PART = b"x" * 65536
_BOMB = gzip.compress(bytes(64 * 1024 * 1024), 1)


@dataclass(frozen=True)
class Delivery:
    """A request that came, with the key that is said to be the same over repetitions."""

    at: float
    path: str
    key: str
    body: str

    @property
    def op(self) -> str | None:
        """The operation that it tells of."""
        told = json.loads(self.body) if self.body else {}
        return told.get("op") if isinstance(told, Mapping) else None


class Sink:
    """The process, from the side of a test."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "sink.jsonl"
        self._log.touch()
        output = folder / "sink.out"
        with output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tests.faults.sink", str(self._log)],
                cwd=ROOT,
                env=environment(folder, {}),
                stdout=out,
            )
        self.port = int(until(output.read_text))

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def deliveries(self) -> list[Delivery]:
        return [Delivery(**json.loads(line)) for line in self._log.read_text().splitlines()]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


class _Sink:
    def __init__(self, log: Path) -> None:
        self._log = log.open("a", buffering=1)
        self._came: Counter[str] = Counter()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard = await hear(reader)
            self._write_down(heard)
            await self._answer(heard, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # who called was killed, which is what this is for
        finally:
            writer.close()

    def _write_down(self, heard: Heard) -> None:
        line: dict[str, Any] = {
            "at": time.time(),
            "path": heard.target,
            "key": heard.headers.get("idempotency-key", ""),
            "body": heard.body.decode(),
        }
        self._log.write(json.dumps(line) + "\n")

    async def _answer(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        match heard.target.partition("?")[0].strip("/").split("/"):
            case ["delay", seconds]:
                await asyncio.sleep(float(seconds))
                writer.write(reply(204))
            case ["status", status]:
                writer.write(reply(int(status), retry_after="1"))
            case ["first", times, status]:
                body = heard.body.decode()
                self._came[body] += 1
                writer.write(reply(int(status) if self._came[body] <= int(times) else 204))
            case ["reset"]:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
            case ["trickle", seconds]:
                for byte in reply(200, b"x" * 1000):
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(float(seconds))
            case ["hang"]:
                await asyncio.Event().wait()
            case ["loop"]:
                writer.write(reply(302, location="/loop"))
            case ["large", size]:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n")
                for _ in range(int(size) // len(_PART) + 1):
                    writer.write(_PART)
                    await writer.drain()
            case ["bomb"]:
                writer.write(reply(200, _BOMB, content_encoding="gzip"))
            case _:
                writer.write(reply(204))


async def _main(log: Path) -> None:
    server = await asyncio.start_server(_Sink(log).answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
