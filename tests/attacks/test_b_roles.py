"""Roles that somebody does not hold (B01, B03), and the registration that there is none of (B06)."""

import pytest

from tests.attacks.world import Told, show, told

NOT_THE_MEMBERS = (
    *("admin", "root", "editor", "anonymous", "__union__", "__global__", "*", "%", "null", "1"),
    *("Member", "MEMBER", "member ", "member\t", "memb", "members", "ｍember", "member,admin", "member\u200b"),
)


@pytest.mark.parametrize("role", NOT_THE_MEMBERS)
async def test_a_member_asks_in_no_other_role(world, nothing_happened, way, role):
    """Byte for byte: what only looks like the name of a role they hold is none (B01, B03)."""
    async with nothing_happened():
        answer = await show(world, way, world.tokens["member"], role)

    assert Told(401, ("ROLE_NOT_FOUND_FOR_USER",)) == answer


async def test_an_administrator_is_no_root(world, nothing_happened, way):
    async with nothing_happened():
        answer = await show(world, way, world.tokens["admin"], "root")

    assert Told(401, ("ROLE_NOT_FOUND_FOR_USER",)) == answer


async def test_two_roles_at_once_are_none(world, nothing_happened):
    """Of two headers neither is chosen: a proxy may have looked at the other one."""
    headers = [("Authorization", f"Bearer {world.tokens['root']}"), ("X-Role", "member"), ("X-Role", "root")]
    async with nothing_happened():
        answers = [
            await world.client.post("/api/posts:create", json={"title": "x"}, headers=headers),
            await world.client.post("/graphql", json={"query": "{ posts { count } }"}, headers=headers),
        ]

    assert [Told(401, ("ROLE_NOT_FOUND_FOR_USER",))] * 2 == [told(answer) for answer in answers]


@pytest.mark.parametrize("path", ["auth:signUp", "auth:register", "auth:signup", "auth:resetPassword"])
@pytest.mark.parametrize("name", ["member", None])
async def test_nobody_makes_an_account_of_their_own(world, nothing_happened, path, name):
    """There is no registration, and whoever looks for one is told so (B06)."""
    token = name and world.tokens[name]
    async with nothing_happened():
        answer = await world.send("POST", path, token, json={"username": "eve", "password": "correct horse"})

    assert Told(404, ("NOT_FOUND",)) == told(answer)


@pytest.mark.parametrize("field", ["signUp", "register", "resetPassword"])
@pytest.mark.parametrize(("name", "code"), [("member", "GRAPHQL_INVALID"), (None, "EMPTY_TOKEN")])
async def test_nor_by_graphql(world, nothing_happened, field, name, code):
    async with nothing_happened():
        answer = await world.ask(f'mutation {{ {field}(username: "eve") }}', name and world.tokens[name])

    assert (code,) == told(answer).codes
    assert not answer.json().get("data")
