"""Finds the token and the role that a request shows, and takes the token out of the query string; pure."""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from msgspec import Struct
from msgspec.structs import replace

from engine.errors import Code, refuse
from engine.identity.tokens import invalid_token

PARAMETER = b"token"

_BRACKETS = re.compile(rb"[\[\]]+")
_BEARER = re.compile(rb"bearer(?:[ \t]+(\S+))?[ \t]*", re.IGNORECASE)


class Query(Struct, frozen=True):
    """A query string without the parameter `token`, and the values that it had."""

    rest: bytes
    tokens: tuple[bytes, ...]
    malformed: bool = False


_NO_QUERY = Query(b"", ())


class Credentials(Struct, frozen=True):
    """What a request shows of who sends it: its headers `Authorization` and `X-Role`, and its query string."""

    authorization: tuple[bytes, ...]
    roles: tuple[bytes, ...]
    query: Query

    @property
    def token(self) -> str | None:
        """See `find_token`."""
        return find_token(self.authorization, self.query)

    @property
    def role(self) -> str | None:
        """The role asked for, None where none is. Two make a list, which is no role's name."""
        return b", ".join(self.roles).decode("utf-8", "surrogateescape") if self.roles else None

    def joined_by(self, authorization: Iterable[str], roles: Iterable[str]) -> "Credentials":
        """With what a socket's first message shows: browsers cannot give a socket headers."""
        return replace(
            self,
            authorization=(*self.authorization, *(text.encode() for text in authorization)),
            roles=tuple(dict.fromkeys((*self.roles, *(role.encode() for role in roles)))),
        )

    def in_role(self, role: str) -> "Credentials":
        """The same in this role, whatever becomes of the default one."""
        return replace(self, roles=(role.encode("utf-8", "surrogateescape"),))


def split_query(query: bytes) -> Query:
    """Take every spelling of the parameter out of a query string.

    `token[]`, `token[a]` and `[token]`, which nest into the same name further on, are it too, but malformed.

    >>> split_query(b"page=2&token=abc&sort=id")
    Query(rest=b'page=2&sort=id', tokens=(b'abc',), malformed=False)
    >>> split_query(b"%74oken=abc&tokens=1").rest
    b'tokens=1'
    """
    if not query:
        return _NO_QUERY
    kept: list[bytes] = []
    tokens: list[bytes] = []
    malformed = False
    for part in query.split(b"&"):
        name, value = (_decode(text) for text in (*part.split(b"=", 1), b"")[:2])
        if next(filter(None, _BRACKETS.split(name)), b"") != PARAMETER:
            kept.append(part)
            continue
        malformed = malformed or name != PARAMETER
        if value:
            tokens.append(value)
    return Query(b"&".join(kept), tuple(tokens), malformed)


def find_token(authorization: Iterable[bytes], query: Query) -> str | None:
    """The one token of a request, None when it shows none.

    Raises `AMBIGUOUS_CREDENTIALS` for two that differ, `INVALID_TOKEN` for what is no bearer token at all.
    """
    shown = {*query.tokens, *filter(None, map(_bearer, authorization))}
    if len(shown) > 1:
        raise refuse(Code.AMBIGUOUS_CREDENTIALS, "The request shows two tokens that differ: send one of them.")
    if query.malformed:
        raise invalid_token()
    return shown.pop().decode("latin-1") if shown else None


def _bearer(header: bytes) -> bytes | None:
    if not header.strip():
        return None
    found = _BEARER.fullmatch(header.strip())
    if found is None:
        raise invalid_token()
    return found.group(1)


def _decode(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))
