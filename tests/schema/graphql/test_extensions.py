"""What callers see of errors, and what they see without a token."""

import logging

import pytest
from tortoise.exceptions import DBConnectionError

from engine.errors import Code, refuse
from tests.schema.graphql.conftest import codes

HIDDEN = "database of the bank is at 10.0.0.7"


async def test_what_nobody_foresaw_is_masked_and_logged(door, resolve, caplog):
    resolve.answers = [RuntimeError(HIDDEN)]

    with caplog.at_level(logging.ERROR):
        result = await door("{ post(id: 1) { id } }")

    [error] = result.errors
    assert "Internal error" == error.message
    assert {"code": "INTERNAL", "requestId": "request-1"} == error.extensions
    assert ["bangpath.graphql"] == [record.name for record in caplog.records]
    assert "request-1" in caplog.text
    assert HIDDEN in caplog.text


async def test_answers_that_break_the_schema_are_masked(door, resolve):
    resolve.answers = [{"id": 1, "title": None}]

    result = await door("{ post(id: 1) { title } }")

    assert ["INTERNAL"] == codes(result)
    assert "title" not in result.errors[0].message


async def test_a_database_that_is_away_is_told_as_such(door, resolve):
    resolve.answers = [DBConnectionError(HIDDEN)]

    result = await door("{ post(id: 1) { id } }")

    assert ["UNAVAILABLE"] == codes(result)
    assert HIDDEN not in result.errors[0].message


async def test_refusals_are_not_logged(door, resolve, caplog):
    resolve.answers = [refuse(Code.NO_PERMISSION, "no")]

    await door("{ post(id: 1) { id } }")
    await door("{ nothing }")

    assert [] == caplog.records


async def test_syntax_errors_say_where(door):
    [error] = (await door("{ posts { ")).errors

    assert {"code": "GRAPHQL_INVALID"} == error.extensions
    assert "Syntax Error" in error.message
    assert [(1, 11)] == [(location.line, location.column) for location in error.locations]


async def test_several_operations_need_a_name(door, resolve):
    result = await door("query A { checkAuth { id } } query B { checkAuth { id } }")

    assert ["GRAPHQL_INVALID"] == codes(result)
    assert "operationName" in result.errors[0].message


@pytest.mark.parametrize(
    "document",
    [
        "{ posts { count } }",
        "{ secrets { password } }",
        "{ __schema { types { name } } }",
        '{ __type(name: "Post") { name } }',
        "{ ...f } fragment f on Query { collections { name } }",
        "mutation { createPost(values: {titel: 1}) { record { id } } }",
        "mutation ($a: PostFilterr) { destroyPosts(filter: $a) { count } }",
    ],
)
async def test_without_a_token_nothing_is_told(door, resolve, document):
    door.actor = None

    result = await door(document)

    assert ["EMPTY_TOKEN"] == codes(result)
    assert result.errors[0].path
    assert result.data is None
    assert [] == resolve.actions


async def test_without_a_token_each_field_is_refused(door):
    door.actor = None

    result = await door("{ a: posts { count } b: checkAuth { id } __typename }")

    assert [["a"], ["b"]] == [error.path for error in result.errors]


@pytest.mark.parametrize(
    "document",
    [
        'mutation { signIn(acount: "x") { token } }',
        "mutation ($p: PostFiltr) { signIn { token } }",
        "mutation { signIn { token ... on Post { id } } }",
    ],
)
async def test_without_a_token_a_wrong_sign_in_names_nothing_else(door, document):
    door.actor = None

    result = await door(document)

    assert ["GRAPHQL_INVALID"] == codes(result)
    assert "Post" not in result.errors[0].message
    assert "signIn(account: String" in result.errors[0].message


async def test_typename_needs_no_token(door):
    door.actor = None

    assert {"__typename": "Query"} == (await door("{ __typename }")).data
