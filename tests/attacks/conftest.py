"""What every attack needs: the world it is made in, and the proof that nothing came of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, TypeAlias

import httpx
import pytest

from api.app import Service
from tests.attacks.world import WAYS, World, nothing_happened_in, people, posts, workflows
from tests.other_service import LOOPBACK, OtherService, other_service

Nothing: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
async def sink() -> AsyncIterator[OtherService]:
    """Where the workflows of the world call."""
    async with other_service() as other:
        yield other


@pytest.fixture
def changed() -> dict[str, Any]:
    """Workflows may call the sink, which is on this machine."""
    return {"private_networks": (LOOPBACK,)}


@pytest.fixture
async def world(service: Service, client: httpx.AsyncClient, sink: OtherService) -> World:
    """Users root, admin, editor and member, a post of member's and one of editor's, and the workflows wf…"""
    tokens = await people(service)
    await workflows(service, sink)
    own, foreign = await posts()
    return World(service, client, tokens, sink, own, foreign)


@pytest.fixture
def nothing_happened(world: World) -> Nothing:
    """`async with nothing_happened():` holds that no row, execution or outgoing request came of what is inside."""
    return partial(nothing_happened_in, world)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Each place in turn where credentials can be shown."""
    name: str = request.param
    return name
