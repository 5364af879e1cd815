"""The whole service in a test, over a database of the test's own."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from random import SystemRandom
from typing import Any, TypeAlias

import httpx
import pytest
import strawberry

from api.app import Service, open_service
from api.doors import BuildSchema
from api.settings import Settings
from engine.data.collections import Collections
from schema.build import build_schema
from schema.limits import Limits
from tests.databases import SERVER, Databases, MakeDatabase, address, databases_in, with_tables
from tests.doors.door import Door, GraphqlDoor, RestDoor

SECRET = "a secret that is long enough for everybody"
PASSWORD = "correct horse"
SHOP = ("tests.shop",)

# What is about PostgreSQL itself needs a server; everything else runs on either.
collect_ignore = [] if SERVER else ["postgres"]

MakeSettings: TypeAlias = Callable[..., Awaitable[Settings]]
Inhabit: TypeAlias = Callable[[Service], Awaitable[None]]


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Where databases come from."""
    databases = databases_in(tmp_path_factory.mktemp("databases"))
    yield databases
    asyncio.run(databases.close())


@pytest.fixture
async def make_database(databases: Databases) -> AsyncIterator[MakeDatabase]:
    """Makes databases with the tables of these modules of models, empty ones for none; they end with the test."""
    made: list[str] = []

    async def make(*modules: str) -> str:
        named = " ".join(modules)
        database = await (databases.filled(named, with_tables(*modules)) if modules else databases.empty())
        made.append(database)
        return database

    yield make
    for database in made:
        await databases.drop(database)


@pytest.fixture(scope="session")
def inhabit() -> Inhabit | None:
    """Adds to what a first start brings, once for all tests that share this fixture; to be overridden."""
    return None


@pytest.fixture
async def make_settings(tmp_path: Path, databases: Databases, inhabit: Inhabit | None) -> AsyncIterator[MakeSettings]:
    """Settings of a service over a database of its own, which is filled as a first start fills it."""
    made: list[str] = []

    async def make(**changed: Any) -> Settings:
        known = {"home": tmp_path, "secret": SECRET, "root_password": PASSWORD, **changed}

        async def fill(database: str) -> None:
            filling = Settings(**{**known, "database_url": address(database)})
            async with open_service(filling) as service:
                if inhabit:
                    await inhabit(service)

        if not made:
            models = known.get("models", ("schema.sample.models",))
            made.append(await databases.filled((models, inhabit), fill))
        return Settings(**{"database_url": address(made[0]), **known})

    yield make
    for database in made:
        await databases.drop(database)


@pytest.fixture
def changed() -> dict[str, Any]:
    """The settings a test wants otherwise; to be overridden."""
    return {}


@pytest.fixture(scope="session")
def build_once() -> BuildSchema:
    """Builds each GraphQL schema once: it takes longer than many a test, and holds nothing of a service."""
    built: dict[Any, strawberry.Schema] = {}

    def build(collections: Collections, limits: Limits, *, introspection: bool) -> strawberry.Schema:
        key = (tuple(collection.model for collection in collections.values()), limits, introspection)
        if key not in built:
            built[key] = build_schema(collections, limits, introspection=introspection)
        return built[key]

    return build


@pytest.fixture
async def service(
    make_settings: MakeSettings, changed: dict[str, Any], build_once: BuildSchema
) -> AsyncIterator[Service]:
    async with open_service(await make_settings(**changed), build_once) as service, service.running():
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP into the service, without a token."""
    transport = httpx.ASGITransport(service.asgi, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def token(service: Service) -> str:
    """A token of root's, who holds every role."""
    return await service.issue_token("root", 1)


@pytest.fixture
def seed() -> int:
    """SEED repeats a run; what is printed by one that has failed."""
    seed = int(os.environ.get("SEED", SystemRandom().randrange(2**32)))
    print(f"SEED={seed}")
    return seed


@pytest.fixture(params=[RestDoor, GraphqlDoor], ids=["rest", "graphql"])
def door(request: pytest.FixtureRequest, client: httpx.AsyncClient, token: str, service: Service) -> Door:
    """Each of the two doors in turn."""
    made: Door = request.param(client, token, service.engine.collections)
    return made
