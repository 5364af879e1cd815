"""Signing in and out as both doors call it."""

import pytest

from engine.errors import Code, Refusal
from schema.resolvers.sign_in import change_password, check, check_role, refresh, sign_in, sign_out
from tests.schema.resolvers.conftest import PASSWORD

ROOT = {
    "id": 1,
    "username": "root",
    "nickname": "Root",
    "email": None,
    "roles": [
        {"name": "admin", "title": "Administrator"},
        {"name": "editor", "title": "Editor"},
        {"name": "member", "title": "Member"},
        {"name": "root", "title": "Root"},
    ],
    "defaultRole": "root",
}


async def complaints(awaitable) -> list[tuple]:
    with pytest.raises(Refusal) as refusal:
        await awaitable
    return [(complaint.code, complaint.path) for complaint in refusal.value.complaints]


async def test_signing_in_answers_a_token_and_whose_it_is(ask, engine):
    answer = await sign_in(await ask(None), account="root", password=PASSWORD)

    assert {"token", "user"} == set(answer)
    assert ROOT == answer["user"]
    assert 1 == (await engine.accounts.actor(answer["token"])).key


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [(Code.REQUIRED, ("account",)), (Code.REQUIRED, ("password",))]),
        ({"account": "", "password": ""}, [(Code.REQUIRED, ("account",)), (Code.REQUIRED, ("password",))]),
        ({"account": "root", "username": "root", "password": "x"}, [(Code.BAD_VALUE, ("username",))]),
        (
            {"account": "a", "username": "b", "email": "c", "password": "x"},
            [(Code.BAD_VALUE, ("username",)), (Code.BAD_VALUE, ("email",))],
        ),
        ({"username": {"$ne": None}, "password": "x"}, [(Code.BAD_VALUE, ("username",))]),
        ({"email": ["a@b"], "password": 1}, [(Code.BAD_VALUE, ("email",)), (Code.BAD_VALUE, ("password",))]),
        ({"account": True, "password": "x"}, [(Code.BAD_VALUE, ("account",))]),
        ({"account": "\0", "password": "x"}, [(Code.BAD_VALUE, ("account",))]),
        ({"account": "\ud800", "password": "x"}, [(Code.BAD_VALUE, ("account",))]),
        ({"account": "x" * 256, "password": "x"}, [(Code.BAD_VALUE, ("account",))]),
        ({"account": "root", "password": "x" * 5000}, [(Code.INVALID_CREDENTIALS, ())]),
        ({"account": "nobody", "password": "x"}, [(Code.INVALID_CREDENTIALS, ())]),
    ],
    ids=lambda value: ascii(value)[:60],
)
async def test_what_is_no_sign_in(ask, given, expected):
    assert expected == await complaints(sign_in(await ask(None), **given))


async def test_a_flood_is_stopped_although_a_junk_field_changes_all_the_time(ask):
    """What counts is the account and the peer; none of these is even a sign-in."""
    codes = [
        (await complaints(sign_in(await ask(None), account="root", email=f"{n}@example.org", password="x")))[0][0]
        for n in range(14)
    ]

    assert Code.BAD_VALUE == codes[0]
    assert Code.RATE_LIMITED == codes[-1]


async def test_check_tells_who_asks_and_in_which_role(ask):
    assert {**ROOT, "role": "member"} == await check(await ask("member"))


async def test_the_current_role_is_told_with_what_it_may_do(ask):
    answer = await check_role(await ask("member"))

    assert ("member", "Member") == (answer["name"], answer["title"])
    assert {"read": {}} == answer["grants"]["tags"]
    assert ["category-created", "post-audit", "post-created"] == answer["workflows"]
    assert (await check_role(await ask("root")))["workflows"] is True


async def test_signing_out_ends_the_token(ask, engine):
    token = (await sign_in(await ask(None), account="root", password=PASSWORD))["token"]
    context = await ask()
    mine = type(context)(engine, await engine.accounts.actor(token), "request", "peer")

    await sign_out(mine)

    assert [(Code.BLOCKED_TOKEN, ())] == await complaints(engine.accounts.actor(token))


async def test_a_refreshed_token_is_a_new_one(ask, engine):
    assert await engine.accounts.actor((await refresh(await ask()))["token"])


async def test_a_changed_password_is_used_from_then_on(ask, engine):
    answer = await change_password(await ask(), PASSWORD, "battery staple")

    assert await engine.accounts.actor(answer["token"])
    assert await sign_in(await ask(None), account="root", password="battery staple")
    assert [(Code.INVALID_CREDENTIALS, ())] == await complaints(
        sign_in(await ask(None), account="root", password=PASSWORD)
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, None, [(Code.REQUIRED, ("oldPassword",)), (Code.REQUIRED, ("newPassword",))]),
        (1, "short", [(Code.BAD_VALUE, ("oldPassword",)), (Code.BAD_VALUE, ("newPassword",))]),
        ("wrong", "long enough", [(Code.INVALID_CREDENTIALS, ())]),
    ],
)
async def test_what_is_no_change_of_a_password(ask, old, new, expected):
    assert expected == await complaints(change_password(await ask(), old, new))

    assert await sign_in(await ask(None), account="root", password=PASSWORD)


@pytest.mark.parametrize(
    "call", [sign_out, refresh, check, check_role, lambda context: change_password(context, "a", "b")]
)
async def test_nobody_is_asked_for_a_token(ask, call):
    assert [(Code.EMPTY_TOKEN, ())] == await complaints(call(await ask(None)))
