"""Issues and reads the tokens that say who is signed in: JWTs with one algorithm, HS256."""

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from jwt.types import Options

from engine.errors import Code, Refusal, StartError, refuse

ALGORITHM = "HS256"
ISSUER = "bangpath"
PURPOSE = "access"
LEEWAY = timedelta(seconds=60)
LIFETIME = timedelta(hours=24)
MAX_BYTES = 8 * 1024
MIN_SECRET_BYTES = 32

# Times are not left to PyJWT: it would take text and fractions for a time, and has no clock to hand in.
_OPTIONS: Options = {
    "require": ["iss", "aud", "exp", "iat", "jti", "sub", "typ"],
    "strict_aud": True,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
_END_OF_TIME = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
_MAX_USER = 2**31


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that can be believed says: whose it is, which one, from when and until when, and who says so."""

    user: int
    id: str
    issued_at: datetime
    expires_at: datetime
    issuer: str = ISSUER


class Tokens:
    """Signs and verifies with one secret. The audience is made from it, so another install's tokens are strangers."""

    def __init__(self, secret: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._key = secret.encode()
        if len(self._key) < MIN_SECRET_BYTES:
            raise StartError(
                f"The secret has {len(self._key)} bytes, tokens need {MIN_SECRET_BYTES}: "
                "set BANGPATH_SECRET to a long random text, or leave it out to have one made."
            )
        self.audience = "bangpath:" + hashlib.sha256(b"bangpath audience\0" + self._key).hexdigest()[:32]
        self.now = now

    def issue(self, user: int, lifetime: timedelta = LIFETIME, valid_from: datetime | None = None) -> str:
        """A token for this user. It is dated `valid_from` at the earliest, so that it outlives a password change
        of the same second; see `next_valid_from`."""
        issued = max(self.now(), valid_from) if valid_from else self.now()
        at = int(issued.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": self.audience,
            "sub": str(user),
            "typ": PURPOSE,
            "jti": uuid.uuid4().hex,
            "iat": at,
            "exp": at + int(lifetime.total_seconds()),
        }
        return jwt.encode(claims, self._key, ALGORITHM)

    def next_valid_from(self, previous: datetime | None) -> datetime:
        """The moment that is later than every token issued so far: tokens count whole seconds, so the next one."""
        floor = max(self.now(), previous) if previous else self.now()
        return floor.replace(microsecond=0) + timedelta(seconds=1)

    def read(self, token: str) -> Claims:
        """The claims of a token; raises a refusal `INVALID_TOKEN` or `EXPIRED_TOKEN`, and never anything else."""
        if len(token) > MAX_BYTES or not token.isascii():
            raise invalid_token()
        return self._checked(self._verified(token))

    def _verified(self, token: str) -> Mapping[str, Any]:
        # Only what is signed with our own algorithm and key comes back; `kid` and other header fields choose nothing.
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=self.audience,
                issuer=ISSUER,
                options=_OPTIONS,
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise invalid_token() from None
        return claims

    def _checked(self, claims: Mapping[str, Any]) -> Claims:
        user, identifier = claims["sub"], claims["jti"]
        if claims["typ"] != PURPOSE or not _is_key(user) or not _is_identifier(identifier):
            raise invalid_token()
        issued, expires = check_times(claims, self.now())
        return Claims(int(user), identifier, issued, expires)


def check_times(claims: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
    """When a token was issued and when it ends; raises `EXPIRED_TOKEN`, and `INVALID_TOKEN` for what is no time, or
    one to come."""
    issued, expires, not_before = (_time(claims.get(name, 0)) for name in ("iat", "exp", "nbf"))
    if issued is None or expires is None or not_before is None:
        raise invalid_token()
    if max(issued, not_before) > now + LEEWAY:
        raise invalid_token()
    if expires <= now - LEEWAY:
        raise refuse(Code.EXPIRED_TOKEN, "The token has expired: sign in again.")
    return issued, expires


def invalid_token() -> Refusal:
    """The one answer to every token that is not ours; why it is not would only help a forger."""
    return refuse(Code.INVALID_TOKEN, "The token is not valid: sign in again.")


def _time(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _END_OF_TIME:
        return None
    return datetime.fromtimestamp(value, UTC)


def _is_key(value: object) -> bool:
    return (
        isinstance(value, str) and len(value) <= 10 and value.isascii() and value.isdigit() and int(value) < _MAX_USER
    )


def _is_identifier(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64
