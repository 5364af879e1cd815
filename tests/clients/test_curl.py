"""NocoBase's documented commands, typed into a shell as they are, but for what a person has to put in its place.

Put in place are the token, the role and the key; single quotes stand round the URL, because an interactive bash takes
`!category` in double quotes for history, and the page forgot the backslash at the end of a line.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.process.served import Served
from tests.terminal import Terminal, terminal

CREATE = r"""curl -X POST -H 'Authorization: Bearer <token>' -H 'X-Role: <role>' -d \
  '{
    "title": "Hello, world!",
    "content": "This is a test post."
  }' \
  'http://localhost:3000/api/posts:create?triggerWorkflows=<key>'"""
CREATE_WITH_CATEGORY = r"""curl -X POST -H 'Authorization: Bearer <token>' -H 'X-Role: <role>' -d \
  '{
    "title": "Hello, world!",
    "content": "This is a test post.",
    "category": {
      "title": "Test category"
    }
  }' \
  'http://localhost:3000/api/posts:create?triggerWorkflows=<key>!category'"""

# Of the sample's roles all may create posts with their category and fire the two workflows.
ROLES = ("root", "admin", "editor", "member")


class Shell:
    """Somebody's interactive bash, with curl and the documentation."""

    def __init__(self, typing: Terminal, url: str, token: str) -> None:
        self._typing = typing
        self._url = url
        self._token = token

    def answer(self, command: str, role: str = "root", key: str = "post-created") -> Any:
        """The answer that a command of the documentation shows."""
        return json.loads(self.run(command, role, key))

    def run(self, command: str, role: str = "root", key: str = "post-created") -> str:
        """What a command of the documentation shows, after the replacements."""
        for said, put in {
            "curl ": "curl -sS ",  # no meter, which is for people
            "http://localhost:3000": self._url,
            "<token>": self._token,
            "<role>": role,
            "<key>": key,
        }.items():
            command = command.replace(said, put)
        return self._typing.run(command)


@pytest.fixture
def shell(served: Served, token: str, tmp_path: Path) -> Iterator[Shell]:
    with terminal(tmp_path) as typing:
        yield Shell(typing, served.url, token)


def fired(answer: Any) -> list[tuple[str, str | None]]:
    return [(workflow["key"], workflow["association"]) for workflow in answer["meta"]["workflows"]]


@pytest.mark.parametrize("role", ROLES)
def test_the_first_command_creates_and_fires(shell: Shell, role: str) -> None:
    answer = shell.answer(CREATE, role)

    assert ("Hello, world!", "This is a test post.") == (answer["data"]["title"], answer["data"]["content"])
    assert [("post-created", None), ("post-audit", None)] == fired(answer)


@pytest.mark.parametrize("role", ROLES)
def test_the_second_hands_over_the_category(shell: Shell, role: str) -> None:
    answer = shell.answer(CREATE_WITH_CATEGORY, role, "category-created")

    assert [("category-created", "category"), ("post-audit", None)] == fired(answer)


@pytest.mark.parametrize("command", [CREATE, CREATE_WITH_CATEGORY.replace("<key>!", "category-created!")])
def test_each_can_be_pasted_twice(shell: Shell, command: str) -> None:
    first, second = shell.answer(command), shell.answer(command)

    assert first["data"]["id"] < second["data"]["id"]
    assert fired(first) == fired(second)


def test_the_token_may_be_a_parameter(shell: Shell) -> None:
    """Without the header, the token stands in the URL."""
    command = CREATE.replace("-H 'Authorization: Bearer <token>' ", "").replace(
        "posts:create?", "posts:create?token=<token>&"
    )
    answer = shell.answer(command)

    assert [("post-created", None), ("post-audit", None)] == fired(answer)


@pytest.mark.parametrize(
    ("separator", "bang"), [(",", "!"), ("%2C", "%21"), ("%2c", "!"), ("%2C%20", "%21"), (",", "%21")]
)
def test_several_keys_however_they_are_escaped(shell: Shell, separator: str, bang: str) -> None:
    key = f"post-created{separator}category-created"
    answer = shell.answer(CREATE_WITH_CATEGORY.replace("!", bang), key=key)

    assert [("post-created", None), ("category-created", "category"), ("post-audit", None)] == fired(answer)


def test_global_workflows_need_no_parameter(shell: Shell) -> None:
    answer = shell.answer(CREATE.replace("?triggerWorkflows=<key>", ""))

    assert [("post-audit", None)] == fired(answer)


def test_in_double_quotes_bash_sends_nothing(shell: Shell) -> None:
    """The reason for the single quotes."""
    line = CREATE_WITH_CATEGORY.replace("\\\n", "").replace("\n", "")
    shown = shell.run(line.replace("'http", '"http').removesuffix("'") + '"')

    assert "bash: !category: event not found\n" == shown


def test_a_refusal_is_json_too(shell: Shell) -> None:
    answer = shell.answer(CREATE, key="post-craeted")

    assert ["TRIGGER_UNKNOWN"] == [error["code"] for error in answer["errors"]]
    assert "Did you mean 'post-created'?" in answer["errors"][0]["message"]
