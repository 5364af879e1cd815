"""The accounts of the service: who signs in, with which token, in which role."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tortoise.expressions import Q

from engine.actions import Actor
from engine.data.unit import unit_of_work
from engine.errors import Code, StartError, refuse
from engine.identity.attempts import Attempts
from engine.identity.directory import find_user, unit_of_accounts
from engine.identity.passwords import Passwords, refuse_password
from engine.identity.roles import ROOT, RoleDocument, granted_workflows
from engine.identity.tokens import LEEWAY, LIFETIME, Claims, Tokens, invalid_token
from engine.system.models import RevokedToken, Role, User

_HELD = (
    *("id", "username", "nickname", "tokens_valid_from", "default_role"),
    *("roles__name", "roles__grants", "roles__workflows"),
)


class NamedBy(StrEnum):
    """What a caller says which account is meant with; `account` is either of the others."""

    ACCOUNT = "account"
    USERNAME = "username"
    EMAIL = "email"


class Accounts:
    """Reads users and roles from the database each time, so a role taken away is gone with the next request."""

    def __init__(self, tokens: Tokens, passwords: Passwords, attempts: Attempts) -> None:
        self.tokens = tokens
        self.passwords = passwords
        self._attempts = attempts

    async def sign_in(
        self, name: str, password: str, peer: str, named_by: NamedBy = NamedBy.ACCOUNT
    ) -> tuple[str, User]:
        """A new token and whose it is, roles loaded.

        An unknown account is refused with the same words, and after the same work, as a wrong password.
        """
        user = await self._proven(name, password, peer, named_by)
        await user.fetch_related("roles")
        return self._token(user), user

    async def count_failure(self, name: str, peer: str) -> None:
        """Count an attempt to sign in that was refused before any password was looked at; floods are stopped alike."""
        async with self._attempts.attempt(name, peer) as attempt:
            attempt.fail()

    async def sign_out(self, actor: Actor) -> None:
        """End the token that was shown. Those that have ended by themselves are forgotten on the way."""
        assert actor.token is not None, "only somebody with a token signs out"
        async with unit_of_work():
            await RevokedToken.filter(expires_at__lt=self.tokens.now() - 2 * LEEWAY).delete()
            await RevokedToken.get_or_create(jti=actor.token["jti"], defaults={"expires_at": actor.token["exp"]})

    async def refresh(self, actor: Actor) -> str:
        """A new token in exchange for the one that was shown, which ends: a stolen copy of it dies with it."""
        user = await find_user(actor.key)
        await self.sign_out(actor)
        return self._token(user)

    async def change_password(self, actor: Actor, old: str, new: str, peer: str) -> str:
        """Give the actor another password; every token so far ends, the one answered is new.

        Guesses of the old one count as failed sign-ins: a stolen token must not be a way to try passwords.
        """
        user = await self._proven(actor.username, old, peer, NamedBy.USERNAME)
        return self._token(await self.set_password(user.id, new))

    async def set_password(self, key: int, password: str) -> User:
        """Give a user another password and end all of their tokens."""
        hashed = await self.passwords.hash(password)
        async with unit_of_accounts():
            user = await find_user(key)
            self.renew(user, hashed)
            await user.save(update_fields=["password_hash", "tokens_valid_from", "updated_at"])
        return user

    def renew(self, user: User, hashed: str) -> None:
        """Put a new password's hash on a row that is about to be saved; tokens from before it end."""
        user.password_hash = hashed
        user.tokens_valid_from = self.tokens.next_valid_from(user.tokens_valid_from)

    async def actor(self, token: str, role: str | None = None) -> Actor:
        """Who shows this token, in `role` or their default one; raises a refusal with one of the 401 codes."""
        claims = self.tokens.read(token)
        held = await _held_roles(claims.user)
        if not held:
            raise invalid_token()
        if await self._blocked(claims, held[0]["tokens_valid_from"]):
            raise refuse(Code.BLOCKED_TOKEN, "The token was signed out or replaced: sign in again.")
        actor = _in_role(held, role, claims)
        if actor is None:
            raise refuse(Code.ROLE_NOT_FOUND_FOR_USER, "This is not one of your roles: see auth:check for those.")
        return actor

    async def actor_of(self, key: int, role: str | None = None) -> Actor | None:
        """A user as an actor without a token; None when the user, or their hold of the role, is gone."""
        return _in_role(await _held_roles(key), role)

    async def issue_token(self, username: str, hours: float) -> str:
        """A token for somebody who did not sign in, as the command line prints it."""
        return self._token(await _called(username), timedelta(hours=hours))

    async def reset_password(self, username: str) -> str:
        """Give a user a password made at random, and answer it; all of their tokens end."""
        password = secrets.token_urlsafe(12)
        await self.set_password((await _called(username)).id, password)
        return password

    async def ensure_roles(self, documents: Iterable[RoleDocument]) -> None:
        """Store these roles in a database that has none yet; afterwards they are the administrators' to change."""
        async with unit_of_work():
            if await Role.exists():
                return
            for role in documents:
                workflows = list(role.workflows) if isinstance(role.workflows, tuple) else role.workflows
                await Role.create(name=role.name, title=role.title, grants=dict(role.grants), workflows=workflows)

    async def ensure_root(self, password: str | None) -> str | None:
        """Make the first user, `root`, who holds every role there is, where there is no user yet.

        Answers the password when it had to be generated: nobody can learn it later.
        """
        if await User.exists():
            return None
        if password is not None and (fault := refuse_password(password)):
            raise StartError(f"BANGPATH_ROOT_PASSWORD {fault}: choose another one.")
        given = password or secrets.token_urlsafe(12)
        hashed = await self.passwords.hash(given)
        async with unit_of_work():
            if await User.exists():
                return None
            roles = await Role.all()
            if ROOT not in {role.name for role in roles}:
                raise StartError(f"There is no role '{ROOT}' for the first user: store the roles before.")
            user = await User.create(username=ROOT, nickname="Root", password_hash=hashed, default_role=ROOT)
            await user.roles.add(*roles)
        return None if password else given

    def _token(self, user: User, lifetime: timedelta = LIFETIME) -> str:
        return self.tokens.issue(user.id, lifetime, user.tokens_valid_from)

    async def _proven(self, name: str, password: str, peer: str, named_by: NamedBy) -> User:
        async with self._attempts.attempt(name, peer) as attempt:
            user = await User.filter(_named(name, named_by)).first()
            if await self.passwords.verify(user.password_hash if user else None, password) and user:
                return user
            attempt.fail()
        raise refuse(Code.INVALID_CREDENTIALS, "The account or the password is wrong.")

    async def _blocked(self, claims: Claims, valid_from: datetime | None) -> bool:
        if valid_from and claims.issued_at < valid_from:
            return True
        return await RevokedToken.exists(jti=claims.id)


def _named(name: str, named_by: NamedBy) -> Q:
    username, email = Q(username=name), Q(email=name.lower())
    return {NamedBy.ACCOUNT: username | email, NamedBy.USERNAME: username, NamedBy.EMAIL: email}[named_by]


async def _called(username: str) -> User:
    if user := await User.get_or_none(username=username):
        return user
    raise refuse(Code.NOT_FOUND, f"There is no user '{username}'.")


async def _held_roles(key: int) -> list[dict[str, Any]]:
    """A user beside each of their roles, empty without the user. Every request asks this: one statement is half the
    time of loading a user and then the roles."""
    return await User.filter(id=key).values(*_HELD)


def _in_role(held: list[dict[str, Any]], name: str | None, claims: Claims | None = None) -> Actor | None:
    for row in held:
        if row["roles__name"] == (row["default_role"] if name is None else name):
            return Actor(
                key=row["id"],
                username=row["username"],
                nickname=row["nickname"],
                role=row["roles__name"],
                roles=tuple(sorted(each["roles__name"] for each in held)),
                grants=row["roles__grants"],
                workflows=granted_workflows(row["roles__workflows"]),
                token={"jti": claims.id, "exp": claims.expires_at} if claims else None,
            )
    return None
