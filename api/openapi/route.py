"""Serves the description of the REST door, to each caller as far as their role goes."""

from functools import lru_cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.openapi.document import describe
from api.routes import Routes
from engine.data.collections import Collections
from schema.permissions import API_KEYS, Verb, may, signed_in

PATH = "/openapi.json"


def openapi_route(collections: Collections) -> Route:
    """The one route of the document. Whoever is signed in may have it; collections they may not read are not in it."""
    routes = Routes(collections)

    @lru_cache(maxsize=8)
    def made(seen: frozenset[str], roles: tuple[str, ...]) -> bytes:
        return msgspec.json.encode(describe(routes, collections, seen.__contains__, roles))

    async def answer(request: Request) -> Response:
        actor = signed_in(request.state.context.actor)
        seen = frozenset(name for name in (*collections, API_KEYS) if may(actor, name, Verb.READ))
        return Response(made(seen, actor.roles), media_type="application/json")

    return Route(PATH, answer, methods=["GET"])
