"""The service without its doors: a database with the sample's roles, and contexts for whoever asks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest

from engine.data.metadata import read_collections
from engine.database import close_database, open_database
from engine.identity.accounts import Accounts
from engine.identity.attempts import Attempts
from engine.identity.passwords import Passwords
from engine.identity.tokens import Tokens
from engine.system.models import Execution, Job, Role, User, Workflow
from schema.context import Context
from schema.sample.roles import ROLES
from tests.databases import MakeDatabase

PASSWORD = "correct horse"

Ask: TypeAlias = Callable[..., Awaitable[Context]]


class OneWorkflow:
    """A catalog that knows the workflow `known`."""

    def knows(self, key: str) -> bool:
        return key == "known"


@pytest.fixture
async def engine(make_database: MakeDatabase) -> AsyncIterator[Any]:
    models = await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    accounts = Accounts(Tokens("a secret that is long enough for everybody"), Passwords(), Attempts())
    await accounts.ensure_roles(ROLES)
    await accounts.ensure_root(PASSWORD)
    collections = read_collections(models, [User, Role, Workflow, Execution, Job])
    yield SimpleNamespace(accounts=accounts, collections=collections, catalog=OneWorkflow())
    await close_database()


@pytest.fixture
def ask(engine: Any) -> Ask:
    """A context of somebody in a role, root by default; of nobody for None."""

    async def ask(role: str | None = "root", username: str = "root") -> Context:
        if role is None:
            return Context(engine, None, "request", "peer")
        token = await engine.accounts.issue_token(username, 1)
        return Context(engine, await engine.accounts.actor(token, role), "request", "peer")

    return ask
