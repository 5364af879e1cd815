"""Believes the tokens of another service that people sign in at: the settings name it, and its keys come from a URL.

It says who somebody is and nothing else. Users are made here and roles given here, so the name in its token must be
that of a user; nobody becomes one by showing a token.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import jwt
from jwt.types import Options

from engine.identity.provider_keys import ProviderKeys
from engine.identity.tokens import MAX_BYTES, Claims, check_times, invalid_token

ALGORITHMS: tuple[Literal["RS256", "ES256"], ...] = ("RS256", "ES256")
"""Those with two keys: whoever can check a signature cannot make one."""

_OPTIONS: Options = {
    "require": ["iss", "aud", "exp", "iat", "sub"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
_TYPES = ("jwt", "at+jwt", "application/at+jwt")
_LONGEST_NAME = 255
_MAX_KID = 256


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we believe: who must have issued a token, for whom, and which claim names our user.

    A claim `email` is an address of ours, and believed only where `email_verified` says so; any other is a username.
    """

    issuer: str
    audience: str
    claim: str = "sub"

    @property
    def named_by(self) -> Literal["email", "username"]:
        return "email" if self.claim == "email" else "username"


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider's token says: a name of a user of ours, and when it was issued and ends."""

    name: str
    named_by: Literal["email", "username"]
    issuer: str
    id: str
    issued_at: datetime
    expires_at: datetime

    def claims_of(self, user: int) -> Claims:
        """The claims of the token, now that it is known whose it is."""
        return Claims(user, self.id, self.issued_at, self.expires_at, self.issuer)


class Provider:
    """The one service whose tokens are believed besides our own."""

    def __init__(self, trust: Trust, keys: ProviderKeys) -> None:
        self._trust = trust
        self._keys = keys

    def signs_like(self, token: str) -> bool:
        """Whether a token says that it is signed as the provider signs; with our own way it is ours or nobody's."""
        return _header(token).get("alg") in ALGORITHMS

    async def read(self, token: str, now: datetime) -> Said:
        """What the token says; raises `INVALID_TOKEN`, `EXPIRED_TOKEN`, or `UNAVAILABLE` while no key is known."""
        header = _header(token)
        kid, kind = header.get("kid"), header.get("typ", "JWT")
        if not isinstance(kid, str) or len(kid) > _MAX_KID:
            raise invalid_token()
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            raise invalid_token()
        key = await self._keys.find(kid)
        # The key says which algorithm it is for; what the token says of that must agree, and chooses nothing.
        if key is None or header.get("alg") != key.algorithm_name:
            raise invalid_token()
        return self._said(token, self._verified(token, key), now)

    async def close(self) -> None:
        await self._keys.close()

    def _verified(self, token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._trust.audience,
                issuer=self._trust.issuer,
                options=_OPTIONS,
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise invalid_token() from None
        return claims

    def _said(self, token: str, claims: Mapping[str, Any], now: datetime) -> Said:
        issued, expires = check_times(claims, now)
        name = claims.get(self._trust.claim)
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
            raise invalid_token()
        if self._trust.named_by == "email" and claims.get("email_verified") is not True:
            raise invalid_token()
        # Not its `jti`, which it may not have, or choose like one of ours.
        identifier = hashlib.sha256(token.encode()).hexdigest()
        return Said(name, self._trust.named_by, self._trust.issuer, identifier, issued, expires)


def _header(token: str) -> Mapping[str, Any]:
    """What a token says of itself, before anything is believed; empty where it is none."""
    if len(token) > MAX_BYTES or not token.isascii():
        return {}
    try:
        header: Mapping[str, Any] = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return {}
    return header
