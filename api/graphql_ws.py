"""The GraphQL door for subscriptions: which WebSockets are let in, and how many of each user."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import strawberry
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.http.websocket_origin import is_same_origin, normalize_origin

from api.error_body import respond
from api.graphql import PATH
from api.graphql_connection import Closing, Connection, Limits
from engine.errors import Code, refuse
from engine.rates import UNLIMITED, Rate
from schema import audit

PROTOCOL = "graphql-transport-ws"


def graphql_socket_route(
    schema: strawberry.Schema,
    limits: Limits | None = None,
    *,
    sockets: int = 100,
    origins: Iterable[str] = (),
    rate: Rate = UNLIMITED,
) -> WebSocketRoute:
    """The route beside the one of HTTP. A user may have this many `sockets` at a time, and begin subscriptions at this
    `rate`, which their requests share.

    Pages of other `origins` than our own may open some only if they are listed here.
    """
    return WebSocketRoute(PATH, GraphQLSocketDoor(schema, limits or Limits(), Seats(sockets), origins, rate))


class GraphQLSocketDoor:
    """Opens a socket for every request that may have one."""

    def __init__(
        self, schema: strawberry.Schema, limits: Limits, seats: "Seats", origins: Iterable[str], rate: Rate
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._seats = seats
        self._origins = {normalize_origin(origin) for origin in origins}
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if not self._is_welcome(socket):
            # No cookie would let such a page in, but it may have got hold of a token that it must not use.
            refusal = refuse(Code.NO_PERMISSION, "Pages of other sites may not open a socket here.")
            audit.refused(socket.state.context, f"WebSocket {PATH}", refusal.code)
            await socket.send_denial_response(respond(refusal))
            return
        if PROTOCOL not in scope["subprotocols"]:
            await socket.accept()
            await socket.close(4406, f"The subprotocol is {PROTOCOL}")
            return
        await socket.accept(PROTOCOL)
        await Connection(socket, self._schema, self._limits, self._seats.taken_by, self._rate).run()

    def _is_welcome(self, socket: WebSocket) -> bool:
        """Whether what opens the socket is a page of ours, or no page at all: those say from where they are."""
        host = socket.headers.get("host")
        return all(
            is_same_origin(origin, host) or normalize_origin(origin) in self._origins
            for origin in socket.headers.getlist("origin")
        )


class Seats:
    """Counts the sockets that each user has open."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: Counter[int] = Counter()

    @contextmanager
    def taken_by(self, user: int) -> Iterator[None]:
        """Count a socket of this user's while the block lasts; one too many is closed."""
        if self._taken[user] >= self._limit:
            raise Closing(4429, f"Too many sockets: a user has {self._limit} at most")
        self._taken[user] += 1
        try:
            yield
        finally:
            self._taken[user] -= 1
            if not self._taken[user]:
                del self._taken[user]
