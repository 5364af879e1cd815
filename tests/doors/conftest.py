"""Workflows to name, and the whole content of a database, to see that a refusal changed nothing of it."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from tortoise import Tortoise

from api.app import Service
from engine.system.models import Role, User, Workflow

Save: TypeAlias = Callable[..., Awaitable[Workflow]]
Rows: TypeAlias = Callable[[], Awaitable[dict[str, list[Any]]]]


@pytest.fixture
def save(service: Service) -> Save:
    """Saves an enabled workflow about posts; any member of its document can be given."""

    async def save(key: str, collection: str = "posts", **members: Any) -> Workflow:
        config = {"collection": collection, **members.pop("config", {})}
        document = {"key": key, "title": key, "type": "action", "enabled": True, "config": config, **members}
        return await service.engine.versions.create(document)

    return save


@pytest.fixture
def rows(service: Service) -> Rows:
    """Every row of every table."""

    async def rows() -> dict[str, list[Any]]:
        models = [model for app in (Tortoise.apps or {}).values() for model in app.values()]
        return {model._meta.db_table: await model.all().order_by(model._meta.pk_attr).values() for model in models}

    return rows


async def give_role(name: str, grants: dict[str, Any], workflows: object = True) -> None:
    """A role that root holds from now on."""
    role = await Role.create(name=name, grants=grants, workflows=workflows)
    await (await User.get(username="root")).roles.add(role)
