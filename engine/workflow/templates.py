"""The text of a template ⇄ its parts: `Thanks {{$user.nickname}}`. Pure, and linear in the length of the text."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SHOWN = 40

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """What stands between the braces: `$context.data.title` is root `context` and names `data`, `title`."""

    root: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Braces that hold no variable; `message` says why."""

    message: str


Part: TypeAlias = str | Variable | Fault
"""A piece of a template: text as it is, a variable, or what is wrong."""


def parse(text: str) -> tuple[Part, ...]:
    """The parts of a template, in order. Never raises.

    >>> parse("Hello {{ $user.nickname }}!")
    ('Hello ', Variable(root='user', names=('nickname',)), '!')
    """
    parts: list[Part] = []
    end = 0
    while (opened := text.find("{{", end)) >= 0:
        if opened > end:
            parts.append(text[end:opened])
        closed = text.find("}}", opened + 2)
        if closed < 0:
            return (*parts, Fault(f"'{_short(text[opened:])}' is not closed with '}}}}'."))
        parts.append(_variable(text[opened + 2 : closed]))
        end = closed + 2
    if end < len(text):
        parts.append(text[end:])
    return tuple(parts)


def find(value: Any, path: Path = ()) -> Iterator[tuple[Path, tuple[Part, ...]]]:
    """Every template in a JSON value, with its place. Names of members are never templates."""
    if isinstance(value, str):
        if "{{" in value:
            yield path, parse(value)
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from find(member, (*path, name))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from find(item, (*path, index))


def _variable(inner: str) -> Variable | Fault:
    root, *names = inner.strip().split(".")
    for name in (root.removeprefix("$"), *names):
        if name.startswith("_"):
            return Fault(f"'{_short(name)}' does not exist: no name begins with '_'.")
    if not root.startswith("$") or not all(_NAME.fullmatch(name) for name in (root[1:], *names)):
        return Fault(
            f"'{{{{{_short(inner)}}}}}' is not a variable: write names joined by dots, as in {{{{$user.id}}}}."
        )
    return Variable(root[1:], tuple(names))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
