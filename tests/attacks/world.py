"""The world that is attacked: who is in it, which workflows wait, and where a request would be heard that one makes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from tortoise import Tortoise
from websockets.exceptions import InvalidStatus

from api.app import Service
from engine.system.models import Execution, Role, SignInFailures, User, Workflow
from schema.sample.models import Category, Post
from tests.api.sockets import open_socket, serve
from tests.conftest import PASSWORD
from tests.other_service import OtherService
from tests.until import until

USERS = ("root", "admin", "editor", "member")
"""Each asks in the role of that name, and has no other; root has all. `anonymous` is whoever shows no token."""

FOR_MEMBERS = ("wfPost", "wfCat", "wfOff", "wfSync")


@dataclass(frozen=True)
class World:
    """A service with people and workflows in it. `tokens` are by username, `sink` hears what the workflows call.

    `own` is a post of the member's, `foreign` one of the editor's, each with a category.
    """

    service: Service
    client: httpx.AsyncClient
    tokens: Mapping[str, str]
    sink: OtherService
    own: Post
    foreign: Post

    async def user(self, name: str) -> User:
        return await User.get(username=name)

    async def send(self, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        """A request to REST with this token; `headers` go along."""
        shown = {} if token is None else {"Authorization": f"Bearer {token}"}
        headers = {**shown, **more.pop("headers", {})}
        return await self.client.request(method, f"/api/{path}", headers=headers, **more)

    async def ask(self, document: str, token: str | None = None, **more: Any) -> httpx.Response:
        """A GraphQL document with this token; `variables` and `headers` go along."""
        shown = {} if token is None else {"Authorization": f"Bearer {token}"}
        body = {"query": document, "variables": more.pop("variables", {})}
        return await self.client.post("/graphql", json=body, headers={**shown, **more.pop("headers", {})}, **more)


async def people(service: Service) -> None:
    """Make the users, each with the role called like them. Their password is `PASSWORD`."""
    hashed = await service.engine.accounts.passwords.hash(PASSWORD)
    await Role.filter(name__in=["editor", "member"]).update(workflows=[*FOR_MEMBERS, "wfGlobal"])
    for name in USERS[1:]:
        user = await User.create(username=name, nickname=name.title(), password_hash=hashed, default_role=name)
        await user.roles.add(await Role.get(name=name))


async def workflows(service: Service, sink: OtherService) -> None:
    """Save the workflows of the world. Each writes a note and calls the sink: nothing that runs goes unseen."""
    await Workflow.all().delete()
    await service.engine.catalog.reload()
    for key, collection, more in (
        ("wfPost", "posts", {}),
        ("wfCat", "categories", {}),
        ("wfGlobal", "posts", {"config": {"global": True, "actions": ["create"]}}),
        ("wfAdmin", "posts", {}),
        ("wfOff", "posts", {"enabled": False}),
        ("wfSync", "posts", {"sync": True}),
    ):
        given: dict[str, Any] = {"enabled": True, "sync": False, **more}
        config = {"collection": collection, **given.pop("config", {})}
        document = {"key": key, "title": key, "type": "action", "config": config, "nodes": _nodes(sink, key), **given}
        await service.engine.versions.create(document)


async def posts() -> None:
    """A post of the member's and one of the editor's."""
    for name in ("member", "editor"):
        category = await Category.create(title=f"{name}s")
        author = await User.get(username=name)
        await Post.create(title=f"{name}s", author=author, category=category, secret_note=f"only {name}s")


COUNTS = {"executed"}


async def contents() -> dict[str, list[Any]]:
    """Every row of every table, and those between tables, but for what is counted: executions, failed sign-ins.

    The count of a workflow follows its executions a moment behind their commits; they are here themselves.
    """
    assert Tortoise.apps is not None
    rows = {}
    for model in {model for models in Tortoise.apps.values() for model in models.values()} - {SignInFailures}:
        meta = model._meta
        columns = meta.fields_db_projection.keys() - COUNTS
        rows[meta.db_table] = await model.all().order_by(meta.pk_attr).values(*columns)
        for name in meta.m2m_fields:
            other = f"{name}__{meta.fields_map[name].related_model._meta.pk_attr}"  # type: ignore[attr-defined] - a relation's
            linked = model.all().order_by(meta.pk_attr, other)
            rows[f"{meta.db_table}.{name}"] = await linked.values_list(meta.pk_attr, other)
    return rows


async def _at_rest() -> bool:
    """Whether all has ended that what came before has started."""
    return not await Execution.filter(status__in=["queued", "running"]).exists()


@asynccontextmanager
async def nothing_happened_in(world: World) -> AsyncIterator[None]:
    """What is done inside leaves every row as it was, starts no execution, and calls nobody."""
    await until(_at_rest)
    before, heard = await contents(), len(world.sink.heard)
    yield
    after = await contents()

    assert before == after
    assert heard == len(world.sink.heard)
    assert await _at_rest()


@dataclass(frozen=True)
class Told:
    """What one way in has answered: its status, as HTTP has it, and the codes of its errors."""

    status: int
    codes: tuple[str, ...] = ()


WAYS = ("rest", "graphql", "socket")
"""Where credentials can be shown: with a write that starts workflows at both doors, and as a socket's first words."""


async def show(world: World, way: str, token: str | None, role: str | None = None) -> Told:
    """Show a token, and a role, one of these ways."""
    named = {} if role is None else {"X-Role": role.encode()}
    if way == "rest":
        path = "posts:create?triggerWorkflows=wfPost,wfSync"
        return told(await world.send("POST", path, token, json={"title": "attack"}, headers=named))
    if way == "graphql":
        document = (
            'mutation { createPost(values: {title: "attack"}, triggerWorkflows: [{key: "wfPost"}]) { record { id } } }'
        )
        return told(await world.ask(document, token, headers=named))
    return await _connect(world, token, named)


def told(response: httpx.Response) -> Told:
    """An answer of either door. One of GraphQL's that has begun says its code inside, and 200 outside."""
    errors = response.json().get("errors", [])
    return Told(response.status_code, tuple(each.get("code") or each["extensions"]["code"] for each in errors))


async def _connect(world: World, token: str | None, named: Mapping[str, bytes]) -> Told:
    payload = {
        **{name: text.decode() for name, text in named.items()},
        **({} if token is None else {"Authorization": f"Bearer {token}"}),
    }
    async with serve(world.service.asgi) as url:
        try:
            async with open_socket(url) as peer:
                await peer.send(type="connection_init", payload=payload)
                first = await peer.first()
        except InvalidStatus as refused:
            return Told(refused.response.status_code)
    if isinstance(first, dict):
        assert {"type": "connection_ack"} == first
        return Told(200)
    code, reason = first
    return Told(code - 4000, (reason,))


def _nodes(sink: OtherService, key: str) -> list[dict[str, Any]]:
    return [
        {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": key}}},
        {"key": "call", "type": "request", "config": {"method": "POST", "url": sink.url(f"/{key}")}},
    ]
