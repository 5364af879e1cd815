"""A service as a person starts it: a process of its own, with nothing but its settings."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"
SECONDS = 30.0

Value = TypeVar("Value")


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of a new service whose root has `PASSWORD`; it has to stop by itself when asked to."""
    output = home / "output.txt"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BANGPATH_")} | {
        "BANGPATH_HOME": str(home),
        "BANGPATH_PORT": "0",
        "BANGPATH_ROOT_PASSWORD": PASSWORD,
        "PYTHONUNBUFFERED": "1",
    }
    with output.open("wb") as writing:
        command = [sys.executable, "-m", "api", "serve"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=writing, stderr=subprocess.STDOUT)
    try:
        yield until(lambda: _address(process, output))
    finally:
        process.terminate()
        status = process.wait(SECONDS)
    assert 0 == status, output.read_text()


def until(look: Callable[[], Value | None], seconds: float = SECONDS) -> Value:
    """What `look` answers as soon as that is something."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"nothing was seen in {seconds:g} s"
        time.sleep(0.05)
    return seen


def _address(process: "subprocess.Popen[bytes]", output: Path) -> str | None:
    told = output.read_text()
    assert process.poll() is None, f"the service has stopped:\n{told}"
    found = re.search(r"GraphiQL +(\S+)/graphql", told)
    return found and found[1]
