"""Templates are read by a small grammar: names joined by dots between braces, and nothing that could be a program."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.workflow.templates import Fault, Variable, find, parse

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,8}", fullmatch=True)
variables = st.builds(lambda root, rest: Variable(root, tuple(rest)), names, st.lists(names, max_size=4))
texts = st.text(st.characters(exclude_characters="{}"), min_size=1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("no template", ("no template",)),
        ("{{$now}}", (Variable("now"),)),
        ("{{ $context.data.title }}", (Variable("context", ("data", "title")),)),
        ("{{$jobs.send-note.tags.0}}!", (Variable("jobs", ("send-note", "tags", "0")), "!")),
        ("{{$user.id}}{{$now}}", (Variable("user", ("id",)), Variable("now"))),
        ("a } b }} c { d", ("a } b }} c { d",)),
    ],
)
def test_a_template_is_text_and_variables(text, parts):
    """Braces in pairs hold a variable; single ones, and closing ones alone, are text."""
    assert parts == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ data.__class__ }}",
        '{{ data["__init__"] }}',
        "{{$context.data.__class__}}",
        "{{$_private}}",
        "{{$context.data[0]}}",
        "{{$context.data.title()}}",
        "{{$context.data.title | upper}}",
        "{{$context..data}}",
        "{{$context.}}",
        "{{$}}",
        "{{}}",
        "{{name}}",
        "{{ 1 + 1 }}",
        "{{$now",
        "{{{$now}}}",
    ],
)
def test_everything_else_between_braces_is_a_fault(text):
    """Attributes, indexes, calls, filters and names that begin with '_' are not part of the grammar."""
    assert any(isinstance(part, Fault) for part in parse(text))


@given(st.lists(st.one_of(texts, variables)))
def test_a_template_can_be_put_together_again(parts):
    """What was written as text comes out as text, what was written as a variable as that variable."""
    text = "".join(
        part if isinstance(part, str) else f"{{{{${'.'.join((part.root, *part.names))}}}}}" for part in parts
    )

    parsed = parse(text)

    assert [part for part in parts if isinstance(part, Variable)] == [p for p in parsed if isinstance(p, Variable)]
    assert "".join(p for p in parts if isinstance(p, str)) == "".join(p for p in parsed if isinstance(p, str))


@given(st.text(st.sampled_from("{}$._[]()'a0 \n")))
def test_no_text_makes_the_parser_fail(text):
    """Whatever comes, the parts are text, variables that a scope can look up, or faults."""
    for part in parse(text):
        assert isinstance(part, str | Fault | Variable)
        assert not isinstance(part, Variable) or not any(name.startswith("_") for name in (part.root, *part.names))


@pytest.mark.parametrize("piece", ["{", "{{", "{{$a", "{{}}", "{{$a}}", "{{ ", "}}{{"])
def test_a_megabyte_of_braces_is_read_to_its_end(piece):
    """Looking from each of them for the one that closes it would take hours."""
    text = piece * (1_000_000 // len(piece)) + "the end"
    last = parse(text)[-1]

    assert isinstance(last, Fault) or str(last).endswith("the end")


def test_templates_are_found_with_their_places():
    """Values are templates at any depth, names of members never are."""
    found = dict(find({"a": [{"{{$now}}": "{{$now}}"}, 1], "b": "text"}))

    assert {("a", 0, "{{$now}}"): (Variable("now"),)} == found
