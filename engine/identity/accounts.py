"""The accounts of the service: who signs in, with which token, in which role."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tortoise.expressions import Q

from engine.actions import Actor
from engine.data.unit import after_commit, unit_of_work
from engine.errors import Code, Refusal, StartError, refuse
from engine.identity.attempts import Attempts
from engine.identity.directory import find_user, unit_of_accounts
from engine.identity.keys import find_shown, is_key
from engine.identity.passwords import Passwords, refuse_password
from engine.identity.provider import Provider
from engine.identity.recent import Holder, Recent
from engine.identity.roles import ROOT, RoleDocument, granted_workflows
from engine.identity.tokens import LEEWAY, LIFETIME, Claims, Tokens, invalid_token
from engine.system.models import RevokedToken, Role, User

_HELD = (
    *("id", "username", "nickname", "tokens_valid_from", "suspended", "default_role"),
    *("roles__name", "roles__grants", "roles__workflows"),
)


class NamedBy(StrEnum):
    """What a caller says which account is meant with; `account` is either of the others."""

    ACCOUNT = "account"
    USERNAME = "username"
    EMAIL = "email"


class Accounts:
    """Who somebody is, from the database, or `recent` where it was found out a moment ago; `provider` is the service
    whose tokens are believed besides our own."""

    def __init__(
        self,
        tokens: Tokens,
        passwords: Passwords,
        attempts: Attempts,
        provider: Provider | None = None,
        recent: Recent | None = None,
    ) -> None:
        self.tokens = tokens
        self.passwords = passwords
        self._attempts = attempts
        self._provider = provider
        self._recent = recent or Recent()

    def forget(self) -> None:
        """To be called when users, their roles, what these may do, or keys have changed and that is committed."""
        self._recent.forget()

    async def close(self) -> None:
        """Let go of the connections to the provider."""
        if self._provider:
            await self._provider.close()

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
            after_commit(self.forget)

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
            after_commit(self.forget)
        return user

    def renew(self, user: User, hashed: str) -> None:
        """Put a new password's hash on a row that is about to be saved; tokens from before it end."""
        user.password_hash = hashed
        self.end_tokens(user)

    def end_tokens(self, user: User) -> None:
        """Let no token that this user has by now be good for anything, on a row that is about to be saved."""
        user.tokens_valid_from = self.tokens.next_valid_from(user.tokens_valid_from)

    async def actor(self, token: str, role: str | None = None) -> Actor:
        """Who shows this token or key, in `role` or the default one; raises a refusal with one of the 401 codes."""
        holder = self._recent.find(token, self.tokens.now())
        if holder is None:
            state = self._recent.state
            try:
                holder = await self._holder(token)
            except Refusal:
                self._recent.drop(token)
                raise
            self._recent.keep(token, holder, state)
        actor = _in_role(holder, role)
        if actor is None:
            raise refuse(Code.ROLE_NOT_FOUND_FOR_USER, "This is not one of your roles: see auth:check for those.")
        return actor

    async def actor_of(self, key: int, role: str | None = None) -> Actor | None:
        """A user as an actor without a token; None when the user, or their hold of the role, is gone or suspended."""
        rows = await _held_roles(Q(id=key))
        if not rows or rows[0]["suspended"]:
            return None
        return _in_role(Holder(rows, rows[0]["default_role"], None, None), role)

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
            known = await self.passwords.verify(user.password_hash if user else None, password)
            # Who is suspended is not told apart either: it would say that the password was right.
            if known and user and not user.suspended:
                return user
            attempt.fail()
        raise refuse(Code.INVALID_CREDENTIALS, "The account or the password is wrong.")

    async def _holder(self, token: str) -> Holder:
        if is_key(token):
            return await self._holder_of_key(token)
        if self._provider and self._provider.signs_like(token):
            said = await self._provider.read(token, self.tokens.now())
            rows = await _held_roles(_named(said.name, NamedBy(said.named_by)))
            claims = said.claims_of(rows[0]["id"]) if rows else None
        else:
            claims = self.tokens.read(token)
            rows = await _held_roles(Q(id=claims.user))
        if not rows or claims is None:
            raise invalid_token()
        if await _is_blocked(claims, rows[0]):
            raise refuse(Code.BLOCKED_TOKEN, "The token was ended, or its user suspended: sign in again.")
        return Holder(rows, rows[0]["default_role"], claims, claims.expires_at + LEEWAY)

    async def _holder_of_key(self, token: str) -> Holder:
        """A key is good for its one role, for as long as its user holds that."""
        key = await find_shown(token, self.tokens.now())
        if key is None:
            raise invalid_token()
        rows = await _held_roles(Q(id=key.user_id))
        if not rows or rows[0]["suspended"]:
            raise refuse(Code.BLOCKED_TOKEN, "The user of this key is suspended.")
        held = tuple(row for row in rows if row["roles__name"] == key.role_name)
        return Holder(held, key.role_name, None, key.expires_at)


async def _is_blocked(claims: Claims, row: dict[str, Any]) -> bool:
    """Whether a token ended before its time: with all of its user's, or alone."""
    valid_from: datetime | None = row["tokens_valid_from"]
    if row["suspended"] or (valid_from and claims.issued_at < valid_from):
        return True
    return await RevokedToken.exists(jti=claims.id)


def _named(name: str, named_by: NamedBy) -> Q:
    username, email = Q(username=name), Q(email=name.lower())
    return {NamedBy.ACCOUNT: username | email, NamedBy.USERNAME: username, NamedBy.EMAIL: email}[named_by]


async def _called(username: str) -> User:
    if user := await User.get_or_none(username=username):
        return user
    raise refuse(Code.NOT_FOUND, f"There is no user '{username}'.")


async def _held_roles(which: Q) -> tuple[dict[str, Any], ...]:
    """A user beside each of their roles, empty without the user: one statement is half the time of loading a user and
    then the roles."""
    return tuple(await User.filter(which).values(*_HELD))


def _in_role(holder: Holder, name: str | None) -> Actor | None:
    claims = holder.claims
    for row in holder.rows:
        if row["roles__name"] == (holder.default if name is None else name):
            return Actor(
                key=row["id"],
                username=row["username"],
                nickname=row["nickname"],
                role=row["roles__name"],
                roles=tuple(sorted(each["roles__name"] for each in holder.rows)),
                grants=row["roles__grants"],
                workflows=granted_workflows(row["roles__workflows"]),
                token={"jti": claims.id, "exp": claims.expires_at, "iss": claims.issuer} if claims else None,
            )
    return None
