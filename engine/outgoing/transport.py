"""Carries requests of httpx to an address that was checked, and to no other."""

import httpx

from engine.outgoing.addresses import Reach
from engine.outgoing.failures import CallFailed

_PORTS = {"http": 80, "https": 443}


class CheckedTransport(httpx.AsyncBaseTransport):
    """Resolves the name once, and connects to what came of it: between a check and a second look-up the name could be
    made to lead elsewhere.

    Certificates are still checked against the name. Connections are not kept: one that was made for a name must not
    serve another name with the same address.
    """

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._made: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        port = request.url.port
        if port is None:
            port = _PORTS.get(request.url.scheme, 0)
        if request.url.scheme not in _PORTS or port not in range(1, 2**16):
            raise CallFailed("Only http and https can be called, at ports from 1 to 65535.")
        host = request.url.raw_host.decode("ascii")
        addresses = await self._reach.resolve(host, port)
        *others, last = [_to(address, request, host) for address in addresses]
        for other in others:
            try:
                return await self._inner.handle_async_request(other)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(last)

    async def aclose(self) -> None:
        if self._made is not None:
            await self._made.aclose()

    @property
    def _inner(self) -> httpx.AsyncHTTPTransport:
        """Made when it is needed: it reads every certificate authority there is."""
        if self._made is None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
            # trust_env: neither a proxy, nor a `.netrc`, nor certificates of whoever started the process.
            self._made = httpx.AsyncHTTPTransport(trust_env=False, limits=limits)
        return self._made


def _to(address: str, request: httpx.Request, host: str) -> httpx.Request:
    """The same request, `Host` included, at the address."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
