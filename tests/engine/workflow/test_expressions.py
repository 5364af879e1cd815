"""Conditions are checked when they are saved, are bounded in what they cost, and answer yes, no or an error."""

from datetime import UTC, datetime
from typing import Any

import cel
import pytest

from engine.workflow.complaints import Complaints
from engine.workflow.expressions import FUNCTIONS, METHODS, Expression, ExpressionError, read_expression
from engine.workflow.scope import Known, Scope
from engine.workflow.tokens import COMPREHENSIONS

NOW = datetime(2026, 5, 3, 10, 0, tzinfo=UTC)


@pytest.fixture
def known(collections) -> Known:
    return Known(collections, None, (), frozenset({"find", "send-note"}))


def compiled(source: str, known: Known) -> Expression:
    complaints = Complaints()
    expression = read_expression(source, known, complaints)
    assert [] == [complaint.message for complaint in complaints.found]
    assert expression is not None
    return expression


def complaints_of(source: str, known: Known) -> list[str]:
    complaints = Complaints(("expression",))
    read_expression(source, known, complaints)
    return [complaint.message for complaint in complaints.found]


def scope_of(data: Any, **jobs: Any) -> Scope:
    return Scope({"data": data, "user": {"id": 1}}, jobs, NOW)


DATA: dict[str, Any] = {
    "title": "Hello",
    "content": None,
    "readCount": 3,
    "rating": 1.5,
    "wide": 2**70,
    "tags": [{"name": "a"}, {"name": "b"}],
    "createdAt": "2026-05-03T09:00:00.000Z",
    "nested": {"deep": [[1, None], {"x": True}]},
}


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("context.data.title == 'Hello'", True),
        ("size(context.data.title) > 200", False),
        ("context.data.content == null", True),
        ("has(context.data.missing)", False),
        ("has(context.data.missing) && context.data.missing > 1", False),
        ("context.data.readCount + 1 == 4", True),
        ("context.data.readCount > context.data.rating", True),
        ("context.data.wide == '1180591620717411303424'", True),
        ("context.data.nested.deep[0][1] == null && context.data.nested.deep[1].x", True),
        ("context.data.tags.exists(t, t.name == 'b')", True),
        ("context.data.tags.all(t, t.name == 'b')", False),
        ("context.data.tags.map(t, t.name) == ['a', 'b']", True),
        ("'a' in context.data.tags.map(t, t.name)", True),
        ("context.data.title.matches('^H.*o$')", True),
        ("user.id == 1 && jobs.find.count == 2", True),
        ("jobs['send-note'] == null", True),
        ("now - timestamp(context.data.createdAt) < duration('2h')", True),
        ("now.getFullYear() == 2026", True),
        ("3 / 2 == 1", True),
    ],
)
def test_a_condition_answers_yes_or_no(known, source, answer):
    """JSON values arrive as what they are; integers beyond 64 bits as text, the time as a timestamp."""
    scope = scope_of(DATA, **{"find": {"count": 2}, "send-note": None})

    assert answer is compiled(source, known).decide(scope)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("context.data.missing == 1", "ask for it with has() first"),
        ("context.data.readCount * 1.5 > 1.0", "does not coerce between types"),
        ("context.data.title > 1", "No such overload"),
        ("size(context.data.readCount) > 1", "'size' cannot be applied to values of these types"),
        ("1 / (context.data.readCount - 3) == 1", "division by zero"),
        ("context.data.readCount + 9223372036854775807 > 0", "overflow"),
        ("context.data.tags[7].name == 'a'", "out of bounds"),
        ("timestamp(context.data.title) < now", "timestamp"),
        ("context.data.title", "answers true or false, this one a value of type str"),
        ("context.data.content", "a value of type null"),
    ],
)
def test_what_has_no_answer_is_an_error(known, source, reason):
    """The engine's own message says why."""
    with pytest.raises(ExpressionError, match="(?i)" + reason.replace("(", r"\(").replace(")", r"\)")):
        compiled(source, known).decide(scope_of(DATA))


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("1 +", "The expression cannot be read, line 1, column 4: mismatched input '<EOF>'."),
        ("true &&\n  'a", "The expression cannot be read, line 2, column 3: token recognition error at: ''a'."),
        ("", "The expression cannot be read, line 1, column 1: mismatched input '<EOF>'."),
        ("$context.data", "The expression cannot be read, line 1, column 1: token recognition error at: '$'."),
        ("contxt.data == 1", "'contxt' is not a variable. Did you mean 'context'?"),
        ("jobs.fnd == 1", "No node before this one has the key 'fnd'. Did you mean 'find'?"),
        ("jobs.send-note == 1", "'note' is not a variable."),
        (".context.data == 1", "'.context' is not a variable. Did you mean 'context'?"),
        ("context.data.tags.all(t, tt)", "'tt' is not a variable."),
        ("siez(context.data) > 1", "'siez' is not a function. Did you mean 'size'?"),
        ("context.data.title.startWith('a')", "'startWith' is not a method. Did you mean 'startsWith'?"),
        ("scopes.loop.item", "'scopes' is empty here: no loop is around this node."),
        ("1", "A condition answers true or false, this one a value of type int."),
        ("'yes'", "A condition answers true or false, this one a value of type str."),
        ("1 / 0 == 1", "division by zero in CEL expression"),
        ("'a'.matches('(')", "The pattern '(' of 'matches' cannot be read."),
        ("context.data.title.matches(r'[a-')", "The pattern '[a-' of 'matches' cannot be read."),
        ("context.data.a.matches('a') || context.data.b.matches('*')", "The pattern '*' of 'matches' cannot be read."),
    ],
)
def test_what_cannot_be_read_or_found_is_told_when_it_is_saved(known, source, complaint):
    """Syntax with its place, names with what was probably meant, and what fails whatever there will be."""
    assert complaint in complaints_of(source, known)


@pytest.mark.parametrize(
    "source",
    [
        "1" + "+1" * 100_000,
        "(" * 100_000,
        "1" + "+1" * 1_000,
        "(" * 900 + "1" + ")" * 900,
        "[" * 33 + "]" * 33,
        "[1].map(a, [1].map(b, [1].map(c, 1)))",
        "[1].all(a, ([1].exists(b, [[1].filter(c, true)] == [])))",
        "context.data.a.matches(context.data.b)",
        "context.data.a.matches('a' + 'b')",
        "context.data.all(a, a.matches('a'))",
        " && ".join(["'a'.matches('a')"] * 6),
    ],
)
def test_what_could_cost_too_much_is_refused_unread(known, source):
    """Length, brackets, comprehensions and patterns are bounded before CEL sees the text."""
    (complaint, *_) = complaints_of(source, known)

    assert "cannot be read" not in complaint


@pytest.mark.parametrize(
    "source", ["!" * 1_990 + "true", "1" + "+1" * 990, "true" + "&&true" * 330, "-" * 1_990 + "1", "1?1:" * 490 + "1"]
)
def test_what_is_within_the_bounds_does_not_crash_the_process(known, source):
    """It is compiled or complained about."""
    complaints = Complaints()

    assert (read_expression(source, known, complaints) is None) is bool(complaints.found)


@pytest.mark.parametrize(
    "source",
    [
        "context.data.l.map(a, context.data.l.map(b, a * b)).size() > 0",
        "context.data.l.all(a, context.data.l.all(b, a + b >= 0))",
        "context.data.o.all(a, context.data.o.all(b, a != ''))",
        " && ".join(["context.data.l.all(a, context.data.l.all(b, true))"] * 30),
        "context.data.l.all(a, context.data.l.all(b, {}))".format(" && ".join(["a + b >= 0"] * 5)),
        "context.data.l.all(a, !context.data.text.contains('b'))",
        "context.data.text.matches('(a+)+$') && context.data.l.all(a, true)",
        "(context.data.l + context.data.l + context.data.l).all(a, true)",
    ],
)
def test_going_through_lists_within_the_bounds_is_decided(known, source):
    """Two hundred items, twice nested, and a long text: the most that there may be, and it has an answer."""
    data = {"l": list(range(200)), "o": {str(n): n for n in range(200)}, "text": "a" * 50_000}
    expression = compiled(source, known)

    assert isinstance(expression.decide(scope_of(data)), bool)


@pytest.mark.parametrize(
    "source",
    [
        "(context.data.l + context.data.l).map(a, context.data.l.map(b, 1)).size() > 0",
        "(context.data.l + context.data.l).all(a, context.data.l.all(b, {}))".format(" && ".join(["a < b"] * 150)),
        "context.data.l.map(a, context.data.l.map(b, context.data.text + context.data.text)).size() > 0",
        "[1,2].all(a, context.data.long.all(b, true))",
        "context.data.wide.all(b, true)",
    ],
)
def test_going_through_too_much_is_an_error(known, source):
    """The bound is on what was really handed over, so it is found when the node runs."""
    data = {
        "l": list(range(200)),
        "text": "a" * 50_000,
        "long": list(range(201)),
        "wide": {str(number): 1 for number in range(201)},
    }

    with pytest.raises(ExpressionError, match=r"too long|can be gone through"):
        compiled(source, known).decide(scope_of(data))


def test_a_long_list_that_is_not_named_is_in_nobodys_way(known):
    """A record with many comments does not end the workflows that look at its tags."""
    data = {"tags": [1], "comments": [{"content": "a" * 100_000}] * 5_000}

    assert compiled("context.data.tags.exists(t, t == 1)", known).decide(scope_of(data))


def test_a_long_list_can_be_measured(known):
    """The bound is on going through a list, and asking for its length does not."""
    assert compiled("size(context.data.l) == 5000", known).decide(scope_of({"l": [0] * 5_000}))


def test_only_the_variables_that_are_used_are_handed_over(known):
    """A name that a comprehension binds is none, even if it is called like one."""
    expression = compiled("context.data.all(user, user == 1)", known)

    assert ("context",) == expression.variables


def test_every_function_and_method_that_is_known_exists():
    """What is accepted when a workflow is saved is there when it runs."""
    values = ("'a'", "1", "'1h'", "'2026-05-03T10:00:00Z'", "timestamp('2026-05-03T10:00:00Z')", "[1]", "{'a': 1}.a")
    calls = {name: [f"{name}({value})" for value in values] for name in FUNCTIONS}
    for name in METHODS:
        argument = "x, true" if name in COMPREHENSIONS else "'a'"
        calls[name] = [f"{value}.{name}({given})" for value in values for given in ("", argument)]

    assert [] == [name for name, tried in calls.items() if not any(works(call) for call in tried)]


def works(expression: str) -> bool:
    try:
        cel.compile(expression).execute({})
    except (RuntimeError, TypeError, ValueError):
        return False
    return True
