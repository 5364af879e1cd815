"""Schemas over a fake of the resolver both doors share, so that a test sees the action a document becomes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from strawberry.types import ExecutionResult
from tortoise import Tortoise
from tortoise.models import Model

from engine.actions import Action, Actor, LoadRelated
from engine.data.collections import Collections
from engine.data.metadata import read_collections
from engine.database import close_database, configuration
from engine.system.models import Execution, Job, Role, User, Workflow
from schema.build import Schema, build_schema
from schema.context import Context
from schema.loaders import Request

ROOT = Actor(
    key=1, username="root", nickname=None, role="root", roles=("root",), grants={"*": {}}, workflows=None, token={}
)


@dataclass
class FakeResolve:
    """Answers actions in order with what it was given, or raises it; `related` answers loaders. Keeps the actions."""

    answers: list[Any] = field(default_factory=list)
    related: dict[tuple[str, str], dict[Any, Any]] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)

    async def __call__(self, context: Context, action: Action) -> Any:
        self.actions.append(action)
        if isinstance(action, LoadRelated):
            return self.related[action.collection, action.relation]
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Door:
    """Runs documents on a schema as somebody, root by default."""

    schema: Schema
    resolve: FakeResolve
    actor: Actor | None = ROOT

    async def __call__(self, document: str, **variables: Any) -> ExecutionResult:
        engine: Any = SimpleNamespace(collections=Collections([]))
        request = Request(Context(engine, self.actor, "request-1", "peer"), self.resolve)
        return await self.schema.execute(document, variable_values=variables, context_value=request)


@asynccontextmanager
async def collections_of(module: str) -> AsyncIterator[Collections]:
    """The collections of a module of models beside ours; the database has no tables."""
    await Tortoise.init(config=configuration(":memory:", [module]), _enable_global_fallback=True)
    models: list[type[Model]] = list((Tortoise.apps or {})["app"].values())
    yield read_collections(models, [User, Role, Workflow, Execution, Job])
    await close_database()


@pytest.fixture
async def sample() -> AsyncIterator[Collections]:
    async with collections_of("schema.sample.models") as collections:
        yield collections


@pytest.fixture
async def shop() -> AsyncIterator[Collections]:
    async with collections_of("tests.shop") as collections:
        yield collections


@pytest.fixture
def resolve() -> FakeResolve:
    return FakeResolve()


@pytest.fixture
def door(sample: Collections, resolve: FakeResolve) -> Door:
    """The sample's schema."""
    return Door(build_schema(sample), resolve)


@pytest.fixture
def shop_door(shop: Collections, resolve: FakeResolve) -> Door:
    """The schema of models the service has never seen."""
    return Door(build_schema(shop), resolve)


def codes(result: ExecutionResult) -> list[Any]:
    return [error.extensions["code"] for error in result.errors or () if error.extensions]
