"""Serves the description of the REST door, to each caller as far as their role goes."""

from functools import lru_cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.openapi.document import describe
from api.routes import Routes
from engine.data.collections import Collection, Collections
from engine.data.views import View, without_names
from schema.permissions import API_KEYS, Verb, may, narrowing_of, signed_in

PATH = "/openapi.json"


def openapi_route(collections: Collections) -> Route:
    """The one route of the document. Whoever is signed in may have it; what they may neither read nor write is not in
    it."""
    routes = Routes(collections)

    @lru_cache(maxsize=8)
    def made(seen: frozenset[str], hidden: frozenset[tuple[str, str]], roles: tuple[str, ...]) -> bytes:
        def narrow(collection: Collection) -> Collection:
            names = frozenset(name for owner, name in hidden if owner == collection.name)
            return without_names(collection, names) if names else collection

        return msgspec.json.encode(describe(routes, View(collections, narrow), seen.__contains__, roles))

    async def answer(request: Request) -> Response:
        actor = signed_in(request.state.context.actor)
        seen = frozenset(name for name in (*collections, API_KEYS) if may(actor, name, Verb.READ))
        hidden = frozenset(narrowing_of(actor, collections).useless())
        return Response(made(seen, hidden, actor.roles), media_type="application/json")

    return Route(PATH, answer, methods=["GET"])
