"""The first thing a request meets: its id, who shows it, and how many of theirs there are."""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, tzinfo

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.cors import Cors
from api.credentials import Credentials, split_query
from api.failures import respond_to_failure
from api.headers import Dress
from api.peer import Peers, neighbourhood
from engine.actions import Actor
from engine.data.periods import parse_zone
from engine.engine import Engine
from engine.errors import Code, Refusal, refuse
from engine.rates import UNLIMITED, Rate
from schema import audit
from schema.context import Context

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_DOORS = ("/api/", "/graphql/", "/openapi.json/", "/metrics/")
_SIGN_IN = "/api/auth:signIn"
_GRAPHQL = "/graphql"
_STARTS = ("http.response.start", "websocket.http.response.start")


@dataclass(frozen=True, slots=True)
class Rates:
    """How many requests a minute may come: from one `address` without showing who sends them, and of one `user`.

    Whoever is known is not counted by address: behind one there may be a whole company, and among it a flood of bad
    tokens would keep out the good ones.
    """

    address: Rate = UNLIMITED
    user: Rate = UNLIMITED


class Authentication:
    """Wraps the whole application, so that what is added here is on its error pages too.

    Takes the `token` parameter out of the query string in place: uvicorn writes its access log from the same scope
    when the answer starts. Puts a `Context` at `request.state.context` of every request; those to other paths than
    the two doors are nobody's, whatever they show. Bad credentials are answered here, but for those of whoever signs
    in: clients keep the token that has ended, and show it when they ask for the next one. Whether a GraphQL document
    does no more than that is seen when it has been read, so its door finds the refusal at `request.state.refused`.

    A socket says who it is when it has been opened. Its context is nobody's, and `request.state.credentials` has what
    it showed so far.
    """

    def __init__(
        self,
        app: ASGIApp,
        engine: Engine,
        *,
        peers: Peers | None = None,
        rates: Rates | None = None,
        cors: Cors | None = None,
        dress: Dress | None = None,
    ) -> None:
        self._app = app
        self._engine = engine
        self._peers = peers or Peers()
        self._rates = rates or Rates()
        self._cors = cors or Cors()
        self._dress = dress or Dress()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        query = split_query(scope["query_string"])
        scope["query_string"] = query.rest
        request_id = _request_id(scope)
        private = _is_door(scope["path"])
        credentials = Credentials(_sent(scope, b"authorization"), _sent(scope, b"x-role"), query)

        peer, secure = self._peers.address(scope), self._peers.is_secure(scope)

        async def dress(message: Message) -> None:
            if message["type"] in _STARTS:
                answer = MutableHeaders(scope=message)
                self._dress.put_on(answer, message["status"], request_id, private=private, secure=secure)
                self._cors.allow(scope, answer)
            await send(message)

        if preflight := self._cors.preflight(scope):
            await preflight(scope, receive, dress)
            return
        refused: Refusal | None = None
        try:
            known = private and scope["type"] == "http" and scope["path"] != _SIGN_IN
            try:
                actor = await self._identify(credentials) if known else None
            except Refusal as refusal:
                actor, refused = None, refusal
            if private:
                self._count(actor, peer)
            if refused and not _may_sign_in(scope):
                raise refused
            zone = _zone(scope) if actor else UTC
        except Exception as error:
            if isinstance(error, Refusal):
                audit.refused(Context(self._engine, None, request_id, peer), scope["path"], error.code)
            await respond_to_failure(error, request_id)(scope, receive, dress)
        else:
            state = scope.setdefault("state", {})
            state["refused"] = refused
            state["context"] = Context(self._engine, actor, request_id, peer, zone)
            if scope["type"] == "websocket":
                state["credentials"] = credentials
            await self._app(scope, receive, dress)

    async def _identify(self, credentials: Credentials) -> Actor | None:
        token = credentials.token
        return await self._engine.accounts.actor(token, credentials.role) if token else None

    def _count(self, actor: Actor | None, peer: str) -> None:
        if actor is None:
            self._rates.address.take(neighbourhood(peer))
        else:
            self._rates.user.take(str(actor.key))


def _is_door(path: str) -> bool:
    return f"{path}/".startswith(_DOORS)


def _may_sign_in(scope: Scope) -> bool:
    return (scope["type"], scope["path"], scope.get("method")) == ("http", _GRAPHQL, "POST")


def _request_id(scope: Scope) -> str:
    """The caller's own id where it is a plain word, else a new one."""
    given = _sent(scope, b"x-request-id")
    return given[0].decode() if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]) else uuid.uuid4().hex


def _zone(scope: Scope) -> tzinfo:
    """The time zone in `X-Timezone`, UTC without the header. Two headers make a list, which is no zone's name."""
    given = _sent(scope, b"x-timezone")
    try:
        return parse_zone(b", ".join(given).decode("latin-1")) if given else UTC
    except ValueError as error:
        raise refuse(Code.BAD_VALUE, f"The header X-Timezone {error}.", "X-Timezone") from None


def _sent(scope: Scope, name: bytes) -> tuple[bytes, ...]:
    """The values of a header as they came."""
    return tuple([value for sent, value in scope["headers"] if sent == name])
