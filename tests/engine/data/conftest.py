"""Databases with the tables of the sample, and of models that have nothing to do with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.data.collections import Collections, read_collections
from engine.database import close_database, open_database
from engine.system.models import Execution, Job, Role, User, Workflow

SAMPLE = "schema.sample.models"
SHOP = "tests.shop"


@asynccontextmanager
async def opened(file: Path, module: str) -> AsyncIterator[Collections]:
    """The collections of a module of models beside ours, in a database of their own."""
    models = await open_database(str(file), [module])
    try:
        yield read_collections(models, [User, Role, Workflow, Execution, Job])
    finally:
        await close_database()


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Collections]:
    async with opened(tmp_path / "sample.sqlite3", SAMPLE) as collections:
        yield collections


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Collections]:
    async with opened(tmp_path / "shop.sqlite3", SHOP) as collections:
        yield collections
