"""What a document may ask for, and that counting it is cheap."""

import pytest
from graphql import parse

from engine.outcomes import Page
from schema.build import build_schema
from schema.limits import Limits, Size, complaints
from tests.schema.graphql.conftest import Door, codes

TOO_DEEP = "{ posts { items { " + "author { posts { " * 5 + "id" + " } }" * 5 + " } } }"
ALIASES = "{ " + " ".join(f"a{number}: checkAuth {{ id }}" for number in range(16)) + " }"


def doubling(fragments):
    """A document whose size doubles with every fragment: 9 tokens each."""
    chain = " ".join(
        f"fragment f{number} on Post {{ ...f{number + 1} ...f{number + 1} }}" for number in range(fragments)
    )
    return f"query {{ posts {{ items {{ ...f0 }} }} }} {chain} fragment f{fragments} on Post {{ a: id }}"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (TOO_DEEP, "13 levels deep"),
        (ALIASES, "16 aliases"),
        (doubling(6), "64 aliases"),
        ("{ " + "checkAuth { id } " * 31 + "}", "31 root fields"),
        ("{ " + "a " * 1000 + "}", "more than 1000 tokens"),
        ("{ posts(pageSize: 200) { items { tags { posts { id } } } } }", "84201 objects"),
    ],
)
async def test_larger_documents_are_refused(door, resolve, document, told):
    result = await door(document)

    assert result.data is None
    assert set(codes(result)) == {"GRAPHQL_INVALID"}
    assert any(told in error.message for error in result.errors), result.errors
    assert [] == resolve.actions


async def test_cost_knows_variables_and_their_defaults(door, resolve):
    resolve.answers = [Page([], 0, 1, 20)] * 3
    nested = "posts(pageSize: $n) { items { tags { id } comments { id } author { posts { id } } } }"

    assert None is (await door(f"query ($n: Int) {{ {nested} }}", n=100)).errors
    assert None is (await door(f"query ($n: Int = 100) {{ {nested} }}")).errors
    assert "12401 objects" in (await door(f"query ($n: Int = 1) {{ {nested} }}", n=200)).errors[0].message
    assert "12401 objects" in (await door(f"query ($n: Int) {{ {nested} }}", n=10**30)).errors[0].message


async def test_cost_counts_fragments_where_they_are_spread(door, resolve):
    document = "{ posts(pageSize: 200) { ...p } } fragment p on PostPage { items { tags { posts { id } } } }"

    assert "84201 objects" in (await door(document)).errors[0].message


async def test_introspection_fits(door):
    from graphql import get_introspection_query

    result = await door(get_introspection_query(input_value_deprecation=True))

    assert result.errors is None


def test_fragments_are_measured_once():
    """Walking each spread anew would take 2^60 steps, and never end."""
    document = parse(doubling(60))

    assert [f"The document has {2**60} aliases, 15 are allowed."] == list(complaints(document, Limits()))


def test_fragments_in_circles_end():
    document = parse("{ ...a } fragment a on Query { ...b x: checkAuth { id } } fragment b on Query { ...a }")

    assert 2 == Size(document).depth(Size(document).operations[0].selection_set)


async def test_bomb_of_fragments_is_refused(door, resolve):
    result = await door(doubling(60))

    assert {"GRAPHQL_INVALID"} == set(codes(result))
    assert [] == resolve.actions


async def test_documents_are_parsed_and_validated_once(door, resolve, monkeypatch):
    """Limits that made rules per request would be new to the cache each time."""
    resolve.answers = [Page([], 0, 1, 20)] * 2
    counted = []
    monkeypatch.setattr("schema.limits.complaints", lambda document, limits: counted.append(document) or ())

    await door("{ posts { count page } }")
    await door("{ posts { count page } }")

    assert 1 == len(counted)


async def test_long_documents_are_not_kept(door, resolve, monkeypatch):
    resolve.answers = [Page([], 0, 1, 20)] * 2
    counted = []
    monkeypatch.setattr("schema.limits.complaints", lambda document, limits: counted.append(document) or ())
    document = "{ posts { count } } # " + "x" * 10_000

    await door(document)
    await door(document)

    assert 2 == len(counted)


async def test_limits_can_be_set(sample, resolve):
    narrow = Door(build_schema(sample, Limits(depth=1)), resolve)

    assert {"GRAPHQL_INVALID"} == set(codes(await narrow("{ checkAuth { id } }")))


async def test_introspection_can_be_switched_off(sample, resolve):
    closed = Door(build_schema(sample, introspection=False), resolve)

    assert {"GRAPHQL_INVALID"} == set(codes(await closed("{ __schema { queryType { name } } }")))
    [error] = (await closed("{ poosts { count } }")).errors
    assert "Did you mean" not in error.message
