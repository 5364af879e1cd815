"""Creating, changing and ending users. Their roles are given here and nowhere else.

A grant to create or update users is an administrator's: with another's password one becomes them. So it reaches no
further than the administrator's own role: not to who may do more, and never to a root.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.data import values as columns
from engine.data.collections import Collection
from engine.errors import Code, Complaint, raise_for
from engine.identity.directory import (
    find_user,
    give_roles,
    keep_a_root,
    missing_roles,
    remove_user,
    unit_of_accounts,
    unit_without_twins,
)
from engine.identity.roles import ROOT
from engine.outcomes import Record
from engine.system.models import Role, User
from schema.context import Context
from schema.permissions import Verb, signed_in
from schema.powers import refuse_beyond, refuse_beyond_holder
from schema.resolvers.inputs import check_names, check_new_password, check_required, check_text, object_of
from schema.resolvers.once import once
from schema.resolvers.roles import ROLES
from schema.resolvers.told import hidden_of, refuse_hidden, told

USERS = "users"

_WRITABLE = ("username", "password", "email", "nickname", "roles", "defaultRole", "suspended")
_REQUIRED = ("username", "password", "roles")

# No `@`, so that nobody can be called like somebody else's address.
_USERNAME = re.compile(r"[\w.+-]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@once(USERS, Verb.CREATE)
async def create_user(context: Context, values: Any) -> Record:
    """A new user: `{username, password, roles, email?, nickname?, defaultRole?, suspended?}`."""
    actor = signed_in(context.actor)
    collection = context.engine.collections[USERS]
    given = object_of(collection, values)
    raise_for([*check_required(given, _REQUIRED), *await _check(context, given, collection)])
    roles = _unique(given["roles"])
    refuse_beyond(actor, await Role.filter(name__in=roles))
    user = User(**_columns(given), default_role=_default(given.get("defaultRole"), None, roles))
    user.password_hash = await context.engine.accounts.passwords.hash(given["password"])
    async with unit_without_twins(User, _names(given)):
        await user.save()
        await user.fetch_related("roles")
        await give_roles(user, roles)
    return await told(context, USERS, record_of(user, collection))


@once(USERS, Verb.UPDATE)
async def update_user(context: Context, key: Any, values: Any) -> Record:
    """New values for a user. A new password ends all of their tokens, and so does it to suspend them."""
    actor = signed_in(context.actor)
    collection = context.engine.collections[USERS]
    given = object_of(collection, values)
    number, faults = _key(collection, key)
    raise_for([*faults, *await _check(context, given, collection)])
    hashed = await context.engine.accounts.passwords.hash(given["password"]) if "password" in given else None
    async with unit_without_twins(User, _names(given), number):
        await refuse_hidden(context, USERS, [number])
        user = await find_user(number)
        held = [role.name for role in user.roles]
        hidden = await hidden_of(context, ROLES, held)
        roles = _unique([*given["roles"], *hidden]) if "roles" in given else held
        refuse_beyond_holder(actor, user.roles)
        refuse_beyond(actor, await Role.filter(name__in=roles))
        if ROOT not in roles or given.get("suspended"):
            await keep_a_root(user)
        user.update_from_dict(_columns(given))
        if given.get("suspended"):
            context.engine.accounts.end_tokens(user)
        user.default_role = _default(given.get("defaultRole"), user.default_role, roles, hidden)
        if hashed:
            context.engine.accounts.renew(user, hashed)
        await user.save()
        await give_roles(user, roles)
    return await told(context, USERS, record_of(user, collection))


@once(USERS, Verb.DESTROY)
async def destroy_user(context: Context, key: Any) -> int:
    """The end of a user, and of their tokens with them; answers how many ended."""
    actor = signed_in(context.actor)
    collection = context.engine.collections[USERS]
    number, faults = _key(collection, key)
    raise_for(faults)
    async with unit_of_accounts():
        await refuse_hidden(context, USERS, [number])
        user = await find_user(number)
        refuse_beyond_holder(actor, user.roles)
        await keep_a_root(user)
        await remove_user(user, collection.referrers)
    return 1


def record_of(user: User, collection: Collection) -> Record:
    """A user as they leave, roles by name."""
    record = {field.name: columns.render(getattr(user, field.attribute)) for field in collection.readable}
    return {**record, "roles": sorted(role.name for role in user.roles)}


async def _check(context: Context, given: Mapping[str, Any], collection: Collection) -> list[Complaint]:
    complaints = [*check_names(given, _WRITABLE, collection), *_check_columns(given)]
    if "roles" in given:
        faults = await _check_roles(context, given["roles"])
        complaints += faults
        if not faults and isinstance(given.get("defaultRole"), str):
            complaints += _check_default(given["defaultRole"], given["roles"])
    return complaints


def _check_columns(given: Mapping[str, Any]) -> Iterator[Complaint]:
    if "username" in given:
        yield from _check_form("username", given["username"], _USERNAME, "has letters, digits and . + - _ alone")
    if given.get("email") is not None:
        yield from _check_form("email", given["email"], _EMAIL, "is an address such as somebody@example.org")
    for name in ("nickname", "defaultRole"):
        if given.get(name) is not None:
            yield from check_text(name, given[name])
    if "password" in given:
        yield from check_new_password("password", given["password"])
    if not isinstance(given.get("suspended", False), bool):
        yield Complaint(Code.BAD_VALUE, "'suspended' is true or false.", ("suspended",))


def _check_form(name: str, value: Any, form: re.Pattern[str], sentence: str) -> Iterator[Complaint]:
    if faults := list(check_text(name, value)):
        yield from faults
    elif not form.fullmatch(value):
        yield Complaint(Code.BAD_VALUE, f"'{name}' {sentence}.", (name,))


async def _check_roles(context: Context, value: Any) -> list[Complaint]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return [Complaint(Code.BAD_VALUE, "'roles' is a list of names of roles.", ("roles",))]
    if not value:
        return [Complaint(Code.REQUIRED, "'roles' names one role at least.", ("roles",))]
    if faults := [fault for name in value for fault in check_text("roles", name)]:
        return faults
    missing = {*await missing_roles(value), *await hidden_of(context, ROLES, value)}
    return [
        Complaint(Code.ROLE_INVALID, f"There is no role '{name}'.", ("roles", index))
        for index, name in enumerate(value)
        if name in missing
    ]


def _columns(given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: given[name] for name in ("username", "email", "nickname", "suspended") if name in given}
    if kept.get("email"):
        kept["email"] = kept["email"].lower()
    return kept


def _names(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in _columns(given).items() if name in ("username", "email")}


def _default(wanted: str | None, current: str | None, roles: Sequence[str], hidden: Sequence[str] = ()) -> str:
    """The default role: the one wanted, else the one there is as long as it is held, else the first."""
    if wanted is not None:
        raise_for(_check_default(wanted, [role for role in roles if role not in hidden]))
    kept = wanted or current
    return kept if kept and kept in roles else roles[0]


def _check_default(wanted: str, roles: Sequence[str]) -> Iterator[Complaint]:
    if wanted not in roles:
        yield Complaint(Code.BAD_VALUE, "'defaultRole' must be one of the user's roles.", ("defaultRole",))


def _unique(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _key(collection: Collection, key: Any) -> tuple[int, list[Complaint]]:
    try:
        return columns.parse(collection.key, key), []
    except ValueError as fault:
        return 0, [Complaint(Code.BAD_KEY, f"The key of '{collection.name}' {fault}.", ("filterByTk",))]
