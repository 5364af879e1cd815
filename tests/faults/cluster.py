"""A PostgreSQL server of a run's own, which may be restarted without anybody else minding."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import asyncpg

PROGRAMS = Path("/usr/lib/postgresql")
USER = "postgres"


class Cluster:
    """Made and started at once, on a port that was free; `close` ends it and all that it has."""

    def __init__(self) -> None:
        self._programs = max(PROGRAMS.glob("*/bin"), key=lambda path: float(path.parent.name))
        # Not in the folder of the test, which is closed to the user that the server runs as.
        self._folder = Path(tempfile.mkdtemp(prefix="bangpath-cluster-"))
        if os.getuid() == 0:
            # PostgreSQL does not run as root.
            shutil.chown(self._folder, USER)
        self.port = _free_port()
        self._run("initdb", "--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
        self.start()
        asyncio.run(self._make_database())

    @property
    def address(self) -> str:
        return f"postgres://{USER}@127.0.0.1:{self.port}/bangpath"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=50"
        self._run("pg_ctl", "start", "--wait", "--log", str(self._folder / "log"), "--options", options)

    def stop(self, how: str = "fast") -> None:
        """`immediate` is as if its machine had lost its power."""
        self._run("pg_ctl", "stop", "--wait", "--mode", how)

    def restart(self, how: str = "fast") -> None:
        self.stop(how)
        self.start()

    def close(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self._folder)

    async def _make_database(self) -> None:
        connection = await asyncpg.connect(f"postgres://{USER}@127.0.0.1:{self.port}/postgres")
        await connection.execute("CREATE DATABASE bangpath")
        await connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "--pgdata", str(self._folder / "data"), *arguments]
        as_other = {"user": USER, "group": USER, "extra_groups": []} if os.getuid() == 0 else {}
        done = subprocess.run(
            command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **as_other
        )
        assert 0 == done.returncode, done.stderr


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
