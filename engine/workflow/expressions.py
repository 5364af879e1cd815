"""Conditions in CEL: compiled when a document is read, bounded in what they may cost, asked when a node runs.

CEL runs in this process and holds the interpreter's lock while it does. Met in trials: six nested `map` in 193
characters ran for eleven seconds, 200 kB of `+1` crashed the process, a pattern is compiled anew for each item of a
list. Therefore the bounds below; the alternative, another process per evaluation, costs more than all other nodes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import cel

from engine.data.filters import did_you_mean
from engine.workflow.complaints import Complaints
from engine.workflow.scope import Known, Scope
from engine.workflow.tokens import COMPREHENSIONS, Outline, outline

MAX_CHARACTERS = 2_000
MAX_DEPTH = 32
MAX_NESTING = 2
MAX_ITEMS = 200
MAX_PATTERNS = 5
MAX_STEPS = 100_000_000
"""What comprehensions may cost, in tokens evaluated, items copied and characters looked at: a second at worst."""

FUNCTIONS = ("size", "has", "int", "uint", "double", "string", "bytes", "timestamp", "duration", "type", "dyn")
METHODS = (
    *("size", "contains", "startsWith", "endsWith", "matches"),
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    *COMPREHENSIONS,
)

_LONG = 1_000
_COPY = 5
_PLACE = re.compile(r"<input>:(\d+):(\d+): ([^\n]*)")
_UNDEFINED = re.compile(r"Undefined variable or function: '(\w+)'")
_FAILURES = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)


class ExpressionError(Exception):
    """An expression could not be evaluated; the message says why."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. `variables` are the roots that are handed over, all others are not even converted."""

    source: str
    variables: tuple[str, ...]
    outline: Outline = field(compare=False, repr=False)
    program: cel.Program = field(compare=False, repr=False)

    def decide(self, scope: Scope) -> bool:
        """The answer to a yes-or-no question. Raises `ExpressionError` for any other answer, and for none."""
        return self.answer({name: _root(scope, name) for name in self.variables})

    def answer(self, roots: Mapping[str, Any]) -> bool:
        """The same, of the variables as they are."""
        handing = _Handing(self.outline)
        handed = {name: handing.hand(value, name) for name, value in roots.items()}
        handing.check_cost()
        try:
            answer = self.program.execute(handed)
        except _FAILURES as error:
            raise ExpressionError(_reason(error)) from error
        if not isinstance(answer, bool):
            raise ExpressionError(f"A condition answers true or false, this one a value of type {_kind(answer)}.")
        return answer


def read_expression(source: str, known: Known, complaints: Complaints) -> Expression | None:
    """Compile an expression and complain about all it names that does not exist; None when it cannot be compiled, or
    has no answer whatever it is asked of."""
    if len(source) > MAX_CHARACTERS:
        complaints.add(f"An expression has at most {MAX_CHARACTERS} characters, this one has {len(source)}.")
        return None
    made = outline(source)
    found = len(complaints.found)
    for fault in _too_much(made):
        complaints.add(fault)
    if len(complaints.found) > found:
        return None
    try:
        program = cel.compile(source)
    except ValueError as error:
        complaints.add(_unreadable(str(error)))
        return None
    for fault in (*_unknown(made, known), *_unmatched(made)):
        complaints.add(fault)
    roots = {chain[0] for chain in made.chains}
    expression = Expression(source, tuple(name for name in program.variables() if name in roots), made, program)
    if not roots and len(complaints.found) == found:
        try:
            expression.answer({})
        except ExpressionError as error:
            # Of no variable it answers the same whenever it is asked.
            complaints.add(str(error))
            return None
    return expression


def _too_much(made: Outline) -> Iterable[str]:
    if made.depth > MAX_DEPTH:
        yield f"Brackets may nest {MAX_DEPTH} deep."
    if made.nesting > MAX_NESTING:
        yield f"{', '.join(COMPREHENSIONS)} may nest {MAX_NESTING} deep."
    if len(made.patterns) > MAX_PATTERNS:
        yield f"'matches' may be used {MAX_PATTERNS} times."
    if made.computed_pattern:
        yield "'matches' takes a pattern that is written out, in quotes."
    if made.pattern_inside:
        yield "'matches' cannot be asked for each item of a list: use 'contains', 'startsWith' or 'endsWith'."


def _unknown(made: Outline, known: Known) -> Iterable[str]:
    for chain in dict.fromkeys(made.chains):
        if fault := known.fault(chain[0], chain[1:]):
            yield fault
    for name in dict.fromkeys(made.functions):
        if name not in FUNCTIONS:
            yield f"'{name}' is not a function.{did_you_mean(name, FUNCTIONS)}"
    for name in dict.fromkeys(made.methods):
        if name not in METHODS:
            yield f"'{name}' is not a method.{did_you_mean(name, METHODS)}"


def _unmatched(made: Outline) -> Iterable[str]:
    for pattern in made.patterns:
        try:
            cel.compile(f"''.matches({pattern.source})").execute({})
        except _FAILURES:
            yield f"The pattern '{pattern.text}' of 'matches' cannot be read."


def _unreadable(message: str) -> str:
    found = _PLACE.search(message)
    if found is None:
        return "The expression cannot be read."
    line, column, reason = found.groups()
    # What CEL would have expected instead is a list of all that can begin an operand.
    reason = reason.partition(" expecting {")[0].removeprefix("Syntax error: ")
    return f"The expression cannot be read, line {line}, column {column}: {reason}."


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"There is no member {error}: ask for it with has() first."
    if undefined := _UNDEFINED.match(str(error)):
        # Names are checked when the document is saved, so what is missing is the variant for these types.
        return f"'{undefined[1]}' cannot be applied to values of these types."
    return str(error)


def _kind(answer: Any) -> str:
    return "null" if answer is None else type(answer).__name__


def _root(scope: Scope, name: str) -> Any:
    roots = {"context": scope.context, "jobs": scope.jobs, "scopes": scope.scopes, "user": scope.user, "now": scope.now}
    return roots[name]


@dataclass(slots=True)
class _Handing:
    """Converts values for CEL, and sums up what going through them can cost.

    Where there are comprehensions, long lists and texts that the expression does not name are left out, so that
    they cost nothing; long lists that it does name are refused.
    """

    outline: Outline
    longest_list: int = 1
    longest_text: int = 1

    def hand(self, value: Any, name: str) -> Any:
        """The value for CEL. `name` is the member's that holds it."""
        if isinstance(value, Mapping):
            self._count(len(value), name)
            return {key: self.hand(each, key) for key, each in value.items() if self._wanted(each, key)}
        if isinstance(value, list | tuple):
            self._count(len(value), name)
            return [self.hand(each, name) for each in value]
        if isinstance(value, str):
            self.longest_text = max(self.longest_text, len(value))
        # Beyond CEL's integers a number is its text, as it is everywhere on the wire.
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            return str(value)
        assert value is None or isinstance(value, bool | int | float | str | datetime), "a scope holds JSON values"
        return value

    def check_cost(self) -> None:
        """Raise `ExpressionError` when going through what was handed over would take too long."""
        if not self.outline.comprehensions:
            return
        # Lists can be joined by `+` and written into the expression.
        items = max(self.longest_list, self.outline.commas + 1) * (self.outline.additions + 1)
        # A list that is built is copied for each item that is added to it.
        each = self.longest_text + _COPY * items * self.outline.builds
        steps = sum(
            items**nesting * (tokens + self.outline.comprehensions[nesting] * each)
            for nesting, tokens in self.outline.tokens.items()
        )
        if steps > MAX_STEPS:
            raise ExpressionError("Going through these lists and texts would take too long: hand over less.")

    def _wanted(self, value: Any, name: str) -> bool:
        if not self.outline.comprehensions or name in self.outline.words:
            return True
        if isinstance(value, str):
            return len(value) <= _LONG
        return not isinstance(value, Mapping | list | tuple) or len(value) <= MAX_ITEMS

    def _count(self, items: int, name: str) -> None:
        self.longest_list = max(self.longest_list, items)
        if self.outline.comprehensions and items > MAX_ITEMS:
            raise ExpressionError(f"'{name}' has {items} items; at most {MAX_ITEMS} can be gone through.")
