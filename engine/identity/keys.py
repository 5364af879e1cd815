"""Keys for programs: of one user in one role, shown once when they are made, and kept as hashes alone."""

import hashlib
import secrets
from datetime import datetime, timedelta

from engine.errors import Code, refuse
from engine.system.models import ApiKey

PREFIX = "bp_"
"""What a key begins with, and no token does. Those who look for secrets in what was published know them by it."""

BYTES = 32
LONGEST = 128

# Often enough to see which key nobody needs any more; a write for every request would cost more than the request.
_NOTED_EVERY = timedelta(minutes=1)


def is_key(token: str) -> bool:
    """Whether this is a key, good or not, rather than a token."""
    return token.startswith(PREFIX)


def digest(key: str) -> str:
    """What is kept of a key. Nobody guesses 256 random bits, so a fast hash is as good as a slow one."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


async def make_key(user: int, role: str, name: str, expires_at: datetime | None) -> tuple[str, ApiKey]:
    """A new key of this user's, and its row; nobody can learn the key later."""
    key = PREFIX + secrets.token_urlsafe(BYTES)
    row = await ApiKey.create(name=name, digest=digest(key), user_id=user, role_name=role, expires_at=expires_at)
    return key, row


async def find_shown(key: str, now: datetime) -> ApiKey | None:
    """The row of a key that somebody shows, which is noted to be in use; None for one that is not known.

    Raises `EXPIRED_TOKEN`.
    """
    row = await ApiKey.get_or_none(digest=digest(key)) if len(key) <= LONGEST else None
    if row is None:
        return None
    if row.expires_at is not None and row.expires_at <= now:
        raise refuse(Code.EXPIRED_TOKEN, "The key has expired: make another one.")
    if row.last_used_at is None or row.last_used_at <= now - _NOTED_EVERY:
        await ApiKey.filter(id=row.id).update(last_used_at=now)
    return row


async def find_key(id: int, user: int | None) -> ApiKey:
    """The key with this number, of this user or, for None, of anybody; raises `NOT_FOUND`."""
    row = await ApiKey.filter(**_of(user)).get_or_none(id=id)
    if row is None:
        raise refuse(Code.NOT_FOUND, f"There is no key '{id}' of yours.")
    return row


async def list_keys(user: int | None, page: int, page_size: int) -> tuple[list[ApiKey], int]:
    """A page of the keys of this user or, for None, of all, and how many there are."""
    found = ApiKey.filter(**_of(user))
    return await found.order_by("id").offset((page - 1) * page_size).limit(page_size), await found.count()


def _of(user: int | None) -> dict[str, int]:
    return {} if user is None else {"user_id": user}
