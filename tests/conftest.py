"""The whole service in a test: a migrated, filled database is made once and copied, so that a start costs little."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from api.app import Service, open_service
from api.settings import Settings
from tests.doors.door import Door, GraphqlDoor, RestDoor

SECRET = "a secret that is long enough for everybody"
PASSWORD = "correct horse"
SHOP = ("tests.shop",)

MakeSettings: TypeAlias = Callable[..., Awaitable[Settings]]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of new databases, one per set of models, made when first asked for."""
    return tmp_path_factory.mktemp("template")


@pytest.fixture
def make_settings(tmp_path: Path, template: Path) -> MakeSettings:
    """Settings of a service over a database of its own, which is filled as a first start fills it."""

    async def make(**changed: Any) -> Settings:
        models = changed.get("models", ("schema.sample.models",))
        made = template / f"{'-'.join(models)}.db"
        if not made.exists():
            known = {"home": template, "secret": SECRET, "root_password": PASSWORD}
            async with open_service(Settings(**known, models=models, database_url=f"sqlite://{made}")):
                pass
        file = tmp_path / "bangpath.db"
        if not file.exists():
            shutil.copy(made, file)
        return Settings(**{"home": tmp_path, "secret": SECRET, "root_password": PASSWORD, **changed})

    return make


@pytest.fixture
def changed() -> dict[str, Any]:
    """The settings a test wants otherwise; to be overridden."""
    return {}


@pytest.fixture
async def service(make_settings: MakeSettings, changed: dict[str, Any]) -> AsyncIterator[Service]:
    async with open_service(await make_settings(**changed)) as service:
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


@pytest.fixture(params=[RestDoor, GraphqlDoor], ids=["rest", "graphql"])
def door(request: pytest.FixtureRequest, client: httpx.AsyncClient, token: str, service: Service) -> Door:
    """Each of the two doors in turn."""
    made: Door = request.param(client, token, service.engine.collections)
    return made
