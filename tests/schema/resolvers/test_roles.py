"""Roles: documents that are stored whole or not at all, and the one role that nobody bends."""

import pytest

from engine.errors import Code, Refusal
from engine.system.models import Role, User
from schema.resolvers.roles import create_role, destroy_role, update_role
from schema.resolvers.users import create_user

WRITER = {"name": "writer", "title": "Writer", "grants": {"posts": {"read": {}, "create": {}}}, "workflows": ["known"]}


async def complaints(awaitable) -> list[tuple]:
    with pytest.raises(Refusal) as refusal:
        await awaitable
    return [(complaint.code, complaint.path) for complaint in refusal.value.complaints]


async def code(awaitable) -> Code:
    return (await complaints(awaitable))[0][0]


async def test_a_new_role_as_it_is_answered(ask):
    record = await create_role(await ask(), WRITER)

    assert WRITER == {name: record[name] for name in WRITER}
    assert {*WRITER, "createdAt"} == set(record)


async def test_a_role_triggers_nothing_unless_it_says_so(ask):
    record = await create_role(await ask(), {"name": "reader", "grants": {"*": {"read": {}}}})

    assert [] == record["workflows"]
    assert record["title"] is None


async def test_a_new_role_is_in_force_at_once(ask, engine):
    await create_role(await ask(), WRITER)
    await create_user(await ask(), {"username": "mary", "password": "correct horse", "roles": ["writer"]})
    context = await ask("writer", "mary")

    assert WRITER["grants"] == context.actor.grants
    await update_role(await ask(), "writer", {"grants": {}, "workflows": True})

    actor = (await ask("writer", "mary")).actor
    assert ({}, None) == (actor.grants, actor.workflows)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, [(Code.REQUIRED, ("name",)), (Code.REQUIRED, ("grants",))]),
        (None, [(Code.BAD_VALUE, ())]),
        ({**WRITER, "id": 1}, [(Code.UNKNOWN_FIELD, ("id",))]),
        ({**WRITER, "users": [1]}, [(Code.FIELD_NOT_WRITABLE, ("users",))]),
        ({**WRITER, "createdAt": None}, [(Code.FIELD_NOT_WRITABLE, ("createdAt",))]),
        ({**WRITER, "name": None}, [(Code.REQUIRED, ("name",))]),
        ({**WRITER, "name": "__union__"}, [(Code.BAD_VALUE, ("name",))]),
        ({**WRITER, "name": "a b"}, [(Code.BAD_VALUE, ("name",))]),
        ({**WRITER, "name": "a, b"}, [(Code.BAD_VALUE, ("name",))]),
        ({**WRITER, "name": "x" * 65}, [(Code.BAD_VALUE, ("name",))]),
        ({**WRITER, "name": ["root"]}, [(Code.BAD_VALUE, ("name",))]),
        ({**WRITER, "title": 1}, [(Code.BAD_VALUE, ("title",))]),
        ({**WRITER, "grants": None}, [(Code.ROLE_INVALID, ("grants",))]),
        ({**WRITER, "grants": {"pots": {"read": {}}}}, [(Code.ROLE_INVALID, ("grants", "pots"))]),
        ({**WRITER, "workflows": "known"}, [(Code.ROLE_INVALID, ("workflows",))]),
        ({**WRITER, "workflows": ["known", "typo"]}, [(Code.ROLE_INVALID, ("workflows", 1))]),
        (
            {**WRITER, "grants": {"posts": {"read": {"fields": ["id", "titel"]}}}},
            [(Code.ROLE_INVALID, ("grants", "posts", "read", "fields", 1))],
        ),
        (
            {"name": "", "grants": {"posts": []}, "workflows": None, "x": 1},
            [
                (Code.UNKNOWN_FIELD, ("x",)),
                (Code.REQUIRED, ("name",)),
                (Code.ROLE_INVALID, ("grants", "posts")),
                (Code.ROLE_INVALID, ("workflows",)),
            ],
        ),
    ],
    ids=str,
)
async def test_bad_values_are_told_together_and_nothing_is_written(ask, values, expected):
    assert expected == await complaints(create_role(await ask(), values))

    assert 4 == await Role.all().count()


async def test_a_name_that_another_role_has(ask):
    assert [(Code.UNIQUE_VIOLATION, ("name",))] == await complaints(
        create_role(await ask(), {**WRITER, "name": "root"})
    )

    assert "*" in (await Role.get(name="root")).grants


async def test_a_role_keeps_its_name(ask):
    assert [(Code.FIELD_NOT_WRITABLE, ("name",))] == await complaints(
        update_role(await ask(), "editor", {"name": "redaktion"})
    )


@pytest.mark.parametrize(
    ("key", "expected"), [("nobody", Code.NOT_FOUND), (1, Code.BAD_KEY), (None, Code.BAD_KEY), ("x" * 65, Code.BAD_KEY)]
)
async def test_a_key_that_is_no_roles(ask, key, expected):
    assert expected == await code(update_role(await ask(), key, {"title": "x"}))
    assert expected == await code(destroy_role(await ask(), key))


async def test_a_role_that_is_held_stays(ask):
    assert Code.STILL_REFERENCED == await code(destroy_role(await ask(), "member"))

    await create_role(await ask(), WRITER)
    assert 1 == await destroy_role(await ask(), "writer")


@pytest.mark.parametrize("role", ["editor", "member", None])
async def test_others_may_not_touch_roles_at_all(ask, role):
    context = await ask(role)
    expected = Code.NO_PERMISSION if role else Code.EMPTY_TOKEN

    assert expected == await code(create_role(context, WRITER))
    assert expected == await code(update_role(context, "member", {"grants": {"*": {}}}))
    assert expected == await code(destroy_role(context, "member"))


async def test_an_admin_changes_every_role_but_root(ask):
    admin = await ask("admin")

    assert "Redaktion" == (await update_role(admin, "editor", {"title": "Redaktion"}))["title"]
    assert Code.NO_PERMISSION == await code(update_role(admin, "root", {"title": "x"}))
    assert Code.NO_PERMISSION == await code(destroy_role(admin, "root"))


async def test_nobody_narrows_root(ask):
    assert Code.FIELD_NOT_WRITABLE == await code(update_role(await ask(), "root", {"grants": {}}))
    assert Code.STILL_REFERENCED == await code(destroy_role(await ask(), "root"))
    assert "Chief" == (await update_role(await ask(), "root", {"title": "Chief"}))["title"]
    assert 1 == await User.filter(roles__name="root").count()
