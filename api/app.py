"""Joins the parts, the only place that does: settings → an open database, an engine, two doors, one application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
from api.settings import SAMPLE, Settings
from api.static_files import static_route
from engine.data.collections import Collections
from engine.data.metadata import read_collections
from engine.data.unit import take_turns, unit_of_work
from engine.database import close_database, open_database
from engine.engine import Engine
from engine.errors import StartError
from engine.identity.accounts import Accounts
from engine.identity.attempts import Attempts
from engine.identity.passwords import Passwords
from engine.identity.provider import Provider, Trust
from engine.identity.provider_keys import ProviderKeys
from engine.identity.roles import ROOT
from engine.identity.tokens import Tokens
from engine.outgoing.addresses import Reach
from engine.outgoing.secrets import Secrets
from engine.rates import Rate
from engine.system.models import SERVED, User
from engine.workflow.causes import Bounds
from engine.workflow.retention import retention
from schema.build import build_schema
from schema.limits import Limits
from schema.permissions import authorize
from schema.sample.content import load_sample
from schema.sample.roles import roles_for


class BuildSchema(Protocol):
    """Makes the GraphQL schema of collections."""

    def __call__(self, collections: Collections, limits: Limits, *, introspection: bool) -> strawberry.Schema: ...


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is open. `first_password` is root's, when this start had to make one."""

    asgi: ASGIApp
    engine: Engine
    first_password: str | None

    async def issue_token(self, user: str, hours: float) -> str:
        """A token of somebody who did not sign in."""
        return await self.engine.accounts.issue_token(user, hours)

    async def reset_password(self, user: str) -> str:
        """Replace somebody's password by one made at random."""
        return await self.engine.accounts.reset_password(user)


@asynccontextmanager
async def open_service(
    settings: Settings, *, working: bool = True, build: BuildSchema = build_schema
) -> AsyncIterator[Service]:
    """The service of these settings, its database migrated and, on the first start, filled; closed at the end.

    Executions run from now on, unless it is not `working`: a command that is soon done must not take them from the
    process that serves. `build` makes the GraphQL schema.

    Raises `StartError` for what the person who starts it can mend.
    """
    accounts = Accounts(Tokens(settings.secret), Passwords(), Attempts(), _provider(settings))
    models = await open_database(settings.database, settings.models, settings.pool)
    try:
        collections = read_collections(models, SERVED)
        engine = Engine(
            collections,
            accounts,
            lenient=settings.triggers == "lenient",
            page_limit=settings.page_limit,
            bulk_limit=settings.bulk_limit,
            rows=Rate(settings.user_rows, "records"),
            sync_wait=settings.sync_wait,
            sync_requests=settings.sync_requests,
            bounds=Bounds(settings.chain_depth, settings.chain_executions),
            reach=Reach(settings.private_networks, settings.port),
            secrets=Secrets(settings.secrets),
            secret=settings.secret,
            retention=retention(settings.keep_succeeded, settings.keep_failed),
            authorize=authorize,
        )
        first_password = await _fill_new(engine, settings)
        asgi = make_asgi(engine, settings, build)
        service = Service(asgi, engine, first_password)
        if not working:
            yield service
            return
        await engine.start(taking=settings.worker)
        try:
            yield service
        finally:
            await engine.stop()
    finally:
        await accounts.close()
        await close_database()


def make_asgi(engine: Engine, settings: Settings, build: BuildSchema = build_schema) -> ASGIApp:
    """Both doors and the pages, behind the authentication."""
    collections = engine.collections
    schema = build(collections, _limits(settings), introspection=settings.introspection)
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


async def _fill_new(engine: Engine, settings: Settings) -> str | None:
    """Give a database without users its roles, its root and the sample; answers root's password where one was made.

    In one unit: a start that is interrupted has not been one.
    """
    async with unit_of_work():
        await take_turns("start", patiently=True)
        if await User.exists():
            return None
        await engine.accounts.ensure_roles(roles_for(engine.collections))
        password = await engine.accounts.ensure_root(settings.root_password)
        if settings.models == SAMPLE:
            await load_sample(engine.versions, await User.get(username=ROOT))
        return password


def _provider(settings: Settings) -> Provider | None:
    """The identity provider of the settings, None where they name none."""
    issuer, audience, keys = settings.identity_issuer, settings.identity_audience, settings.identity_keys
    if issuer is None and audience is None and keys is None:
        return None
    if issuer is None or audience is None or keys is None:
        names = "BANGPATH_IDENTITY_ISSUER, BANGPATH_IDENTITY_AUDIENCE and BANGPATH_IDENTITY_KEYS"
        raise StartError(f"{names} go together: set all three, or none of them.")
    trust = Trust(issuer, audience, settings.identity_claim)
    return Provider(trust, ProviderKeys(keys, settings.identity_algorithms))


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
