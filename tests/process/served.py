"""The service as a process of its own: started as a person starts it, ended as people and machines end it."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"
SECONDS = 30.0
START_SECONDS = 120.0
"""A machine that does much else may take so long."""
# As the installed command does: nothing is looked for in the working directory before we say so.
BANGPATH = (sys.executable, "-P", "-m", "api")

Value = TypeVar("Value")


def command(home: Path, *arguments: str, cwd: Path = ROOT, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `bangpath` to its end. `settings` are without the prefix and in small letters."""
    return subprocess.run(
        [*BANGPATH, *arguments],
        cwd=cwd,
        env=environment(home, settings),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


class Stopped(AssertionError):
    """The service has ended before it has said where it is."""


class Served:
    """A service that was started over `home`. What it writes is in two files beside each other."""

    def __init__(self, home: Path, *, cwd: Path = ROOT, bangpath: Sequence[str] = BANGPATH, **settings: str) -> None:
        self.home = home
        self._output = home.parent / f"{home.name}.{time.monotonic_ns()}.out"
        self._errors = self._output.with_suffix(".err")
        begun = time.monotonic()
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*bangpath, "serve"],
                cwd=cwd,
                env=environment(home, {"port": "0", **settings}),
                stdout=output,
                stderr=errors,
            )
        try:
            self.url = until(self._address, START_SECONDS)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        self.start_seconds = time.monotonic() - begun
        token = _token(self.output) or command(home, "token", cwd=cwd, **settings).stdout.strip()
        headers = {"Authorization": f"Bearer {token}"}
        self.client = httpx.Client(base_url=self.url, headers=headers, timeout=SECONDS)

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    def post(self, path: str, values: Any) -> Any:
        """What the service answers to root, which has to be success."""
        response = self.client.post(f"/api/{path}", json=values)
        assert 200 == response.status_code, response.text
        return response.json()

    def end(self, number: signal.Signals) -> int:
        """Send a signal, and tell how the process ended: its exit status, or the negative number of the signal."""
        self.client.close()
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def kill(self) -> None:
        """Pull the plug."""
        assert -signal.SIGKILL == self.end(signal.SIGKILL)

    def _address(self) -> str | None:
        if self.process.poll() is not None:
            raise Stopped(f"the service has stopped:\n{self.errors}")
        # The last line is the last command.
        found = re.search(r"REST +(\S+)/api\n.*executions:list.*\n", self.output, re.DOTALL)
        return found and found[1]


def rows(home: Path, statement: str, *values: Any) -> list[Any]:
    """What the database answers, whether or not a service is there; a row of one column is its value."""
    with sqlite3.connect(home / "bangpath.db", timeout=30) as database:
        found = database.execute(statement, values).fetchall()
    database.close()
    return [row[0] if len(row) == 1 else row for row in found]


def until(look: Callable[[], Value | None], seconds: float = SECONDS, pause: float = 0.02) -> Value:
    """What `look` answers as soon as that is something."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"nothing was seen in {seconds:g} s"
        time.sleep(pause)
    return seen


def environment(home: Path, settings: dict[str, str]) -> dict[str, str]:
    """The environment of a process over `home`: nothing of ours is inherited."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BANGPATH_")}
    given = {f"BANGPATH_{name.upper()}": value for name, value in settings.items()}
    return {**inherited, "PYTHONPATH": str(ROOT), "BANGPATH_HOME": str(home), **given}


def _token(welcome: str) -> str | None:
    """The token that the sample application shows."""
    found = re.search(r"Authorization: Bearer (eyJ[^']+)'", welcome)
    return found and found[1]
