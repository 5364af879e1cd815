"""Does what the README says, in its order, at terminals; what appears has to be what it shows.

The service is started by the README's own commands in a copy of the checkout. It takes a port that is free instead of
3000, so numbers of ports and processes are put in their places in what the README has typed.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.terminal import SECONDS, Terminal, terminal

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
NOT_COPIED = (".git", ".venv", "var", "tests", "__pycache__", ".*_cache", ".hypothesis")

PORT = re.compile(r"BANGPATH_PORT=(\d+)")
PROCESS = re.compile(r"process (\d+)")
URL = re.compile(r"127\.0\.0\.1:(\d+)/api")
DEFAULT_PORT = "3000"
REST = "…"
"""As the last line: here the README stops to show what appears."""

WELCOME_ENDS = r"executions:list\S+'"
# What is different each time, and the name it gets before two texts are compared. A token may be cut by a `…`.
MASKS = (
    (r"eyJ[\w.…-]+", "TOKEN"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
    (r"\b\d\d:\d\d:\d\d\b", "TIME"),
    (r"(?<=Password  )\S+(?=  \(shown)", "PASSWORD"),
    (r"(?<=process )\d+", "PROCESS"),
    (r"(?<=127\.0\.0\.1:)\d+", "PORT"),
    (r"[1-9]\d*(?= executions unfinished)", "SOME"),
    # The virtual environment of this checkout is there already.
    (r"Installing what requirements\.lock pins \.\.\.\n", ""),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A command as it is typed, and what the README shows of it."""

    command: str
    shown: str

    @property
    def serves(self) -> bool:
        return self.command.endswith("make serve")

    @property
    def looks(self) -> bool:
        """Whether it only looks at what workflows did: that may follow the answer by a moment."""
        return "executions" in self.command and "mutation" not in self.command


@dataclass(frozen=True, slots=True)
class Serving:
    """A service in a terminal of its own. `said` are its port and its process in the README, `true` those it has."""

    terminal: Terminal
    said: tuple[str, str]
    true: tuple[str, str]


def steps(text: str) -> Iterator[Step]:
    """The commands of the console blocks, each with what stands below it but for empty lines and our `# ` notes.

    >>> list(steps("```console\\n$ echo a \\\\\\n    b\\na b\\n$ true\\n```"))
    [Step(command='echo a \\\\\\n    b', shown='a b\\n'), Step(command='true', shown='')]
    """
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines(keepends=True)
            length = next(n for n in range(1, len(lines) + 1) if _complete("".join(lines[:n])))
            shown = [line for line in lines[length:] if line.strip() and not line.startswith("# ")]
            yield Step("".join(lines[:length]).rstrip("\n"), "".join(shown))


def _complete(command: str) -> bool:
    """Whether the lines are all of a command: no open quotes, no backslash at the end, no here-document without one."""
    here = re.search(r"<<'(\w+)'", command)
    if here:
        return command.endswith(f"\n{here[1]}\n")
    return command.count("'") % 2 == 0 and not command.endswith("\\\n")


def comparable(text: str) -> object:
    """What has to be the same. JSON may be wrapped between its members, and where a text has a blank."""
    for pattern, name in MASKS:
        text = re.sub(pattern, name, text)
    try:
        return json.loads(" ".join(line.strip() for line in text.splitlines()))
    except ValueError:
        return "\n".join(line for line in text.splitlines() if line.strip())


class Session:
    """The terminals of somebody who follows the README: one to type in, and one for each service."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._typing = stack.enter_context(terminal(folder))
        self._services: dict[str, Serving] = {}

    def follow(self, step: Step) -> None:
        expected = comparable(step.shown)
        seen = comparable(self._serve(step) if step.serves else self._type(step, expected))

        assert expected == _cut(seen, expected), step.command

    def end(self) -> str:
        """What the services still show when Ctrl-C ends them: the lines of requests, and any complaint."""
        return "".join(service.terminal.interrupt() for service in self._services.values())

    def _type(self, step: Step, expected: object) -> str:
        deadline = time.monotonic() + SECONDS
        while True:
            shown = self._typing.run(self._true(step.command))
            if not step.looks or expected == _cut(comparable(shown), expected) or time.monotonic() > deadline:
                return shown

    def _serve(self, step: Step) -> str:
        """Start a service, for the second time where the first was killed."""
        given = PORT.search(step.command)
        said = (given[1] if given else DEFAULT_PORT, _found(PROCESS, step.shown))
        before = self._services.get(said[0])
        if before:
            before.terminal.until_prompt()
        place = before.terminal if before else self._stack.enter_context(terminal(self._folder, BANGPATH_PORT="0"))
        shown = place.start(PORT.sub("BANGPATH_PORT=0", step.command), WELCOME_ENDS)
        self._services[said[0]] = Serving(place, said, (_found(URL, shown), _found(PROCESS, shown)))
        return shown

    def _true(self, command: str) -> str:
        for service in self._services.values():
            for said, true in zip(service.said, service.true, strict=True):
                command = re.sub(rf"\b{said}\b", true, command)
        return command


def _cut(seen: object, expected: object) -> object:
    """What was seen, as far as the README shows it."""
    if isinstance(seen, str) and isinstance(expected, str) and expected.endswith(f"\n{REST}"):
        return f"{seen[: len(expected) - len(REST)]}{REST}"
    return seen


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    assert found, text
    return found[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is here, with the virtual environment that is installed already."""
    copy = tmp_path / "bangpath"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (copy / ".venv").symlink_to(ROOT / ".venv")
    # Older than what is installed, whatever its date is here: a test must not have make install anything.
    os.utime(copy / "requirements.lock", (0, 0))
    return copy


def test_readme_shows_what_appears(checkout: Path) -> None:
    """Every command of the README shows what stands below it, and Ctrl-C ends the services without complaints."""
    with ExitStack() as stack:
        session = Session(checkout, stack)
        for step in steps(README):
            session.follow(step)

        assert [] == re.findall(r"Traceback|make: \*\*\*", session.end())


def test_readme_can_be_read_in_five_minutes() -> None:
    """It has at most 200 lines."""
    assert 200 >= len(README.splitlines())


def test_links_lead_somewhere() -> None:
    """Every file that the README links to is there."""
    linked = re.findall(r"(?:\]\(|src=\"|srcset=\")(?!https?:|#)([^)\"#]+)", README)

    assert [] == [path for path in linked if not (ROOT / path).exists()]
    assert linked


def test_table_names_what_graphql_has() -> None:
    """Every field and argument in the column of GraphQL is one of the schema."""
    schema = (ROOT / "docs" / "schema.graphql").read_text()
    cells = [line.split(" | ")[2] for line in README.splitlines() if line.startswith("| ") and line.count(" | ") == 2]
    code = "".join(re.findall(r"`[^`]+`", "".join(cells)))
    names = set(re.findall(r"\b[a-z]\w*", re.sub(r'"[^"]*"', "", code)))

    assert set() == {name for name in names if not re.search(rf"^  {name}[(:]|[( ]{name}:", schema, re.MULTILINE)}
    assert "createPost" in names
