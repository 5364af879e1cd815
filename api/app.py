"""Joins the parts, the only place that does: settings → an open database, an engine, two doors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from api.settings import SAMPLE, Settings
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
from schema.permissions import authorize
from schema.sample.content import load_sample
from schema.sample.roles import roles_for

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from api.doors import BuildSchema


@dataclass(frozen=True)
class Service:
    """A service that is open. `first_password` is root's, when this start had to make one."""

    engine: Engine
    settings: Settings
    first_password: str | None
    build: BuildSchema | None = None

    @cached_property
    def asgi(self) -> ASGIApp:
        """Both doors and the pages; made when first asked for, since only what answers requests has to wait for it."""
        from api.doors import make_asgi

        return make_asgi(self.engine, self.settings, self.build)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hears what other processes do meanwhile, and runs executions, unless the settings leave them to others."""
        await self.engine.start(taking=self.settings.worker)
        try:
            yield
        finally:
            await self.engine.stop()

    async def issue_token(self, user: str, hours: float) -> str:
        """A token of somebody who did not sign in."""
        return await self.engine.accounts.issue_token(user, hours)

    async def reset_password(self, user: str) -> str:
        """Replace somebody's password by one made at random."""
        return await self.engine.accounts.reset_password(user)


@asynccontextmanager
async def open_service(settings: Settings, build: BuildSchema | None = None) -> AsyncIterator[Service]:
    """The service of these settings, its database migrated and, on the first start, filled; closed at the end.

    `build` makes the GraphQL schema, when it is another than ours.

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
        yield Service(engine, settings, await _fill_new(engine, settings), build)
    finally:
        await accounts.close()
        await close_database()


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
