"""How often one may ask: each address without a token, and each user; and how much one user may write."""

from typing import Any

import pytest

from api.app import Service
from tests.api.sockets import open_socket, serve
from tests.conftest import PASSWORD

FOLLOW = 'subscription { workflowExecutions(key: "post-created") { id } }'


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"address_rate": 3, "user_rate": 3}


async def test_a_user_who_asks_too_often_is_told_when_to_come_again(door, rows):
    for _ in range(3):
        assert [] == (await door.page("posts")).errors
    before = await rows()
    answer = await door.create("posts", {"title": "one too many"}, triggers=["post-created"])

    assert (429, ["RATE_LIMITED"]) == (answer.status, answer.codes)
    assert 1 <= answer.errors[0]["details"]["retryAfter"] <= 60
    assert before == await rows()


async def test_the_answer_says_so_in_its_header(client, token):
    statuses = [(await client.get("/api/posts", params={"token": token})) for _ in range(4)]

    assert [200, 200, 200, 429] == [answer.status_code for answer in statuses]
    assert statuses[-1].json()["errors"][0]["details"]["retryAfter"] == int(statuses[-1].headers["Retry-After"])


async def test_users_are_counted_for_themselves(client, token):
    for _ in range(4):
        refused = await client.get("/api/posts", headers={"Authorization": f"Bearer {token}"})
    signed_in = await client.post("/api/auth:signIn", json={"account": "root", "password": PASSWORD})

    assert 429 == refused.status_code
    assert 200 == signed_in.status_code, "the address has nothing to do with it"


@pytest.mark.parametrize("door", ["/api/posts", "/graphql", "/openapi.json"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer guess"}, {"X-Forwarded-For": "192.0.2.{number}"}])
async def test_guesses_are_counted_by_address_and_bad_tokens_as_none(client, door, headers):
    sent = [{name: text.format(number=number) for name, text in headers.items()} for number in range(4)]
    answers = [await client.get(door, params={"query": "{ posts { count } }"}, headers=each) for each in sent]

    assert [429] == [answer.status_code for answer in answers if answer.status_code not in (200, 401, 400)]
    assert "RATE_LIMITED" == answers[-1].json()["errors"][0]["code"]


async def test_who_shows_a_good_token_is_let_in_whatever_comes_from_the_same_address(client, token):
    for _ in range(4):
        await client.get("/api/posts", headers={"Authorization": "Bearer guess"})
    answer = await client.get("/api/posts", headers={"Authorization": f"Bearer {token}"})

    assert 200 == answer.status_code


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/docs", "/static/docs/page.js"])
async def test_probes_and_pages_are_not_counted(client, path):
    answers = [await client.get(path) for _ in range(5)]

    assert {200} == {answer.status_code for answer in answers}


async def test_openings_of_sockets_count_by_address(service: Service):
    async with serve(service.asgi) as url:
        for _ in range(3):
            async with open_socket(url):
                pass
        with pytest.raises(Exception, match="429"):
            async with open_socket(url):
                pass


async def test_subscriptions_count_as_requests_of_their_user(service: Service, token):
    async with serve(service.asgi) as url, open_socket(url) as peer:
        await peer.begin(token)
        for name in ("a", "b", "c", "d"):
            await peer.subscribe(name, FOLLOW)

        assert (4429, "RATE_LIMITED") == await peer.closed()
