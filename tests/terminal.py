"""A person at a terminal: an interactive bash, where `!` in double quotes is history and jobs are announced."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect

PROMPT = "[at the prompt] "
SECONDS = 60
# What the settings and the arguments of somebody's `make test` would do to the `make serve` of a test.
LEFT_OUT = ("BANGPATH_", "MAKE", "MFLAGS", "ARGS")


class Terminal:
    """Types commands into bash, and reads what appears."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._bash: pexpect.spawn[str] = pexpect.spawn(
            "bash",
            # Without its line editor, which would paint what is typed.
            ["--norc", "--noprofile", "--noediting", "-i"],
            cwd=str(folder),
            env={**environment, "PS1": PROMPT, "PS2": "", "HISTFILE": "/dev/null", "TERM": "dumb"},
            encoding="utf-8",
            echo=False,
            timeout=SECONDS,
        )
        self.until_prompt()

    def run(self, command: str) -> str:
        """What a command shows until it ends."""
        self._bash.sendline(command)
        return self.until_prompt()

    def start(self, command: str, end: str) -> str:
        """What a command that goes on shows until a line matches `end`; that it stopped instead is a failure."""
        self._bash.sendline(command)
        index = self._bash.expect([f"{end}\r\n", pexpect.TIMEOUT, re.escape(PROMPT)])
        shown = f"{self._bash.before}{self._bash.after if index == 0 else ''}".replace("\r\n", "\n")
        assert index == 0, f"{command} did not get so far:\n{shown}"
        return shown

    def interrupt(self) -> str:
        """What the command that goes on still shows when Ctrl-C ends it."""
        self._bash.sendintr()
        return self.until_prompt()

    def until_prompt(self) -> str:
        """What a command that goes on still shows until it is ended by somebody else."""
        self._bash.expect_exact(PROMPT)
        return str(self._bash.before).replace("\r\n", "\n")

    def close(self) -> None:
        """End bash, and with the hang-up whatever runs in it still."""
        self._bash.close(force=True)


@contextmanager
def terminal(folder: Path, **variables: str) -> Iterator[Terminal]:
    """A terminal with no setting of ours but `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    opened = Terminal(folder, {**kept, **variables})
    try:
        yield opened
    finally:
        opened.close()
