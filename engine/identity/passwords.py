"""Hashes and verifies passwords with argon2id, in threads, a few at a time."""

import logging
from functools import partial

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

log = logging.getLogger("bangpath.identity")

# What OWASP's password storage cheat sheet asks of argon2id at least: 19 MiB, two passes, one lane (30 ms here).
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
AT_ONCE = 2
MIN_LENGTH = 8
MAX_LENGTH = 1024

# The hash of a random password that nobody kept, with the same parameters as all others.
NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$zFuO9F4rk18NTlgU5UQZOg$feIaTgd902PRSQW4GCsLPjDTwAvUwvQyjT2D/7RWcJI"


class Passwords:
    """At most `at_once` hashes are computed together: each one takes 19 MiB and a core."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._hasher = PasswordHasher(PASSES, MEMORY_KIB, LANES, type=Type.ID)
        self._limiter = CapacityLimiter(at_once)

    async def hash(self, password: str) -> str:
        """A new hash, each time another one, since the salt is."""
        return await to_thread.run_sync(partial(self._hasher.hash, _bytes(password)), limiter=self._limiter)

    async def verify(self, known: str | None, password: str) -> bool:
        """Whether `password` made the hash `known`; an unknown account (None) takes as long as a wrong password."""
        usable = known is not None and len(password) <= MAX_LENGTH
        check = partial(self._check, known if known is not None else NOBODYS, _bytes(password[:MAX_LENGTH]))
        return await to_thread.run_sync(check, limiter=self._limiter) and usable

    def _check(self, known: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(known, password)
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError) as fault:
            log.error("a stored password cannot be checked, its account is shut until it has a new one: %s", fault)
            return False


def refuse_password(password: object) -> str | None:
    """Why this cannot be somebody's new password, as a sentence that can follow the field's name; None when it can."""
    if not isinstance(password, str):
        return "must be a string"
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"must have {MIN_LENGTH} to {MAX_LENGTH} characters"
    return None


def _bytes(password: str) -> bytes:
    """The bytes that are hashed; lone surrogates are text nobody can have chosen, but not a reason to fail."""
    return password.encode("utf-8", "surrogatepass")
