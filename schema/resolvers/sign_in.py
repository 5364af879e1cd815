"""Signing in and out, and what somebody may know about themselves; the same for both doors."""

from collections.abc import Iterator
from typing import Any

from engine.actions import Actor
from engine.errors import Code, Complaint, Refusal, raise_for, refuse
from engine.identity.accounts import NamedBy
from engine.identity.directory import find_role, find_user
from engine.identity.tokens import ISSUER
from engine.outcomes import Record
from engine.system.models import User
from schema import audit
from schema.context import Context
from schema.permissions import signed_in
from schema.resolvers.inputs import check_new_password, check_text


async def sign_in(
    context: Context, *, account: Any = None, username: Any = None, email: Any = None, password: Any = None
) -> Record:
    """A token for whoever knows the password; exactly one of the three names says whose."""
    names = {NamedBy.ACCOUNT: account, NamedBy.USERNAME: username, NamedBy.EMAIL: email}
    given = {named_by: name for named_by, name in names.items() if name is not None}
    accounts = context.engine.accounts
    if complaints := [*_one_name(given), *check_text("password", password, None)]:
        await accounts.count_failure(str(next(iter(given.values()), "")), context.peer)
        raise Refusal(complaints)
    [(named_by, name)] = given.items()
    token, user = await accounts.sign_in(name, password, context.peer, named_by)
    audit.done(context, "auth:signIn", user.username)
    return {"token": token, "user": _profile(user)}


async def sign_out(context: Context) -> None:
    """End the token that was shown."""
    await context.engine.accounts.sign_out(_with_token(context))
    audit.done(context, "auth:signOut")


async def refresh(context: Context) -> Record:
    """A new token in exchange for the one that was shown, which ends."""
    return {"token": await context.engine.accounts.refresh(_with_own_token(context))}


async def change_password(context: Context, old_password: Any, new_password: Any) -> Record:
    """Give the actor another password: every token so far ends, the answer brings a new one."""
    actor = _with_token(context)
    raise_for([*check_text("oldPassword", old_password, None), *check_new_password("newPassword", new_password)])
    accounts = context.engine.accounts
    token = await accounts.change_password(actor, old_password, new_password, context.peer)
    audit.done(context, "auth:changePassword")
    return {"token": token}


async def check(context: Context) -> Record:
    """Who the token says is asking, with every role they could ask in and the one they do."""
    actor = signed_in(context.actor)
    user = await find_user(actor.key)
    profile = _profile(user)
    # A key has fewer than its user.
    held = [role for role in profile["roles"] if role["name"] in actor.roles]
    return {**profile, "roles": held, "role": actor.role}


async def check_role(context: Context) -> Record:
    """The role the actor asks in, with what it may do."""
    actor = signed_in(context.actor)
    role = await find_role(actor.role)
    return {"name": role.name, "title": role.title, "grants": role.grants, "workflows": _workflows(actor)}


def _with_token(context: Context) -> Actor:
    """The actor, when they have signed in. A program has its key for one role and must not get to the others by it."""
    actor = signed_in(context.actor)
    if actor.token is None:
        raise refuse(Code.NO_PERMISSION, "A key does not do this: it takes the token of somebody who has signed in.")
    return actor


def _with_own_token(context: Context) -> Actor:
    """The actor, when the token is one of ours. Those of the identity provider shall not outlive what it says."""
    actor = _with_token(context)
    if actor.token and actor.token["iss"] != ISSUER:
        raise refuse(Code.NO_PERMISSION, "This token is the identity provider's: get the next one there.")
    return actor


def _profile(user: User) -> Record:
    return {
        "id": user.id,
        "username": user.username,
        "nickname": user.nickname,
        "email": user.email,
        "roles": [{"name": role.name, "title": role.title} for role in sorted(user.roles, key=lambda role: role.name)],
        "defaultRole": user.default_role,
    }


def _workflows(actor: Actor) -> list[str] | bool:
    return True if actor.workflows is None else sorted(actor.workflows)


def _one_name(given: dict[NamedBy, Any]) -> Iterator[Complaint]:
    if not given:
        yield Complaint(Code.REQUIRED, "Say who signs in: account, username or email.", (NamedBy.ACCOUNT.value,))
        return
    first, *others = given
    yield from check_text(first.value, given[first])
    for other in others:
        yield Complaint(Code.BAD_VALUE, f"Say who signs in by one name: '{other}' is too many.", (other.value,))
