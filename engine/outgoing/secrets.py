"""Secrets by name: what outgoing requests show or sign with, each for the hosts it was given for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.outgoing.failures import CallFailed

_ENCODED = "whsec_"


@dataclass(frozen=True, slots=True)
class Secret:
    """`hosts` are those that may be shown it: who writes workflows may use it there, and learns it nowhere."""

    value: str = field(repr=False)
    hosts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Secrets:
    """All that the settings name."""

    named: Mapping[str, Secret] = field(default_factory=dict)

    def values(self, names: Iterable[str], host: str) -> dict[str, str]:
        """The values of these for a host."""
        values = {}
        for name in names:
            if fault := self.fault(name, host):
                raise CallFailed(fault)
            values[name] = self.named[name].value
        return values

    def fault(self, name: str, host: str | None) -> str | None:
        """Why there is no such secret for a host, or for None at all, or None where there is one.

        One message for secrets that are not there and for those of other hosts.
        """
        secret = self.named.get(name)
        if secret is not None and (host is None or host in secret.hosts):
            return None
        there = f" for '{host}'" if host else ""
        return f"There is no secret '{name}'{there}: BANGPATH_SECRETS names them, with hosts."


NO_SECRETS = Secrets()


def sign(secret: str, key: str, timestamp: int, body: bytes) -> str:
    """The signature of Standard Webhooks, which covers the request's key, its time in seconds and its body.

    >>> key, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", key, 1614265330, body)
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = b"%b.%d.%b" % (key.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    """The bytes of a key as Standard Webhooks writes it; any other text is its own."""
    if secret.startswith(_ENCODED):
        try:
            return base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()
