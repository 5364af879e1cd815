"""Makes requests to other services: bounded in time, size and redirects, with a key that stays over repetitions."""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field

import httpx

from engine.data.unit import is_inside_unit
from engine.outgoing.failures import CallFailed, no_answer
from engine.outgoing.hosts import Hosts
from engine.outgoing.secrets import Secrets, sign

log = logging.getLogger("bangpath.outgoing")

MAX_BODY = 256 * 1024
"""Bytes of an answer that are read, unpacked ones too."""

_PACKED = ("gzip", "x-gzip", "deflate")
_HIDDEN = b"[secret]"


@dataclass(frozen=True, slots=True)
class Call:
    """A request to make.

    `key` is the same however often it is repeated. `secrets` are headers whose values are secrets, by their names;
    `signed_by` names the one to sign with. `seconds` bound the whole, redirects included. One that is `urgent` takes
    no place of its host: somebody waits for its answer, and those are counted elsewhere.
    """

    method: str
    url: httpx.URL
    key: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    secrets: Mapping[str, str] = field(default_factory=dict)
    signed_by: str | None = None
    seconds: float = 10
    redirects: int = 5
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What the other service has answered. Names of headers are in lower case; `charset` is the one of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    charset: str


class Caller:
    """The one that calls. It has nothing that it would show of itself: no cookies, no tokens, no proxy."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        secrets: Secrets,
        clock: Callable[[], float] = time.time,
        hosts: Hosts | None = None,
    ) -> None:
        self._transport = transport
        self._secrets = secrets
        self._clock = clock
        self._hosts = hosts or Hosts()

    async def call(self, call: Call) -> Answered:
        """The answer, whatever its status; raises `CallFailed` where there is none.

        Raises `HostBusy` where the call was not made, because too many others wait for the same host.
        """
        assert not is_inside_unit(), "a transaction must not wait for the network"
        async with nullcontext() if call.urgent else self._hosts.place(call.url.host):
            return await self._call(call)

    async def close(self) -> None:
        await self._transport.aclose()

    async def _call(self, call: Call) -> Answered:
        host = call.url.host
        try:
            async with asyncio.timeout(call.seconds):
                return await self._follow(call)
        # Which of these it was would tell whether somebody listens there.
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, zlib.error) as error:
            log.warning("request %s to '%s' failed: %s: %s", call.key, host, type(error).__name__, error)
            raise no_answer(host) from error

    async def _follow(self, call: Call) -> Answered:
        """Each hop is resolved and checked like the first, and goes to nobody whom a secret is not for."""
        # One for each call, for it keeps cookies. It is not closed: the transport is everybody's.
        client = httpx.AsyncClient(transport=self._transport, trust_env=False, timeout=None)  # noqa: S113 - bounded whole
        request: httpx.Request | None = self._request(client, call)
        for _ in range(call.redirects + 1):
            assert request is not None, "only an answer with another place goes on"
            self._values(call, request.url.host)
            response = await client.send(request, stream=True)
            try:
                if response.next_request is None:
                    return await self._read(call, response)
            finally:
                await response.aclose()
            request = _next(request, response)
        raise CallFailed(f"'{call.url.host}' redirects more than {call.redirects} times.")

    def _request(self, client: httpx.AsyncClient, call: Call) -> httpx.Request:
        values, now = self._values(call, call.url.host), int(self._clock())
        headers = httpx.Headers({"User-Agent": "Bangpath", "Idempotency-Key": call.key})
        headers.update(call.headers)
        headers.update({name: values[secret] for name, secret in call.secrets.items()})
        # What comes packed may be a thousand times as long as it looks.
        headers["Accept-Encoding"] = "identity"
        headers["Webhook-Id"] = call.key
        headers["Webhook-Timestamp"] = str(now)
        if call.signed_by is not None:
            headers["Webhook-Signature"] = sign(values[call.signed_by], call.key, now, call.content)
        return client.build_request(call.method, call.url, headers=headers, content=call.content or None)

    def _values(self, call: Call, host: str) -> dict[str, str]:
        named = [*call.secrets.values(), *([call.signed_by] if call.signed_by else [])]
        return self._secrets.values(named, host)

    async def _read(self, call: Call, response: httpx.Response) -> Answered:
        body = _unpacked(await _raw(response, call.url.host), response, call.url.host)
        # A service that repeats what it was sent must not carry a secret into the history.
        values = self._values(call, response.url.host).values()
        headers = dict(response.headers)
        for value in values:
            body = body.replace(value.encode(), _HIDDEN)
            headers = {name: text.replace(value, _HIDDEN.decode()) for name, text in headers.items()}
        return Answered(response.status_code, headers, body, response.charset_encoding or "utf-8")


def _next(request: httpx.Request, response: httpx.Response) -> httpx.Request:
    following = response.next_request
    assert following is not None, "this is asked of redirects"
    if request.url.scheme == "https" and following.url.scheme != "https":
        raise CallFailed(f"'{request.url.host}' redirects to a place that is not encrypted.")
    return following


async def _raw(response: httpx.Response, host: str) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BODY:
            raise _too_large(host)
    return bytes(body)


def _unpacked(body: bytes, response: httpx.Response, host: str) -> bytes:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", "") or not body:
        return body
    if encoding not in _PACKED:
        raise CallFailed(f"'{host}' packs its answer in a way nobody asked for.")
    # 47: of either kind, as the first bytes say.
    unpacked = zlib.decompressobj(47).decompress(body, MAX_BODY + 1)
    if len(unpacked) > MAX_BODY:
        raise _too_large(host)
    return unpacked


def _too_large(host: str) -> CallFailed:
    return CallFailed(f"The answer of '{host}' is larger than {MAX_BODY // 1024} KiB.")
