"""The service in a thread of its own, to be asked from tests that cannot wait for a loop: schemathesis' are such."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import requests
from anyio.from_thread import BlockingPortal, start_blocking_portal

from api.app import Service, open_service
from api.settings import Settings
from engine.system.models import User
from tests.conftest import PASSWORD, SECRET
from tests.databases import Databases, address

BASE = "http://test"
# What is refused for its size shows nothing else.
ROOM = {"graphql_tokens": 10**6, "graphql_depth": 100, "graphql_aliases": 1000, "graphql_cost": 10**9}


@dataclass(frozen=True)
class Asking:
    """Asks the service as root, whatever became of root's name and tokens meanwhile."""

    portal: BlockingPortal
    service: Service

    def json(self, path: str) -> Any:
        return self.send({"method": "GET", "url": f"{BASE}{path}"}).json()

    def send(self, asked: dict[str, Any]) -> httpx.Response:
        """The answer to what would be the arguments of `requests.request`."""
        return self.portal.call(self._send, asked)

    async def _send(self, asked: dict[str, Any]) -> httpx.Response:
        prepared = requests.Request(**asked).prepare()
        root = await User.get(id=1)
        token = await self.service.issue_token(root.username, 1)
        headers = {**prepared.headers, "Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(self.service.asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(prepared.method, prepared.url, headers=headers, content=prepared.body)


@asynccontextmanager
async def running_service(settings: Settings) -> AsyncIterator[Service]:
    async with open_service(settings) as service, service.running():
        yield service


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Asking]:
    with start_blocking_portal() as portal:
        database = portal.call(databases.empty)
        settings = Settings(
            home=tmp_path_factory.mktemp("home"),
            secret=SECRET,
            root_password=PASSWORD,
            database_url=address(database),
            **ROOM,
        )
        with portal.wrap_async_context_manager(running_service(settings)) as service:
            yield Asking(portal, service)
        portal.call(databases.drop, database)
