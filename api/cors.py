"""Which pages of other sites a browser lets read our answers: none but those of the settings. There are no cookies."""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import Scope
from strawberry.http.websocket_origin import normalize_origin

from api.error_body import respond
from engine.errors import Code, refuse

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
TAKEN = "Authorization, Content-Type, Idempotency-Key, Prefer, X-Request-Id, X-Role, X-Timezone, traceparent"
SHOWN = "Allow, Preference-Applied, Retry-After, WWW-Authenticate, X-Request-Id"
SECONDS = "600"


class Cors:
    """Starlette's middleware answers 400 as plain text where we owe 403 with a code, and would leave our own pages'
    requests, which have an `Origin` too, to its list."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        self._origins = {normalize_origin(origin) for origin in origins}

    def preflight(self, scope: Scope) -> Response | None:
        """The answer to a browser that asks for a page whether it may ask; None for every other request."""
        if scope["type"] != "http" or scope["method"] != "OPTIONS":
            return None
        headers = Headers(scope=scope)
        if "access-control-request-method" not in headers:
            return None
        if self._allowed(headers) is None:
            return respond(refuse(Code.NO_PERMISSION, "Pages of other sites may not ask here."))
        allowed = {"Methods": METHODS, "Headers": TAKEN}
        told = {f"Access-Control-Allow-{name}": value for name, value in allowed.items()}
        return Response(status_code=204, headers={**told, "Access-Control-Max-Age": SECONDS})

    def allow(self, scope: Scope, answer: MutableHeaders) -> None:
        """Let a listed page read the answer."""
        if self._origins and (origin := self._allowed(Headers(scope=scope))):
            answer["Access-Control-Allow-Origin"] = origin
            answer["Access-Control-Expose-Headers"] = SHOWN

    def _allowed(self, headers: Headers) -> str | None:
        """The page's origin as it was sent, where it is listed. Two are a forgery."""
        sent = headers.getlist("origin")
        return sent[0] if len(sent) == 1 and normalize_origin(sent[0]) in self._origins else None
