"""Users: what is stored and answered, what is refused, and that only root makes roots (attacks B07, B10)."""

import pytest

from engine.errors import Code, Refusal
from engine.system.models import User
from schema.resolvers.users import create_user, destroy_user, update_user
from schema.sample.models import Post

MARY = {"username": "mary", "password": "correct horse", "roles": ["member"]}


async def complaints(awaitable) -> list[tuple]:
    with pytest.raises(Refusal) as refusal:
        await awaitable
    return [(complaint.code, complaint.path) for complaint in refusal.value.complaints]


async def code(awaitable) -> Code:
    return (await complaints(awaitable))[0][0]


async def test_a_new_user_as_it_is_answered(ask):
    record = await create_user(await ask(), {**MARY, "email": "Mary@Example.org", "nickname": "Mary"})

    made = {name: record.pop(name) for name in ("id", "createdAt", "updatedAt")}
    assert None not in made.values()
    assert {
        "username": "mary",
        "email": "mary@example.org",
        "nickname": "Mary",
        "roles": ["member"],
        "defaultRole": "member",
        "suspended": False,
    } == record


async def test_a_new_user_signs_in(ask, engine):
    await create_user(await ask(), MARY)

    token, _ = await engine.accounts.sign_in("mary", "correct horse", "peer")

    assert "member" == (await engine.accounts.actor(token)).role


async def test_the_default_role_is_the_first_unless_another_is_wanted(ask):
    first = await create_user(await ask(), {**MARY, "roles": ["editor", "member", "editor"]})
    chosen = await create_user(
        await ask(), {**MARY, "username": "max", "roles": ["editor", "member"], "defaultRole": "member"}
    )

    assert ("editor", ["editor", "member"]) == (first["defaultRole"], first["roles"])
    assert "member" == chosen["defaultRole"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, [(Code.REQUIRED, ("username",)), (Code.REQUIRED, ("password",)), (Code.REQUIRED, ("roles",))]),
        ([], [(Code.BAD_VALUE, ())]),
        (None, [(Code.BAD_VALUE, ())]),
        ("mary", [(Code.BAD_VALUE, ())]),
        ({**MARY, "id": 7}, [(Code.FIELD_NOT_WRITABLE, ("id",))]),
        ({**MARY, "createdAt": "2020-01-01"}, [(Code.FIELD_NOT_WRITABLE, ("createdAt",))]),
        ({**MARY, "posts": [1]}, [(Code.FIELD_NOT_WRITABLE, ("posts",))]),
        ({**MARY, "passwordHash": "x"}, [(Code.UNKNOWN_FIELD, ("passwordHash",))]),
        ({**MARY, "password_hash": "x"}, [(Code.UNKNOWN_FIELD, ("password_hash",))]),
        ({**MARY, "tokensValidFrom": None}, [(Code.UNKNOWN_FIELD, ("tokensValidFrom",))]),
        ({**MARY, "username": None}, [(Code.REQUIRED, ("username",))]),
        ({**MARY, "username": ""}, [(Code.REQUIRED, ("username",))]),
        ({**MARY, "username": 7}, [(Code.BAD_VALUE, ("username",))]),
        ({**MARY, "username": "x" * 256}, [(Code.BAD_VALUE, ("username",))]),
        ({**MARY, "username": "mary@example.org"}, [(Code.BAD_VALUE, ("username",))]),
        ({**MARY, "username": "mary\n"}, [(Code.BAD_VALUE, ("username",))]),
        ({**MARY, "username": "\ud800"}, [(Code.BAD_VALUE, ("username",))]),
        ({**MARY, "nickname": "\0"}, [(Code.BAD_VALUE, ("nickname",))]),
        ({**MARY, "nickname": {"$ne": 1}}, [(Code.BAD_VALUE, ("nickname",))]),
        ({**MARY, "email": "mary"}, [(Code.BAD_VALUE, ("email",))]),
        ({**MARY, "password": "short"}, [(Code.BAD_VALUE, ("password",))]),
        ({**MARY, "password": 12345678}, [(Code.BAD_VALUE, ("password",))]),
        ({**MARY, "password": None}, [(Code.REQUIRED, ("password",))]),
        ({**MARY, "roles": []}, [(Code.REQUIRED, ("roles",))]),
        ({**MARY, "roles": None}, [(Code.BAD_VALUE, ("roles",))]),
        ({**MARY, "roles": "member"}, [(Code.BAD_VALUE, ("roles",))]),
        ({**MARY, "roles": [{"name": "admin"}]}, [(Code.BAD_VALUE, ("roles",))]),
        ({**MARY, "roles": ["member", "Admin"]}, [(Code.ROLE_INVALID, ("roles", 1))]),
        ({**MARY, "defaultRole": "admin"}, [(Code.BAD_VALUE, ("defaultRole",))]),
        ({**MARY, "defaultRole": 1}, [(Code.BAD_VALUE, ("defaultRole",))]),
        (
            {"username": "", "password": "x", "roles": ["nobody"], "isAdmin": True},
            [
                (Code.UNKNOWN_FIELD, ("isAdmin",)),
                (Code.REQUIRED, ("username",)),
                (Code.BAD_VALUE, ("password",)),
                (Code.ROLE_INVALID, ("roles", 0)),
            ],
        ),
    ],
    ids=ascii,
)
async def test_bad_values_are_told_together_and_nothing_is_written(ask, values, expected):
    assert expected == await complaints(create_user(await ask(), values))

    assert 1 == await User.all().count()


async def test_a_name_or_address_that_somebody_has(ask):
    await create_user(await ask(), {**MARY, "email": "mary@example.org"})

    same = {**MARY, "email": "MARY@example.org"}
    assert [(Code.UNIQUE_VIOLATION, ("username",)), (Code.UNIQUE_VIOLATION, ("email",))] == await complaints(
        create_user(await ask(), same)
    )
    assert 2 == await User.all().count()


async def test_an_update_changes_what_it_names(ask):
    mary = await create_user(await ask(), {**MARY, "email": "mary@example.org", "nickname": "Mary"})

    changed = await update_user(await ask(), mary["id"], {"nickname": None, "email": "m@example.org"})

    assert (None, "m@example.org", "mary", ["member"]) == (
        changed["nickname"],
        changed["email"],
        changed["username"],
        changed["roles"],
    )


async def test_roles_are_replaced_and_the_default_follows(ask):
    mary = await create_user(await ask(), {**MARY, "roles": ["member", "editor"]})

    changed = await update_user(await ask(), str(mary["id"]), {"roles": ["editor"]})

    assert (["editor"], "editor") == (changed["roles"], changed["defaultRole"])


async def test_the_default_role_is_one_that_is_held(ask):
    mary = await create_user(await ask(), MARY)

    assert Code.BAD_VALUE == await code(update_user(await ask(), mary["id"], {"defaultRole": "admin"}))


async def test_a_new_password_ends_all_tokens(ask, engine):
    mary = await create_user(await ask(), MARY)
    token = await engine.accounts.issue_token("mary", 1)

    await update_user(await ask(), mary["id"], {"password": "battery staple"})

    assert Code.BLOCKED_TOKEN == await code(engine.accounts.actor(token))
    assert await engine.accounts.sign_in("mary", "battery staple", "peer")


async def test_an_update_to_a_name_that_somebody_has(ask):
    mary = await create_user(await ask(), MARY)

    assert [(Code.UNIQUE_VIOLATION, ("username",))] == await complaints(
        update_user(await ask(), mary["id"], {"username": "root"})
    )
    assert await update_user(await ask(), mary["id"], {"username": "mary"})


@pytest.mark.parametrize(
    ("key", "expected"),
    [("abc", Code.BAD_KEY), (None, Code.BAD_KEY), ([1], Code.BAD_KEY), (2**40, Code.BAD_KEY), (99, Code.NOT_FOUND)],
)
async def test_a_key_that_is_nobodys(ask, key, expected):
    assert expected == await code(update_user(await ask(), key, {"nickname": "x"}))
    assert expected == await code(destroy_user(await ask(), key))


async def test_a_destroyed_user_leaves_the_posts_behind(ask):
    mary = await create_user(await ask(), MARY)
    post = await Post.create(title="x", author_id=mary["id"])

    assert 1 == await destroy_user(await ask(), mary["id"])

    await post.refresh_from_db()
    assert post.author_id is None
    assert 1 == await User.all().count()


# --- who may


@pytest.mark.parametrize("role", ["editor", "member", None])
async def test_others_may_not_touch_users_at_all(ask, role):
    context = await ask(role)
    expected = Code.NO_PERMISSION if role else Code.EMPTY_TOKEN

    assert expected == await code(create_user(context, {}))
    assert expected == await code(update_user(context, 1, {"roles": ["admin"]}))
    assert expected == await code(destroy_user(context, 1))
    assert 1 == await User.all().count()


async def test_an_admin_manages_everybody_but_roots(ask):
    admin = await ask("admin")
    mary = await create_user(admin, {**MARY, "roles": ["admin"]})

    assert await update_user(admin, mary["id"], {"roles": ["member"], "password": "battery staple"})
    assert 1 == await destroy_user(admin, mary["id"])


async def test_an_admin_neither_makes_nor_changes_nor_ends_a_root(ask, engine):
    admin = await ask("admin")
    root = await User.get(username="root")
    mary = await create_user(admin, MARY)

    assert Code.NO_PERMISSION == await code(create_user(admin, {**MARY, "username": "max", "roles": ["root"]}))
    assert Code.NO_PERMISSION == await code(update_user(admin, mary["id"], {"roles": ["member", "root"]}))
    assert Code.NO_PERMISSION == await code(update_user(admin, root.id, {"password": "battery staple"}))
    assert Code.NO_PERMISSION == await code(update_user(admin, root.id, {"nickname": "x"}))
    assert Code.NO_PERMISSION == await code(destroy_user(admin, root.id))
    assert await engine.accounts.sign_in("root", "correct horse", "peer")
    assert 2 == await User.all().count()


async def test_the_last_root_stays_one(ask):
    root = await User.get(username="root")

    assert Code.STILL_REFERENCED == await code(update_user(await ask(), root.id, {"roles": ["admin"]}))
    assert Code.STILL_REFERENCED == await code(destroy_user(await ask(), root.id))

    await create_user(await ask(), {**MARY, "roles": ["root"]})
    assert ["admin"] == (await update_user(await ask(), root.id, {"roles": ["admin"]}))["roles"]
