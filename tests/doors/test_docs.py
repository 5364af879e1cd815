"""The page about filters lists every operator, and what it shows as examples can be asked."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from api.app import Service
from api.params import LIST, parse_params
from engine.data.filters import compile_filter
from engine.data.operators import OPERATORS
from engine.data.periods import days_of, parse_zone

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "filters.md").read_text()
SCHEMA = build_schema((DOCS / "schema.graphql").read_text())


def collection_of(example: str) -> str:
    return "workflows" if "enabled" in example else "posts"


def test_every_operator_is_listed_in_order() -> None:
    assert list(OPERATORS) == re.findall(r"^\| `(\$\w+)` \| \S", PAGE, re.MULTILINE)


def test_what_is_said_of_null_is_so() -> None:
    """An operator that is another's opposite finds it, the rest do not."""
    said = dict(re.findall(r"^\| `(\$\w+)` \|[^|]*\|[^|]*\| (yes|no)\b", PAGE, re.MULTILINE))

    assert {name: "yes" if operator.negative else "no" for name, operator in OPERATORS.items()} == said


@pytest.mark.parametrize("query", re.findall(r"`(filter\[[^`]+)`", PAGE))
async def test_examples_of_rest_are_understood(service: Service, query: str) -> None:
    name = collection_of(query)
    collections = service.engine.collections
    params = parse_params(query.encode(), f"{name}:list", LIST, page_limit=200)

    assert [] == compile_filter(collections, collections[name], params.filter)[1]


@pytest.mark.parametrize("given", re.findall(r"`(\{\w+: [^`]+)`", PAGE))
def test_examples_of_graphql_are_valid(given: str) -> None:
    if given == "{exists: false}":
        given = f"{{content: {given}}}"
    document = parse(f"{{ {collection_of(given)}(filter: {given}) {{ count }} }}")

    assert [] == validate(SCHEMA, document)


@pytest.mark.parametrize("form", re.findall(r"^\| `([\[(]?\d{4}[^`]*)` \|", PAGE, re.MULTILINE))
def test_forms_of_periods_are_read(form: str) -> None:
    assert days_of(form, parse_zone("Europe/Berlin"))
