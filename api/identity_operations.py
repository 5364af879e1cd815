"""The actions on who asks: signing in, keys for programs, users and roles."""

from types import MappingProxyType

from msgspec.structs import replace

from api import answers
from api.answers import Body
from api.operations import Asked, Operations, reading, writing
from api.own_operations import asks, creates, destroys, key_of, members_of, updates
from api.shapes import answers as shapes
from api.shapes import system
from engine.errors import raise_for
from schema.resolvers import api_keys, roles, sign_in, users


async def _sign_in(asked: Asked) -> Body:
    given = members_of(asked, "account", "username", "email", "password")
    return answers.data(await sign_in.sign_in(asked.context, **given))


async def _sign_out(asked: Asked) -> Body:
    members_of(asked)
    await sign_in.sign_out(asked.context)
    return answers.data(True)


async def _refresh(asked: Asked) -> Body:
    members_of(asked)
    return answers.data(await sign_in.refresh(asked.context))


async def _change_password(asked: Asked) -> Body:
    given = members_of(asked, "oldPassword", "newPassword")
    changed = await sign_in.change_password(asked.context, given.get("oldPassword"), given.get("newPassword"))
    return answers.data(changed)


async def _list_keys(asked: Asked) -> Body:
    raise_for(asked.params.complaints)
    page = await api_keys.page_of_keys(asked.context, asked.params.page, asked.params.page_size)
    return answers.page(page, paginate=True)


async def _get_key(asked: Asked) -> Body:
    key = key_of(asked)
    raise_for(asked.params.complaints)
    return answers.data(await api_keys.get_key(asked.context, key))


async def _create_key(asked: Asked) -> Body:
    raise_for(asked.params.complaints)
    return answers.data(await api_keys.create_key(asked.context, asked.values))


AUTH: Operations = MappingProxyType(
    {
        "signIn": replace(
            writing(_sign_in, about="Sign in", body=system.credentials, answer=shapes.data(system.signed_in)),
            open=True,
        ),
        "signOut": writing(
            _sign_out, about="End the token that is shown", body=system.no_members, answer=shapes.data(system.done)
        ),
        "check": asks(sign_in.check, "Who the token says is asking", system.me),
        "refresh": writing(
            _refresh,
            about="A new token for the one that is shown, which ends",
            body=system.no_members,
            answer=shapes.data(system.new_token),
        ),
        "changePassword": writing(
            _change_password,
            about="Change the password; every token so far ends",
            body=system.passwords,
            answer=shapes.data(system.new_token),
        ),
    }
)

OF_KEYS: Operations = MappingProxyType(
    {
        "list": reading(
            _list_keys,
            "page",
            "pageSize",
            about="Keys for programs, one's own",
            answer=shapes.page_of(system.api_key),
        ),
        "get": reading(_get_key, "filterByTk", about="A key for programs", answer=shapes.data(system.api_key)),
        "create": writing(
            _create_key,
            about="Make a key for a program; it is told this once",
            body=system.new_key,
            answer=shapes.data(system.made_key),
        ),
        "destroy": destroys(api_keys.destroy_key),
    }
)

OF_ROLES: Operations = MappingProxyType(
    {
        "check": asks(sign_in.check_role, "The role that asks, with what it may do", system.checked_role),
        "create": creates(roles.create_role),
        "update": updates(roles.update_role),
        "destroy": destroys(roles.destroy_role),
    }
)

OF_USERS: Operations = MappingProxyType(
    {
        "create": creates(users.create_user, system.saved_user),
        "update": updates(users.update_user, system.saved_user),
        "destroy": destroys(users.destroy_user),
    }
)
