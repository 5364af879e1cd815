"""Databases with the tables of the sample, and of models that have nothing to do with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, tzinfo
from typing import Any

import pytest

from engine.data.collections import Collection, Collections
from engine.data.filters import compile_filter
from engine.data.metadata import read_collections
from engine.database import close_database, open_database
from engine.system.models import Execution, Job, Role, User, Workflow
from tests.databases import MakeDatabase

SAMPLE = "schema.sample.models"
SHOP = "tests.shop"
KINDS = "tests.kinds"


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


@pytest.fixture
async def kinds(make_database: MakeDatabase) -> AsyncIterator[Collections]:
    async with opened(await make_database(KINDS), KINDS) as collections:
        yield collections


async def find(collections: Collections, collection: Collection, condition: Any, zone: tzinfo = UTC) -> list[Any]:
    """The keys of the records that a filter finds, in order; it must be one that nothing is wrong with."""
    compiled, complaints = compile_filter(collections, collection, condition, zone=zone)

    assert [] == complaints

    found: Any = collection.model.filter(compiled).order_by(collection.key.attribute)
    return list(await found.values_list(collection.key.attribute, flat=True))
