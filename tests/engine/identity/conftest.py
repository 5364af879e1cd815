"""A database with the four sample roles, and accounts over it whose clock the test sets."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from engine.database import close_database, open_database
from engine.identity.accounts import Accounts
from engine.identity.attempts import Attempts
from engine.identity.passwords import Passwords
from engine.identity.tokens import Tokens
from schema.sample.roles import ROLES
from tests.databases import MakeDatabase

SECRET = "a secret that is long enough for everybody"
PASSWORD = "correct horse"


class FixedClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 5, 3, 10, 0, 0, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def tokens(clock: FixedClock) -> Tokens:
    return Tokens(SECRET, clock)


@pytest.fixture
async def accounts(make_database: MakeDatabase, tokens: Tokens) -> AsyncIterator[Accounts]:
    await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    accounts = Accounts(tokens, Passwords(), Attempts())
    await accounts.ensure_roles(ROLES)
    await accounts.ensure_root(PASSWORD)
    yield accounts
    await close_database()
