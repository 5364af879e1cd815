"""Clients keep the token that has ended, and show it when they ask for the next one; both doors let them."""

import pytest

from tests.conftest import PASSWORD

SIGN_IN = f'signIn(account: "root", password: "{PASSWORD}") {{ token }}'
OURS = {"Authorization": "Bearer ended"}


async def ask_graphql(client, document, headers):
    return await client.post("/graphql", json={"query": document}, headers=headers)


@pytest.mark.parametrize("headers", [OURS, {"Authorization": "Basic cm9vdDpyb290"}, {**OURS, "X-Role": "nobody"}])
async def test_a_token_that_has_ended_is_in_nobodys_way_to_the_next(client, headers):
    rest = await client.post("/api/auth:signIn", json={"account": "root", "password": PASSWORD}, headers=headers)
    graphql = await ask_graphql(client, f"mutation {{ __typename {SIGN_IN} }}", headers)

    assert (200, 200) == (rest.status_code, graphql.status_code)
    assert rest.json()["data"]["token"]
    assert graphql.json()["data"]["signIn"]["token"]


@pytest.mark.parametrize(
    "document",
    [
        f"mutation {{ {SIGN_IN} signOut }}",
        f"mutation A {{ {SIGN_IN} }} query B {{ posts {{ count }} }}",
        f"mutation {{ ...All }} fragment All on Mutation {{ {SIGN_IN} refreshToken {{ token }} }}",
        "{ __typename }",
        "{ __schema { queryType { name } } }",
        f"mutation {{ {SIGN_IN}",
        f"mutation {{ {SIGN_IN} {'__typename ' * 200} }}",
    ],
)
async def test_with_such_a_token_one_signs_in_and_does_nothing_else(client, rows, document):
    before = await rows()
    answer = await ask_graphql(client, document, OURS)

    assert (401, "INVALID_TOKEN") == (answer.status_code, answer.json()["errors"][0]["code"])
    assert before == await rows()


async def test_a_parameter_given_twice_is_not_guessed_at(client, token):
    """Proxies and filters in front may have looked at the other one."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = await client.get("/graphql?query={posts{count}}&query={tags{count}}", headers=headers)

    assert (400, "GRAPHQL_INVALID") == (answer.status_code, answer.json()["errors"][0]["code"])
