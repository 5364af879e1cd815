"""The sample's collections, and documents over them that are right but for what a test changes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tortoise import Tortoise

from engine.data.collections import Collections
from engine.data.metadata import read_collections
from engine.database import close_database, configuration
from engine.system.models import Execution, Job, Role, User, Workflow


@pytest.fixture
async def collections() -> AsyncIterator[Collections]:
    """The sample's; the database has no tables."""
    await Tortoise.init(config=configuration(":memory:", ["schema.sample.models"]), _enable_global_fallback=True)
    models = list((Tortoise.apps or {})["app"].values())
    yield read_collections(models, [User, Role, Workflow, Execution, Job])
    await close_database()


@pytest.fixture
def document() -> dict[str, Any]:
    """The least that a workflow about posts consists of."""
    return {"key": "greet", "title": "Greet", "type": "action", "config": {"collection": "posts"}}
