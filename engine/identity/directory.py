"""Reads and writes the rows of users and roles; who may do so was decided above."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from engine.data.collections import Referrer
from engine.data.unit import take_turns, unit_of_work
from engine.errors import Code, Complaint, Refusal, refuse
from engine.identity.roles import ROOT
from engine.system.models import Role, User


async def find_user(key: int) -> User:
    """A user with their roles; raises `NOT_FOUND`."""
    user = await User.get_or_none(id=key).prefetch_related("roles")
    if user is None:
        raise refuse(Code.NOT_FOUND, f"'users' has no record '{key}'.")
    return user


async def find_role(name: str) -> Role:
    """The role of this name; raises `NOT_FOUND`."""
    role = await Role.get_or_none(name=name)
    if role is None:
        raise refuse(Code.NOT_FOUND, f"'roles' has no record '{name}'.")
    return role


async def missing_roles(names: Iterable[str]) -> set[str]:
    """Which of these are not names of roles."""
    wanted = set(names)
    return wanted - {role.name for role in await Role.filter(name__in=sorted(wanted))}


async def give_roles(user: User, names: Sequence[str]) -> None:
    """Let the user hold exactly these roles."""
    held = {role.name: role for role in user.roles}
    if taken := [role for name, role in held.items() if name not in names]:
        await user.roles.remove(*taken)
    if given := await Role.filter(name__in=[name for name in names if name not in held]):
        await user.roles.add(*given)
    await user.fetch_related("roles")


async def keep_a_root(user: User) -> None:
    """Refuse to take the role `root` from the last one who can use it: nobody could give it again."""
    others = User.filter(roles__name=ROOT, suspended=False).exclude(id=user.id)
    if ROOT in {role.name for role in user.roles} and not await others.exists():
        raise refuse(
            Code.STILL_REFERENCED, f"'{user.username}' is the last who holds the role '{ROOT}' and must keep it."
        )


async def remove_user(user: User, referrers: Iterable[Referrer]) -> None:
    """End a user; refuses to take other records along."""
    for referrer in referrers:
        if referrer.on_delete == "CASCADE" and await referrer.model.filter(**{referrer.attribute: user.id}).exists():
            raise _referenced(referrer.model._meta.db_table)
    try:
        async with unit_of_work():
            await user.delete()
    except IntegrityError:
        raise _referenced("other records") from None


async def remove_role(role: Role) -> None:
    """End a role that nobody holds."""
    if await User.filter(roles__name=role.name).exists():
        raise refuse(Code.STILL_REFERENCED, f"The role '{role.name}' is held by users: take it from them before.")
    await role.delete()


@asynccontextmanager
async def unit_of_accounts() -> AsyncIterator[None]:
    """A unit that has users and roles to itself: who is the last root, or whether somebody holds a role, stays so."""
    async with unit_of_work():
        await take_turns("accounts")
        yield


@asynccontextmanager
async def unit_without_twins(model: type[Model], unique: Mapping[str, Any], own_key: Any = None) -> AsyncIterator[None]:
    """A unit of work whose unique violations are told by name: `unique` has the values about to be stored."""
    try:
        async with unit_of_accounts():
            yield
    except IntegrityError as error:
        taken = [
            name
            for name, value in unique.items()
            if value is not None and await model.filter(**{name: value}).exclude(pk=own_key).exists()
        ]
        if not taken:
            raise
        raise Refusal(
            Complaint(Code.UNIQUE_VIOLATION, f"Another of '{model._meta.db_table}' has this {name}.", (name,))
            for name in taken
        ) from error


def _referenced(by: str) -> Refusal:
    return refuse(Code.STILL_REFERENCED, f"'{by}' belong to this user: give them to somebody else before.")
