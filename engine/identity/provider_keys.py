"""The public keys of an identity provider: fetched from its URL, kept, and fetched anew when they age or one lacks.

PyJWT's own client is synchronous and would hold up everybody.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from engine.errors import Code, refuse

log = logging.getLogger("bangpath.identity")

MAX_AGE = 600.0
"""Seconds after which the keys are fetched anew: for so long is one believed that the provider has withdrawn."""

PAUSE = 10.0
"""Seconds between two attempts. Anybody can show a token with a key that nobody has heard of."""

SECONDS = 5.0
MAX_BYTES = 256 * 1024
MAX_KEYS = 100
MIN_RSA_BITS = 2048


class ProviderKeys:
    """Keys by their `kid`. The URL is the operator's own, so it may be private; nobody else chooses where this goes."""

    def __init__(
        self,
        url: str,
        algorithms: Sequence[str],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._algorithms = tuple(algorithms)
        self._client = httpx.AsyncClient(transport=transport, trust_env=False, timeout=SECONDS)
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._turn = asyncio.Lock()

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The key called so, None when the provider has none; raises `UNAVAILABLE` when none was ever to be had.

        While the provider is away the keys that are known go on, however old they are.
        """
        if self._is_old or kid not in self._keys:
            async with self._turn:
                if (self._is_old or kid not in self._keys) and self._may_try:
                    await self._fetch()
        if self._fetched is None:
            message = "The identity provider cannot be reached, so its tokens cannot be checked: try again."
            raise refuse(Code.UNAVAILABLE, message, retryAfter=int(PAUSE))
        return self._keys.get(kid)

    async def close(self) -> None:
        await self._client.aclose()

    @property
    def _is_old(self) -> bool:
        return self._fetched is None or self._fetched + MAX_AGE <= self._clock()

    @property
    def _may_try(self) -> bool:
        return self._tried is None or self._tried + PAUSE <= self._clock()

    async def _fetch(self) -> None:
        self._tried = self._clock()
        try:
            async with asyncio.timeout(SECONDS):
                keys = dict(_keys(await self._body(), self._algorithms))
        except (httpx.HTTPError, TimeoutError, ValueError, RecursionError) as error:
            log.warning("the keys of the identity provider cannot be fetched: %s: %s", type(error).__name__, error)
            return
        self._keys, self._fetched = keys, self._clock()

    async def _body(self) -> Any:
        # What comes packed may be a thousand times as long as it looks.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Bangpath"}
        body = bytearray()
        async with self._client.stream("GET", self._url, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise ValueError(f"it answers {response.status_code}")
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError(f"it answers more than {MAX_BYTES} bytes")
        return json.loads(body)


def _keys(answer: Any, algorithms: Sequence[str]) -> Iterator[tuple[str, jwt.PyJWK]]:
    """The keys of an answer that are good for what we use them for; others are passed over, as RFC 7517 has it."""
    listed = answer.get("keys") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        raise ValueError("it answers no set of keys")
    for given in listed[:MAX_KEYS]:
        kid = given.get("kid") if isinstance(given, dict) else None
        if isinstance(kid, str) and (key := _key(given)) and key.algorithm_name in algorithms:
            yield kid, key


def _key(given: Mapping[str, Any]) -> jwt.PyJWK | None:
    try:
        if given.get("use", "sig") != "sig" or "verify" not in given.get("key_ops", ["verify"]):
            return None
        made = jwt.PyJWK.from_dict(dict(given))
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return made if _is_strong(made) else None


def _is_strong(key: jwt.PyJWK) -> bool:
    """Whether it is a public key of the kind that its algorithm takes, and long enough."""
    match key.algorithm_name, key.key:
        case "RS256", RSAPublicKey() as rsa:
            return rsa.key_size >= MIN_RSA_BITS
        case "ES256", EllipticCurvePublicKey() as curve:
            return isinstance(curve.curve, SECP256R1)
    return False
