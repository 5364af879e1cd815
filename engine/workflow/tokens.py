"""Splits a CEL expression into tokens, and tells from them what it names and how costly it can become."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

COMPREHENSIONS = ("all", "exists", "exists_one", "existsOne", "map", "filter")
"""The macros that go through a list. `map` and `filter` also build one, which costs the square of its length."""

_BUILDERS = ("map", "filter")
_WORDS = ("true", "false", "null", "in")
_OPENING = {"(": ")", "[": "]", "{": "}"}


class TokenKind(StrEnum):
    """What a token is. Comments and spaces are none."""

    STRING = "string"
    NUMBER = "number"
    NAME = "name"
    SIGN = "sign"


# As in CEL's grammar: strings in one or three quotes, with escapes unless they are raw. What is no token of CEL comes
# out as signs, and CEL itself complains about it.
_TOKEN = re.compile(
    r"""
    (?P<space> \s+ | //[^\n\r]* )
  | (?P<string>
        [bB]?[rR] (?: \"{3} .*? \"{3} | '{3} .*? '{3} | "[^"\n\r]*" | '[^'\n\r]*' )
      | [bB]? (?: \"{3} (?:\\.|[^\\])*? \"{3} | "(?:\\.|[^\\"\n\r])*" )
      | [bB]? (?: '{3} (?:\\.|[^\\])*? '{3} | '(?:\\.|[^\\'\n\r])*' )
    )
  | (?P<number> 0x[0-9a-fA-F]+[uU]? | (?: \d+ (?:\.\d+)? | \.\d+ ) (?:[eE][+-]?\d+)? [uU]? )
  | (?P<name> [A-Za-z_][A-Za-z0-9_]* )
  | (?P<sign> . )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)

Chain: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """One token, and how it is written. `text` of a string is what stands between its quotes, escapes as they are."""

    kind: TokenKind
    text: str
    source: str


@dataclass(slots=True)
class Outline:
    """What an expression is made of.

    `depth` counts brackets inside of brackets. `tokens` and `comprehensions` are numbers of them by how many
    comprehensions are around, a comprehension counted as around itself. `chains` are the variables, each with the
    names that follow it (`context.data.title`); those a comprehension binds are left out. `functions` and `methods`
    are what is called. `patterns` are those of `matches` that are written out; `computed_pattern` and `pattern_inside`
    say whether one is not, or is inside of a comprehension. `words` are all names and strings.
    """

    depth: int = 0
    tokens: Counter[int] = field(default_factory=Counter)
    comprehensions: Counter[int] = field(default_factory=Counter)
    builds: bool = False
    additions: int = 0
    commas: int = 0
    chains: list[Chain] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    patterns: list[Token] = field(default_factory=list)
    computed_pattern: bool = False
    pattern_inside: bool = False
    words: set[str] = field(default_factory=set)

    @property
    def nesting(self) -> int:
        """How deep comprehensions stand inside of each other; 0 without any."""
        return max(self.comprehensions, default=0)


@dataclass(frozen=True, slots=True)
class _Bracket:
    """An open bracket; `bound` is the name that it binds as the arguments of a comprehension, else None."""

    bound: str | None = None


def tokenize(expression: str) -> list[Token]:
    """The tokens of an expression. Never raises.

    >>> [token.text for token in tokenize("size(a.b) > 0 // a comment")]
    ['size', '(', 'a', '.', 'b', ')', '>', '0']
    """
    tokens = []
    for match in _TOKEN.finditer(expression):
        kind = match.lastgroup
        if kind == "string":
            tokens.append(Token(TokenKind.STRING, _inside(match.group()), match.group()))
        elif kind != "space":
            tokens.append(Token(TokenKind(str(kind)), match.group(), match.group()))
    return tokens


def outline(expression: str) -> Outline:
    """What the expression is made of, whether or not CEL can read it."""
    tokens = tokenize(expression)
    reader = _Reader(tokens)
    for index in range(len(tokens)):
        reader.read(index)
    return reader.outline


@dataclass(slots=True)
class _Reader:
    tokens: Sequence[Token]
    outline: Outline = field(default_factory=Outline)
    open: list[_Bracket] = field(default_factory=list)

    def read(self, index: int) -> None:
        token = self.tokens[index]
        self.outline.tokens[self._nesting] += 1
        if token.kind in (TokenKind.NAME, TokenKind.STRING):
            self.outline.words.add(token.text)
        if token.kind is TokenKind.NAME:
            self._name(index)
        elif token.kind is TokenKind.SIGN:
            self._sign(index)

    def _sign(self, index: int) -> None:
        sign = self.tokens[index].text
        self.outline.additions += sign == "+"
        self.outline.commas += sign == ","
        if sign in _OPENING:
            self.open.append(self._opened(index))
            self.outline.depth = max(self.outline.depth, len(self.open))
            if self.open[-1].bound is not None:
                self.outline.comprehensions[self._nesting] += 1
        elif sign in _OPENING.values() and self.open:
            self.open.pop()

    def _opened(self, index: int) -> _Bracket:
        if self._is(index, "(") and self._text(index - 1) in COMPREHENSIONS and self._is(index - 2, "."):
            self.outline.builds |= self._text(index - 1) in _BUILDERS
            # CEL also takes the name in brackets of its own.
            first = index + 1
            while self._is(first, "("):
                first += 1
            return _Bracket(self._text(first))
        return _Bracket()

    def _name(self, index: int) -> None:
        name = self._text(index)
        called = self._is(index + 1, "(")
        if self._is_member(index):
            if called:
                self.outline.methods.append(name)
                self._pattern(index, name)
        elif called:
            self.outline.functions.append(name)
        elif name not in _WORDS and not any(bracket.bound == name for bracket in self.open):
            self.outline.chains.append(self._chain(index))

    def _pattern(self, index: int, name: str) -> None:
        if name != "matches":
            return
        self.outline.pattern_inside |= self._nesting > 0
        if self._kind(index + 2) is TokenKind.STRING and self._is(index + 3, ")"):
            self.outline.patterns.append(self.tokens[index + 2])
        else:
            self.outline.computed_pattern = True

    def _chain(self, index: int) -> Chain:
        # With a dot in front CEL looks for another name, which never exists here.
        names = [f".{self._text(index)}" if self._is(index - 1, ".") else self._text(index)]
        index += 1
        while True:
            if self._is(index, ".") and self._kind(index + 1) is TokenKind.NAME and not self._is(index + 2, "("):
                names.append(self._text(index + 1))
                index += 2
            elif self._is(index, "[") and self._kind(index + 1) is TokenKind.STRING and self._is(index + 2, "]"):
                names.append(self._text(index + 1))
                index += 3
            else:
                return tuple(names)

    def _is_member(self, index: int) -> bool:
        """Whether a name is asked of the value before it."""
        if not self._is(index - 1, ".") or index < 2:
            return False
        return self._kind(index - 2) is not TokenKind.SIGN or self._text(index - 2) in _OPENING.values()

    @property
    def _nesting(self) -> int:
        return sum(bracket.bound is not None for bracket in self.open)

    def _text(self, index: int) -> str:
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def _kind(self, index: int) -> TokenKind | None:
        return self.tokens[index].kind if 0 <= index < len(self.tokens) else None

    def _is(self, index: int, sign: str) -> bool:
        return self._kind(index) is TokenKind.SIGN and self._text(index) == sign


def _inside(string: str) -> str:
    bare = string.lstrip("bBrR")
    quotes = 3 if bare.startswith(('"""', "'''")) and len(bare) >= 6 else 1
    return bare[quotes:-quotes]
