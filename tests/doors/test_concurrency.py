"""Writers at the same time: one of them is told why, in the same words as if they had come one after the other."""

import asyncio
from typing import Any

import pytest
from tortoise.functions import Sum

from api.app import Service
from engine.actions import FirstOrCreateRecord
from engine.system.models import Execution, Role, User, Workflow
from schema.context import Context
from schema.resolvers.records import resolve
from schema.sample.models import Category, Note, Post
from tests.doors.conftest import Save
from tests.doors.door import Door
from tests.until import until

WRITERS = 8
SAY = {"key": "say", "type": "response_message", "config": {"message": "Hello"}}


@pytest.fixture
def changed() -> dict[str, Any]:
    """Fewer connections than writers."""
    return {"pool_size": 3}


async def test_of_those_who_want_the_same_one_gets_it(door: Door) -> None:
    category = await Category.create(title="One")

    answers = await asyncio.gather(
        *(door.create("posts", {"title": str(n), "category": {"id": category.id}}) for n in range(WRITERS))
    )

    refused = [answer for answer in answers if answer.errors]
    assert WRITERS - 1 == len(refused)
    assert {"UNIQUE_VIOLATION"} == {code for answer in refused for code in answer.codes}
    assert all("category" in answer.errors[0]["path"] for answer in refused)
    assert 1 == await Post.filter(category_id=category.id).count()


async def test_more_writers_than_connections_all_come_to_their_end(door: Door, save: Save) -> None:
    """A write that needed a second connection would wait for ever for one that another write has."""
    await save("sync", sync=True, nodes=[SAY])
    await save("atomic", sync=True, options={"atomic": True}, nodes=[SAY])

    async with asyncio.timeout(60):
        answers = await asyncio.gather(
            *(door.create("posts", {"title": str(n)}, triggers=["sync", "atomic"]) for n in range(50))
        )

    assert {200} == {answer.status for answer in answers}
    assert 50 == await Post.filter(title__in=[str(n) for n in range(50)]).count()


async def counted() -> bool:
    [executed] = await Workflow.all().annotate(total=Sum("executed")).values_list("total", flat=True)
    return bool(executed == await Execution.all().count())


async def test_writes_that_name_workflows_in_different_order_do_not_wait_for_each_other(door: Door, save: Save) -> None:
    """And what they have started is counted, a moment later."""
    await save("one")
    await save("two")

    answers = await asyncio.gather(
        *(door.create("posts", {"title": "x"}, triggers=["one", "two"][:: 1 if n % 2 else -1]) for n in range(WRITERS))
    )

    assert {200} == {answer.status for answer in answers}
    assert await until(counted)


async def test_updates_of_one_record_each_see_what_the_one_before_has_stored(door: Door, save: Save) -> None:
    """What a workflow is told as `previous` is a chain without a gap."""
    post = await Post.create(title="0")
    words = "{{$context.previous.title}} {{$context.data.title}}"
    note = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": words}}}
    await save("told", sync=True, nodes=[note])

    await asyncio.gather(
        *(door.update("posts", {"title": str(n)}, key=post.id, triggers=["told"]) for n in range(1, WRITERS + 1))
    )

    told = [note.text.split() for note in await Note.all() if not note.text.startswith("update of")]
    steps = dict(told)
    last, seen = "0", 0
    while last in steps:
        last, seen = steps[last], seen + 1
    assert WRITERS == seen


async def test_what_is_created_unless_it_is_there_is_created_once(service: Service, token: str) -> None:
    actor = await service.engine.accounts.actor(token)
    context = Context(service.engine, actor, "request", "peer")
    action = FirstOrCreateRecord(collection="tags", values={"name": "new"}, filter_keys=("name",))

    await asyncio.gather(*(resolve(context, action) for _ in range(WRITERS)))

    assert 1 == await service.engine.collections["tags"].model.filter(name="new").count()


async def test_a_workflow_has_one_enabled_version_whoever_enables_which(door: Door, save: Save) -> None:
    first = await save("twice")
    second = (await door.workflow("revise", key=first.id)).data

    answers = await asyncio.gather(
        *(
            door.workflow("update", key=[first.id, second["id"]][n % 2], values={"enabled": True})
            for n in range(WRITERS)
        )
    )

    assert {200} == {answer.status for answer in answers}
    assert 1 == await Workflow.filter(key="twice", enabled=True).count()


async def test_a_key_of_a_workflow_is_taken_once(door: Door) -> None:
    document = {"key": "mine", "title": "Mine", "type": "action", "config": {"collection": "posts"}}

    answers = await asyncio.gather(*(door.workflow("create", values=document) for _ in range(WRITERS)))

    assert WRITERS - 1 == sum(answer.codes == ["WORKFLOW_KEY_TAKEN"] for answer in answers)


async def test_somebody_stays_root(service: Service, client: Any) -> None:
    """Two who take the role from each other at once: the second is refused."""
    root = await User.get(username="root")
    other = await User.create(username="other", password_hash="", default_role="root")
    await other.roles.add(await Role.get(name="root"))
    tokens = {root.id: await service.issue_token("root", 1), other.id: await service.issue_token("other", 1)}

    async def depose(by: int, whom: int) -> int:
        headers = {"Authorization": f"Bearer {tokens[by]}"}
        response = await client.post(f"/api/users:update/{whom}", json={"roles": ["member"]}, headers=headers)
        return int(response.status_code)

    statuses = await asyncio.gather(depose(root.id, other.id), depose(other.id, root.id))

    assert 1 == statuses.count(200)
    assert 1 == await User.filter(roles__name="root").count()
