"""Another service, and what calls it."""

from collections.abc import AsyncIterator

import pytest

from engine.outgoing.addresses import Reach
from engine.outgoing.calls import Caller
from engine.outgoing.secrets import Secret, Secrets
from engine.outgoing.transport import CheckedTransport
from tests.other_service import LOOPBACK, OtherService, other_service

SECRETS = Secrets({"hook": Secret("whsec_c2VjcmV0", frozenset({"127.0.0.1"}))})


@pytest.fixture
async def other() -> AsyncIterator[OtherService]:
    async with other_service() as other:
        yield other


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    """May call 127.0.0.1, and nothing else that is private."""
    caller = Caller(CheckedTransport(Reach((LOOPBACK,))), SECRETS, clock=lambda: 1_700_000_000.5)
    yield caller
    await caller.close()
