"""Both doors and the pages as one application, over an engine."""

from typing import Protocol

import strawberry
from starlette.applications import Starlette
from starlette.types import ASGIApp

from api.authentication import Authentication, Rates
from api.cors import Cors
from api.docs_page import docs_route
from api.failures import HANDLERS
from api.graphql import graphql_route
from api.graphql_connection import Limits as SocketLimits
from api.graphql_ws import graphql_socket_route
from api.headers import Dress
from api.health import health_routes
from api.metrics import Measured, Metrics, metrics_route
from api.openapi.route import openapi_route
from api.peer import Peers
from api.rest import rest_routes
from api.settings import Settings
from api.static_files import static_route
from engine.data.collections import Collections
from engine.engine import Engine
from engine.rates import Rate
from schema.build import build_schema
from schema.limits import Limits


class BuildSchema(Protocol):
    """Makes the GraphQL schema of collections."""

    def __call__(self, collections: Collections, limits: Limits, *, introspection: bool) -> strawberry.Schema: ...


def make_asgi(engine: Engine, settings: Settings, build: BuildSchema | None = None) -> ASGIApp:
    """Both doors and the pages, behind the authentication. `build` makes the GraphQL schema, when it is another."""
    collections = engine.collections
    schema = (build or build_schema)(collections, _limits(settings), introspection=settings.introspection)
    rates = Rates(Rate(settings.address_rate, "requests"), Rate(settings.user_rate, "requests"))
    routes = [
        # Starlette looks at one after the other: first those that are asked for most.
        *rest_routes(collections, body_limit=settings.body_limit, page_limit=settings.page_limit),
        *health_routes(),
        static_route(),
        graphql_route(
            schema,
            seconds=settings.query_timeout,
            body_limit=settings.body_limit,
            graphiql=settings.graphiql,
        ),
        openapi_route(collections),
        docs_route(),
        graphql_socket_route(
            schema,
            SocketLimits(subscriptions=settings.socket_subscriptions, check=settings.socket_check),
            sockets=settings.user_sockets,
            origins=settings.origins,
            rate=rates.user,
        ),
    ]
    metrics = Metrics()
    engine.stream.watched_by(metrics.happened)
    routes.append(metrics_route(metrics, engine))
    app = Starlette(routes=routes, exception_handlers=HANDLERS)
    # A path with a slash too many is another path, which does not exist.
    app.router.redirect_slashes = False
    authenticated = Authentication(
        app,
        engine,
        peers=Peers(settings.trusted_proxies),
        rates=rates,
        cors=Cors(settings.origins),
        dress=Dress(settings.hsts),
    )
    return Measured(authenticated, metrics)


def _limits(settings: Settings) -> Limits:
    return Limits(
        tokens=settings.graphql_tokens,
        depth=settings.graphql_depth,
        aliases=settings.graphql_aliases,
        root_fields=settings.graphql_root_fields,
        cost=settings.graphql_cost,
        page_cap=settings.page_limit,
        seconds=settings.query_timeout,
    )
