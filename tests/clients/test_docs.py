"""Does what docs/clients.md says, each section at a new service; what is printed has to be what it shows."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.javascript import node
from tests.process.served import PASSWORD, ROOT, Served
from tests.terminal import terminal
from tests.test_readme import comparable, steps

CLIENTS = (ROOT / "docs" / "clients.md").read_text()
HOST = "localhost:3000"


def section(title: str) -> str:
    return next(part for part in CLIENTS.split("\n## ") if part.startswith(f"{title}\n"))


def code(title: str, language: str) -> str:
    """The blocks of a section, which are one program."""
    return "".join(re.findall(rf"^```{language}\n(.*?)^```$", section(title), re.DOTALL | re.MULTILINE))


def shown(program: str) -> str:
    """What a program prints, as it says itself: behind each line that does is a comment."""
    return "".join(
        f"{text}\n" for text in re.findall(r"(?:console\.log|print)\(.*(?:;| ) (?://|#) (.*)$", program, re.M)
    )


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """A service that nobody has used yet."""
    served = Served(tmp_path / "home", root_password=PASSWORD)
    yield served
    served.kill()


def at(served: Served, text: str) -> str:
    assert HOST in text
    return text.replace(HOST, served.url.removeprefix("http://"))


def test_curl(fresh: Served, tmp_path: Path) -> None:
    """Each command shows what stands below it."""
    with terminal(tmp_path, PASSWORD=PASSWORD) as typing:
        for step in steps(section("curl")):
            seen = typing.run(at(fresh, step.command))

            assert comparable(step.shown) == comparable(seen), step.command


@pytest.mark.parametrize("title", ["fetch", "@nocobase/sdk"])
def test_javascript(fresh: Served, title: str) -> None:
    program = code(title, "js")
    done = node("--input-type=module", "--eval", at(fresh, program), url=fresh.url)

    assert shown(program) == done.stdout
    assert done.stdout


def test_python(fresh: Served) -> None:
    program = code("gql", "python")
    done = subprocess.run(
        [sys.executable, "-c", at(fresh, program)],
        cwd=ROOT,
        env={**os.environ, "PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (shown(program), "") == (done.stdout, done.stderr)
    assert done.stdout
