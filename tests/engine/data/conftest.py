"""Databases with the tables of the sample, and of models that have nothing to do with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from engine.data.collections import Collections, read_collections
from engine.database import close_database, open_database
from engine.system.models import Execution, Job, Role, User, Workflow
from tests.databases import MakeDatabase

SAMPLE = "schema.sample.models"
SHOP = "tests.shop"


@asynccontextmanager
async def opened(database: str, module: str) -> AsyncIterator[Collections]:
    """The collections of a module of models beside ours, in a database of their own."""
    models = await open_database(database, [module])
    try:
        yield read_collections(models, [User, Role, Workflow, Execution, Job])
    finally:
        await close_database()


@pytest.fixture
async def sample(make_database: MakeDatabase) -> AsyncIterator[Collections]:
    async with opened(await make_database(SAMPLE), SAMPLE) as collections:
        yield collections


@pytest.fixture
async def shop(make_database: MakeDatabase) -> AsyncIterator[Collections]:
    async with opened(await make_database(SHOP), SHOP) as collections:
        yield collections
