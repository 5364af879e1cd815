"""The trigger arguments: their grammar, every row of the contract's table, and what comes of references that pass."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.actions import WorkflowRef
from engine.data.collections import Collections
from engine.errors import Code
from engine.outcomes import SkippedTrigger, SkipReason
from engine.system.models import WorkflowType
from engine.workflow.definition import Definition, Options
from engine.workflow.references import MAX_TRIGGERS, Checked, Reader, check, distinct, parse_references, reference
from engine.workflow.triggers.action import ActionConfig


class FakeWorkflows:
    """Knows a workflow for each of some collections, two more about posts, and two that are disabled."""

    def __init__(self) -> None:
        self.enabled = {f"of-{name}": name for name in ("posts", "categories", "banners", "users")}
        self.enabled |= {"private": "posts", "timer": "posts"}

    def find(self, key: str) -> Definition | None:
        return _definition(key, self.enabled[key]) if key in self.enabled else None

    def knows(self, key: str) -> bool:
        return key in self.keys()

    def keys(self) -> Sequence[str]:
        return [*self.enabled, "off", "private-off"]


def _definition(key: str, collection: str) -> Definition:
    # There is one type so far; another one is all that the check asks about.
    other: Any = "schedule"
    kind = other if key == "timer" else WorkflowType.ACTION
    config = ActionConfig(collection, False, frozenset(), (), None, frozenset())
    return Definition(1, key, 1, key, kind, False, True, config, Options(), (), {})


EVERYTHING = Reader(lambda key: True, lambda collection: True)


def may_not(trigger: str = "", read: str = "") -> Reader:
    return Reader(lambda key: not trigger or not key.startswith(trigger), lambda collection: collection != read)


def checked(collections: Collections, text: str, reader: Reader = EVERYTHING, **options: Any) -> Checked:
    return check(parse_references(text), collections["posts"], collections, FakeWorkflows(), reader, **options)


def codes(found: Checked) -> list[Code]:
    return [complaint.code for complaint in found.complaints]


ROWS = [
    # the grammar
    ("of-posts!", [Code.TRIGGER_SYNTAX]),
    ("!category", [Code.TRIGGER_SYNTAX]),
    ("!", [Code.TRIGGER_SYNTAX]),
    ("of-posts!category!banner", [Code.TRIGGER_SYNTAX]),
    ("of-posts!!category", [Code.TRIGGER_SYNTAX]),
    ("of-categories!category..banner", [Code.TRIGGER_SYNTAX]),
    ("of-categories!.category", [Code.TRIGGER_SYNTAX]),
    ("of-categories!category.", [Code.TRIGGER_SYNTAX]),
    ("of-categories! category", [Code.TRIGGER_SYNTAX]),
    ("of posts", [Code.TRIGGER_SYNTAX]),
    ('["of-posts"]', [Code.TRIGGER_SYNTAX]),
    ('{"key":"of-posts"}', [Code.TRIGGER_SYNTAX]),
    ("k" * 65, [Code.TRIGGER_SYNTAX]),
    # the workflow
    ("missing", [Code.TRIGGER_UNKNOWN]),
    ("Of-posts", [Code.TRIGGER_UNKNOWN]),
    ("off", [Code.TRIGGER_DISABLED]),
    ("timer", [Code.TRIGGER_KIND_MISMATCH]),
    # the path
    ("of-posts!nonsense", [Code.TRIGGER_PATH_UNKNOWN]),
    ("of-posts!title", [Code.TRIGGER_PATH_UNKNOWN]),
    ("of-posts!categoryId", [Code.TRIGGER_PATH_UNKNOWN]),
    ("of-categories!Category", [Code.TRIGGER_PATH_UNKNOWN]),
    ("of-banners!category.nonsense", [Code.TRIGGER_PATH_UNKNOWN]),
    ("of-users!author", [Code.TRIGGER_MANY_TO_ONE]),
    ("of-users!category.post.author", [Code.TRIGGER_MANY_TO_ONE]),
    ("of-users!author.nonsense", [Code.TRIGGER_MANY_TO_ONE]),
    ("of-posts!comments", [Code.TRIGGER_TO_MANY]),
    ("of-posts!tags", [Code.TRIGGER_TO_MANY]),
    ("of-posts!category.post.tags", [Code.TRIGGER_TO_MANY]),
    # where it ends
    ("of-categories", [Code.TRIGGER_COLLECTION_MISMATCH]),
    ("of-posts!category", [Code.TRIGGER_COLLECTION_MISMATCH]),
    ("of-categories!category.banner", [Code.TRIGGER_COLLECTION_MISMATCH]),
    # several faults of one reference, of several, and the order in which they are told
    ("missing!author", [Code.TRIGGER_UNKNOWN, Code.TRIGGER_MANY_TO_ONE]),
    ("off!nonsense", [Code.TRIGGER_DISABLED, Code.TRIGGER_PATH_UNKNOWN]),
    ("timer!category", [Code.TRIGGER_KIND_MISMATCH, Code.TRIGGER_COLLECTION_MISMATCH]),
    (
        "of-categories,of-posts!tags,of-users!author,of-posts!x,timer,off,missing,a!,of-posts",
        [
            Code.TRIGGER_SYNTAX,
            Code.TRIGGER_UNKNOWN,
            Code.TRIGGER_DISABLED,
            Code.TRIGGER_KIND_MISMATCH,
            Code.TRIGGER_PATH_UNKNOWN,
            Code.TRIGGER_MANY_TO_ONE,
            Code.TRIGGER_TO_MANY,
            Code.TRIGGER_COLLECTION_MISMATCH,
        ],
    ),
    (",".join(f"missing{number}" for number in range(MAX_TRIGGERS + 1)), [Code.TRIGGER_TOO_MANY]),
    # nothing is wrong
    ("", []),
    (" , ,", []),
    ("of-posts", []),
    ("of-categories!category", []),
    ("of-banners!category.banner", []),
    ("of-posts!category.post", []),
    (",".join(["of-posts"] * (MAX_TRIGGERS + 1)), []),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
async def test_each_situation_has_its_code_and_no_other(collections, text, expected):
    found = checked(collections, text)

    assert expected == codes(found)
    assert () == found.skipped
    assert bool(expected) or len(distinct(parse_references(text))) == len(found.triggers)


FORBIDDEN = [
    ("private", may_not(trigger="private"), [Code.TRIGGER_FORBIDDEN]),
    ("private-off", may_not(trigger="private"), [Code.TRIGGER_DISABLED, Code.TRIGGER_FORBIDDEN]),
    ("of-categories!category", may_not(read="categories"), [Code.TRIGGER_FORBIDDEN]),
    ("of-banners!category.banner", may_not(read="banners"), [Code.TRIGGER_FORBIDDEN]),
    ("of-posts!category", may_not(read="categories"), [Code.TRIGGER_COLLECTION_MISMATCH, Code.TRIGGER_FORBIDDEN]),
    # What the record itself is about was asked of the action's own grant.
    ("of-posts", may_not(read="posts"), []),
    ("missing", may_not(trigger="missing"), [Code.TRIGGER_UNKNOWN]),
]


@pytest.mark.parametrize(("text", "reader", "expected"), FORBIDDEN)
async def test_what_the_role_may_not_is_told_last(collections, text, reader, expected):
    assert expected == codes(checked(collections, text, reader))


@pytest.mark.parametrize("rest", ["banner", "nonsense", "post", "post.author", "post.tags", "title"])
async def test_nothing_tells_what_is_behind_a_collection_that_may_not_be_read(collections, rest):
    """Whether a relation is there, and of which kind, is answered alike."""
    (complaint,) = checked(collections, f"of-banners!category.{rest}", may_not(read="categories")).complaints

    assert Code.TRIGGER_FORBIDDEN == complaint.code
    assert "'categories'" in complaint.message


async def test_a_key_almost_right_is_suggested_unless_the_role_may_not_trigger_it(collections):
    (close,) = checked(collections, "privat").complaints
    (hidden,) = checked(collections, "privat", may_not(trigger="private")).complaints

    assert close.message.endswith("Did you mean 'private'?")
    assert "Did you mean" not in hidden.message


async def test_complaints_name_the_trigger_and_its_place(collections):
    first, second = checked(collections, "of-posts,of-users!author,missing").complaints

    assert (("triggerWorkflows", 2), "missing") == (first.path, first.details["trigger"])
    assert (("triggerWorkflows", 1), "of-users!author") == (second.path, second.details["trigger"])


async def test_a_many_to_one_is_refused_with_relation_and_both_collections(collections):
    (complaint,) = checked(collections, "of-users!author").complaints

    assert {"relation": "author", "from": "posts", "to": "users"}.items() <= complaint.details.items()
    assert "'author' of 'posts' is many-to-one to 'users'" in complaint.message


async def test_a_mismatch_names_what_is_expected_and_what_is_reached(collections):
    (complaint,) = checked(collections, "of-posts!category").complaints

    assert {"expected": "posts", "reached": "categories"}.items() <= complaint.details.items()


async def test_references_that_pass_become_triggers_in_the_order_named(collections):
    found = checked(collections, " of-banners!category.banner ,, of-posts,of-categories!category,of-posts")

    assert [("of-banners", "category.banner", "banners"), ("of-posts", None, "posts")] == [
        (trigger.definition.key, trigger.association, trigger.collection) for trigger in found.triggers[:2]
    ]
    assert 3 == len(found.triggers)


async def test_the_same_key_with_two_paths_is_two_triggers(collections):
    found = checked(collections, "of-posts,of-posts!category.post,of-posts")

    assert [None, "category.post"] == [trigger.association for trigger in found.triggers]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("missing!category", SkipReason.TRIGGER_UNKNOWN),
        ("off!category", SkipReason.TRIGGER_DISABLED),
        ("timer!category", SkipReason.TRIGGER_KIND_MISMATCH),
        ("of-posts!category", SkipReason.TRIGGER_COLLECTION_MISMATCH),
    ],
)
async def test_lenient_skips_what_does_not_fit_and_runs_the_rest(collections, text, reason):
    found = checked(collections, f"{text},of-posts", lenient=True)

    assert () == found.complaints
    assert (SkippedTrigger(text.partition("!")[0], "category", reason),) == found.skipped
    assert ["of-posts"] == [trigger.definition.key for trigger in found.triggers]


@pytest.mark.parametrize(
    ("text", "reader", "expected"),
    [
        ("a!!b", EVERYTHING, [Code.TRIGGER_SYNTAX]),
        ("missing!nonsense", EVERYTHING, [Code.TRIGGER_PATH_UNKNOWN]),
        ("missing!author", EVERYTHING, [Code.TRIGGER_MANY_TO_ONE]),
        ("off!tags", EVERYTHING, [Code.TRIGGER_TO_MANY]),
        ("private-off", may_not(trigger="private"), [Code.TRIGGER_FORBIDDEN]),
        ("of-posts!category", may_not(read="categories"), [Code.TRIGGER_FORBIDDEN]),
    ],
)
async def test_lenient_forgives_neither_syntax_nor_relations_nor_rights(collections, text, reader, expected):
    found = checked(collections, text, reader, lenient=True)

    assert expected == codes(found)
    assert () == found.skipped


KEYS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)
REFS = st.builds(WorkflowRef, KEYS, st.lists(NAMES, max_size=4).map(tuple))


def render(refs: Sequence[WorkflowRef]) -> str:
    return ",".join("!".join([ref.key, ".".join(ref.path)] if ref.path else [ref.key]) for ref in refs)


@given(st.lists(REFS, max_size=6))
def test_what_is_written_is_read_again(refs):
    assert distinct(refs) == parse_references(render(refs))


@given(st.lists(REFS, max_size=6), st.sampled_from([" ", "\t", ""]), st.sampled_from([",", ",,", " , "]))
def test_spaces_around_items_and_empty_items_say_nothing(refs, space, comma):
    text = comma.join(f"{space}{render([ref])}{space}" for ref in refs)

    assert distinct(refs) == parse_references(f"{comma}{text}{comma}")


@given(REFS)
def test_the_typed_form_says_the_same_as_the_text(ref):
    assert (reference(ref.key, ".".join(ref.path) or None),) == parse_references(render([ref]))


@pytest.mark.parametrize(("key", "association"), [("a!b", None), ("a,b", None), ("", None), ("a", ""), ("a", "b!c")])
def test_the_typed_form_has_the_grammar_of_the_text(key, association):
    assert reference(key, association).fault is not None


PIECES = st.sampled_from(
    ["of-posts", "category", "author", "tags", "banner", "!", "!", ".", ",", " ", "[", '"', "%", "é"]
)


@given(st.text(max_size=40) | st.lists(PIECES, max_size=12).map("".join))
def test_any_text_is_read_and_has_a_fault_exactly_where_it_does_not_say_what_was_read(text):
    refs = parse_references(text)
    items = list(dict.fromkeys(item.strip() for item in text.split(",") if item.strip()))

    assert items == [ref.key if ref.fault else render([ref]) for ref in refs]
    for ref in refs:
        key, bang, path = (ref.key if ref.fault else render([ref])).partition("!")
        good = _is_word(key, "-", 64) and (not bang or all(_is_name(name) for name in path.split(".")))

        assert good == (ref.fault is None)


async def test_every_fault_is_told_as_syntax(collections):
    found = checked(collections, "a!,!b,c!!d,e f,of-posts")

    assert [Code.TRIGGER_SYNTAX] * 4 == codes(found)
    assert [0, 1, 2, 3] == [complaint.path[1] for complaint in found.complaints]


def _is_word(text: str, more: str = "", longest: int = 1000) -> bool:
    return 0 < len(text) <= longest and all(c.isascii() and (c.isalnum() or c in "_" + more) for c in text)


def _is_name(text: str) -> bool:
    return _is_word(text) and not text[0].isdigit()
