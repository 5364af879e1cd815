"""What a write starts runs whether or not its caller waits, and a caller does not wait for ever."""

import asyncio
from typing import Any

import pytest
from tortoise.exceptions import DBConnectionError

from engine.actions import CreateRecords, Repetition, Terms, WorkflowRef
from engine.data.unit import unit_of_work
from engine.system.models import Execution, Status
from engine.workflow.patience import Patience
from schema.sample.models import Note
from tests.engine.workflow.started import note


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"sync_wait": 0}


@pytest.fixture
async def actor(service, token):
    return await service.engine.accounts.actor(token, None)


async def save(service, *nodes, **changed):
    document = {"key": "k", "title": "K", "type": "action", "enabled": True, "config": {"collection": "posts"}}
    await service.engine.versions.create({**document, "nodes": list(nodes), **changed})


def post(*keys):
    return CreateRecords(collection="posts", values=({"title": "x"},), workflows=tuple(map(WorkflowRef, keys)))


async def ended():
    async with asyncio.timeout(10):
        while await Execution.filter(status__in=[Status.QUEUED, Status.RUNNING]).exists():
            await asyncio.sleep(0.005)
    return dict(await Execution.all().values_list("key", "status"))


async def test_a_caller_who_does_not_wait_is_told_that_it_runs(service, actor):
    await save(service, note("a"), sync=True)
    written = await service.engine.perform(post("k"), actor, "request")

    assert [("k", "running"), ("post-audit", "queued")] == [(each.key, each.status) for each in written.workflows]
    assert {"k": Status.SUCCEEDED, "post-audit": Status.SUCCEEDED} == await ended()


async def test_a_workflow_that_computes_has_ended_before_the_commit(service, actor):
    await save(service, {"key": "m", "type": "response_message", "config": {"message": "Hello."}}, sync=True)
    written = await service.engine.perform(post("k"), actor, "request")

    assert ("succeeded", ("Hello.",)) == (written.workflows[0].status, written.workflows[0].messages)


async def test_a_caller_who_goes_with_the_commit_leaves_nothing_behind(service, actor):
    """Cancelled where it waits, as a timeout does: the sync execution is this process's, and has to be run by it."""
    await save(service, note("a"), sync=True)
    service.engine._performer.dispatcher._sync_wait = 60
    writing = asyncio.create_task(service.engine.perform(post("k"), actor, "request"))
    async with asyncio.timeout(10):
        while not await Execution.exists():
            await asyncio.sleep(0)
    writing.cancel()
    await asyncio.wait([writing])

    assert {"k": Status.SUCCEEDED, "post-audit": Status.SUCCEEDED} == await ended()


async def test_nothing_begins_before_the_outermost_commit(service, actor):
    await save(service, note("a"), sync=True)
    async with unit_of_work():
        written = await service.engine.perform(post("k"), actor, "request")
        before = await Execution.filter(status=Status.SUCCEEDED).count()

    assert ["running", "queued"] == [each.status for each in written.workflows]
    assert 0 == before
    assert {Status.SUCCEEDED} == set((await ended()).values())


async def test_a_rollback_leaves_no_execution_and_nothing_runs(service, actor):
    await save(service, note("a"), sync=True)

    async def write_and_fail():
        async with unit_of_work():
            await service.engine.perform(post("k"), actor, "request")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    assert (0, 0) == (await Execution.all().count(), await Note.all().count())
    assert set() == service.engine.worker._held


class Away(Patience):
    """Waits, and finds that the database has gone meanwhile."""

    async def for_task(self, task, seconds):
        await super().for_task(task, seconds)
        raise DBConnectionError("gone")


async def test_a_write_that_is_stored_is_answered_whatever_becomes_of_the_database(service, actor):
    """Workflows are told as they stood at the commit: an error would say that nothing was written."""
    await save(service, note("a"), sync=True)
    service.engine._performer.dispatcher._patience = Away()
    written = await service.engine.perform(post("k"), actor, "request")

    assert [("k", "running"), ("post-audit", "queued")] == [(each.key, each.status) for each in written.workflows]
    assert {"k": Status.SUCCEEDED, "post-audit": Status.SUCCEEDED} == await ended()


async def test_so_is_one_that_may_be_sent_again(service, actor):
    await save(service, note("a"), sync=True)
    service.engine._performer.dispatcher._patience = Away()
    terms = Terms(Repetition("scope", "what it says"))
    written = await service.engine.perform(post("k"), actor, "request", terms)
    await ended()
    again = await service.engine.perform(post("k"), actor, "request", terms)

    assert written.records == again.records
