"""Databases of the server, and a second connection beside the service's: another process, as far as it can tell."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from engine.database import Pool, close_database, open_database
from tests.databases import MakeDatabase

SAMPLE = "schema.sample.models"


@pytest.fixture
async def database(make_database: MakeDatabase) -> str:
    """The address of a database with the sample's tables."""
    return await make_database(SAMPLE)


@pytest.fixture
async def opened(database: str) -> AsyncIterator[None]:
    """It is open, with two connections and little patience."""
    await open_database(database, [SAMPLE], Pool(size=2, wait=0.5))
    yield
    await close_database()


@pytest.fixture
async def neighbour(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()
