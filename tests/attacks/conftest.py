"""What every attack needs: the world it is made in, and the proof that nothing came of it."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, TypeAlias

import httpx
import pytest

from api.app import Service
from schema.sample.models import Post
from tests.attacks.world import USERS, WAYS, World, nothing_happened_in, people, posts, told, workflows
from tests.conftest import Inhabit
from tests.doors.door import Answer, Door
from tests.other_service import LOOPBACK, OtherService, other_service, reserved_port

Nothing: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]
Refused: TypeAlias = Callable[[Awaitable[Answer | httpx.Response]], Awaitable[list[str]]]


@pytest.fixture(scope="session")
def sink_port() -> Iterator[int]:
    """The same in every test: it is part of what is stored."""
    with reserved_port() as port:
        yield port


@pytest.fixture
async def sink(sink_port: int) -> AsyncIterator[OtherService]:
    """Where the workflows of the world call."""
    async with other_service(sink_port) as other:
        yield other


@pytest.fixture(scope="session")
def inhabit(sink_port: int) -> Inhabit:
    """Has everything in the database that a world is made of."""

    async def inhabit(service: Service) -> None:
        await people(service)
        await workflows(service, OtherService(sink_port))
        await posts()

    return inhabit


@pytest.fixture
def changed() -> dict[str, Any]:
    """Workflows may call the sink, which is on this machine."""
    return {"private_networks": (LOOPBACK,)}


@pytest.fixture
async def world(service: Service, client: httpx.AsyncClient, sink: OtherService) -> World:
    """Users root, admin, editor and member, a post of member's and one of editor's, and the workflows wf…"""
    tokens = {name: await service.issue_token(name, 1) for name in USERS}
    own, foreign = [await Post.get(title=f"{name}s") for name in ("member", "editor")]
    return World(service, client, tokens, sink, own, foreign)


@pytest.fixture
def nothing_happened(world: World) -> Nothing:
    """`async with nothing_happened():` holds that no row, execution or outgoing request came of what is inside."""
    return partial(nothing_happened_in, world)


@pytest.fixture
def member(world: World, door: Door) -> Door:
    """Each of the two doors in turn, with the member's token."""
    door.token = world.tokens["member"]
    return door


@pytest.fixture
def refused(client: httpx.AsyncClient, nothing_happened: Nothing, caplog: pytest.LogCaptureFixture) -> Refused:
    """Tries something; answers the codes it is refused with, where nothing came of it but one line of the audit."""
    client.headers["X-Request-Id"] = "the-attack"
    caplog.set_level(logging.INFO, "bangpath.audit")

    async def refused(trying: Awaitable[Answer | httpx.Response]) -> list[str]:
        caplog.clear()
        async with nothing_happened():
            answer = await trying
        codes = answer.codes if isinstance(answer, Answer) else [*told(answer).codes]
        lines = [vars(record) for record in caplog.records if record.name == "bangpath.audit"]

        assert [("refused", codes[0], "the-attack")] == [
            (line["outcome"], line["code"], line["requestId"]) for line in lines
        ]
        return codes

    return refused


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Each place in turn where credentials can be shown."""
    name: str = request.param
    return name
