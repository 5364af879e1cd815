"""What an expression names and can cost is told from its tokens, whatever stands in its strings and comments."""

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.workflow.tokens import COMPREHENSIONS, outline, tokenize

strings = st.sampled_from(
    [
        "'l.map(x, x)'",
        '"((("',
        r"'it\'s l.map(x, '",
        r'"a \" l.all(x, "',
        r"r'\'",
        "'''l.map(\n(x, 'x\"'''",
        '"""l.map(\n(x, "x\'"""',
        r"b'l.map(x'",
        r"br'\'",
        "''",
    ]
)


@st.composite
def nested(draw: st.DrawFn, depth: int) -> str:
    """An expression with `depth` comprehensions inside of each other, between strings and comments."""
    if depth == 0:
        return f"size({draw(strings)}) >= 0"
    macro = draw(st.sampled_from(COMPREHENSIONS))
    space = draw(st.sampled_from(["", " ", "\n", " // l.map(x, l.map(x,\n"]))
    return f"[1, 2].{space}{macro}{space}({space}v{depth}, {draw(nested(depth - 1))}) == {draw(strings)}"


@given(st.integers(0, 4).flatmap(lambda depth: st.tuples(st.just(depth), nested(depth))))
def test_nesting_is_counted_as_cel_reads_it(drawn):
    """Strings of every kind and comments do not count, and CEL agrees that they are what they seem."""
    depth, expression = drawn
    cel.compile(expression)

    assert depth == outline(expression).nesting
    assert [] == outline(expression).chains


@given(st.text(st.sampled_from("abr.()[]{},'\"\\/ \n01+-?:x"), max_size=60))
def test_no_text_makes_the_tokenizer_fail(text):
    """Whatever comes, there are tokens, and together they are no longer than the text."""
    assert len(text) >= sum(len(token.text) for token in tokenize(text))
    assert 0 <= outline(text).nesting <= outline(text).depth


@pytest.mark.parametrize(
    ("expression", "chains"),
    [
        ("context.data.title", [("context", "data", "title")]),
        ("context.data['title'].x", [("context", "data", "title", "x")]),
        ("context.data[user.id]", [("context", "data"), ("user", "id")]),
        ("context.data.title.startsWith('a')", [("context", "data", "title")]),
        ("size(jobs.find) > 1u", [("jobs", "find")]),
        ("has(context.data.x) && !true", [("context", "data", "x")]),
        ("context.tags.all(t, t.name == user.id)", [("context", "tags"), ("user", "id")]),
        ("x && l.all(x, x) && x", [("x",), ("l",), ("x",)]),
        ("l.all((x), x)", [("l",)]),
        (".context.data", [(".context", "data")]),
        ("'context.data'", []),
        ("{'a': b}.a", [("b",)]),
        ("1.5e3 + .5", []),
    ],
)
def test_variables_are_found_with_the_names_behind_them(expression, chains):
    """Names that a comprehension binds are no variables inside of it."""
    assert chains == outline(expression).chains


def test_calls_are_found():
    """Functions and methods are told apart."""
    made = outline("size(a.b()) + a.size(c(1))")

    assert ["size", "c"] == made.functions
    assert ["b", "size"] == made.methods
