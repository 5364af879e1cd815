"""Writes that would start more than one may, and those that are only tried (I05, I12, I13): nothing is there then."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.system.models import Execution
from schema.sample.models import Post
from tests.attacks.world import told
from tests.other_service import LOOPBACK

TRIED = {
    "create": lambda door, world: door.create("posts", {"title": "attack"}, triggers=["wfSync"], role="member"),
    "create many": lambda door, world: door.create("posts", [{"title": "attack"}], triggers=["wfSync"], role="member"),
    "update": lambda door, world: door.update(
        "posts", {"title": "attack"}, key=world.own.id, triggers=["wfSync"], role="member"
    ),
    "destroy": lambda door, world: door.destroy("posts", key=world.own.id, triggers=["wfSync"], role="member"),
    "first or create": lambda door, world: door.find_or_create(
        "firstOrCreate", "posts", {"title": "attack"}, ["title"], triggers=["wfSync"], role="member"
    ),
    "among others": lambda door, world: door.create(
        "posts", {"title": "attack"}, triggers=["wfPost", "wfSync"], role="member"
    ),
}


class TestOfOneRequestThatHangs:
    """One request at a time may have sync workflows run, and its workflow hangs (I05)."""

    @pytest.fixture
    def changed(self) -> dict[str, Any]:
        return {"private_networks": (LOOPBACK,), "sync_requests": 1, "sync_wait": 0}

    @pytest.fixture(autouse=True)
    async def hangs(self, world) -> AsyncIterator[None]:
        may_answer = asyncio.Event()

        async def hang(writer: asyncio.StreamWriter) -> None:
            await may_answer.wait()

        world.sink.answers["/wfSync"] = hang
        path = "posts:create?triggerWorkflows=wfSync"
        assert 200 == (await world.send("POST", path, world.tokens["editor"], json={"title": "x"})).status_code
        yield
        may_answer.set()

    @pytest.mark.parametrize("write", TRIED.values(), ids=TRIED)
    async def test_another_one_is_refused_before_it_writes(self, world, member, write):
        before = await Post.all().order_by("id").values(), await Execution.all().count()
        answer = await write(member, world)

        assert ["RATE_LIMITED"] == answer.codes
        assert before == (await Post.all().order_by("id").values(), await Execution.all().count())

    async def test_others_go_on(self, world, member):
        answer = await member.create("posts", {"title": "x"}, triggers=["wfPost"], role="member")

        assert [] == answer.errors


class TestOfMuch:
    """A request may create four records, and a user write five a minute; a workflow follows each new post (I13)."""

    @pytest.fixture
    def changed(self) -> dict[str, Any]:
        return {"private_networks": (LOOPBACK,), "bulk_limit": 4, "user_rows": 5}

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ([{"title": "x"}] * 5, "BODY_TOO_LARGE"),
            ([{"title": "x"}] * 1000, "BODY_TOO_LARGE"),
            ([{"title": "x", "category": {"title": "x"}}] * 3, "RATE_LIMITED"),
        ],
        ids=["one too many", "many", "nested ones"],
    )
    async def test_a_bulk_is_refused_before_it_writes(self, member, refused, values, code):
        assert [code] == await refused(member.create("posts", values, role="member"))

    @pytest.mark.parametrize("dry_run", [False, True])
    async def test_bit_by_bit_is_no_way_around(self, world, member, refused, dry_run):
        """Nor is to only try: it costs the same."""
        for _ in range(5):
            assert [] == (await member.create("posts", {"title": "x"}, role="member", dry_run=dry_run)).errors

        assert ["RATE_LIMITED"] == await refused(member.create("posts", {"title": "x"}, role="member"))

    async def test_nor_is_the_other_door_or_another_token(self, world, member, refused):
        for _ in range(5):
            await member.create("posts", {"title": "x"}, role="member")
        again = await world.service.issue_token("member", 1)

        assert ["RATE_LIMITED"] == await refused(world.send("POST", "posts:create", again, json={"title": "x"}))
        assert ["RATE_LIMITED"] == await refused(
            world.ask('mutation { createPost(values: {title: "x"}) { record { id } } }', again)
        )

    async def test_it_is_nobody_elses_quota(self, world, member):
        for _ in range(6):
            await member.create("posts", {"title": "x"}, role="member")
        answer = await world.send("POST", "posts:create", world.tokens["editor"], json={"title": "x"})

        assert 200 == told(answer).status


DRY = {
    "create": lambda door, world: door.create(
        "posts", {"title": "attack"}, triggers=["wfPost", "wfSync"], role="member", dry_run=True
    ),
    "create many": lambda door, world: door.create(
        "posts", [{"title": "a"}, {"title": "b"}], triggers=["wfPost"], role="member", dry_run=True
    ),
    "create with another": lambda door, world: door.create(
        "posts",
        {"title": "a", "category": {"title": "a"}},
        triggers=["wfCat!category"],
        role="member",
        dry_run=True,
    ),
    "update": lambda door, world: door.update(
        "posts", {"title": "attack"}, key=world.own.id, triggers=["wfPost", "wfSync"], role="member", dry_run=True
    ),
    "destroy": lambda door, world: door.destroy(
        "posts", key=world.own.id, triggers=["wfSync"], role="member", dry_run=True
    ),
}


@pytest.mark.parametrize("write", DRY.values(), ids=DRY)
async def test_what_is_only_tried_calls_nobody(world, member, nothing_happened, write):
    """I12: the workflows are planned, and no call is made that a caller could have wanted."""
    async with nothing_happened():
        answer = await write(member, world)

    assert [] == answer.errors
    assert {"planned"} == {each["status"] for each in answer.workflows}


DRY_REFUSED = {
    "another's record": (
        lambda door, world: door.update("posts", {"title": "x"}, key=world.foreign.id, role="member", dry_run=True),
        ["NOT_FOUND"],
    ),
    "another's record, by a filter": (
        lambda door, world: door.destroy("posts", key=world.foreign.id, role="member", dry_run=True),
        ["NOT_FOUND"],
    ),
    "what their role does not create": (
        lambda door, world: door.create("tags", {"name": "x"}, role="member", dry_run=True),
        ["NO_PERMISSION"],
    ),
    "another's category": (
        lambda door, world: door.create(
            "posts", {"title": "x", "category": {"id": world.foreign.category_id}}, role="member", dry_run=True
        ),
        ["BAD_VALUE"],
    ),
    "a workflow of the administrators'": (
        lambda door, world: door.create("posts", {"title": "x"}, triggers=["wfAdmin"], role="member", dry_run=True),
        ["TRIGGER_FORBIDDEN"],
    ),
    "a link": (
        lambda door, world: door.link("set", "posts", world.foreign.id, "tags", [1], role="member", dry_run=True),
        ["NOT_FOUND"],
    ),
}


@pytest.mark.parametrize(("write", "codes"), DRY_REFUSED.values(), ids=DRY_REFUSED)
async def test_what_is_refused_is_refused_when_it_is_only_tried(world, member, refused, write, codes):
    assert codes == await refused(write(member, world))


async def test_to_try_tells_no_more_than_to_read(world, member):
    answer = await member.update("posts", {"title": "x"}, key=world.own.id, role="member", dry_run=True)

    assert ([], False) == (answer.errors, "secretNote" in answer.data[0])
