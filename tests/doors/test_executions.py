"""Executions that are cancelled and run again, through both doors."""

from typing import Any

import pytest

from engine.system.models import Execution, Job, Status
from schema.sample.models import Note
from tests.doors.conftest import Rows, Save, give_role
from tests.doors.door import Door
from tests.until import until


def note(key: str, text: str) -> dict[str, Any]:
    return {"key": key, "type": "create", "config": {"collection": "notes", "values": {"text": text}}}


REST = {"key": "rest", "type": "delay", "config": {"seconds": 1000}}
NO = {"key": "no", "type": "end", "config": {"status": "failed"}}
NOTES = [note("one", "one {{$context.data.title}}"), note("two", "two {{$jobs.one.text}}")]


async def fire(door: Door, key: str, status: Status) -> int:
    """An execution of a workflow, once it stands so."""
    answer = await door.create("posts", {"title": "x"}, triggers=[key])
    [execution] = [each["executionId"] for each in answer.workflows if each["key"] == key]
    await stands(execution, status)
    return int(execution)


async def stands(execution: Any, status: Status) -> None:
    async def reached() -> bool:
        return (await Execution.get(id=execution)).status is status

    await until(reached)


async def texts() -> list[str | None]:
    return [each.text for each in await Note.exclude(text__startswith="create").order_by("id")]


# --- cancelling


async def test_what_rests_is_cancelled(door: Door, save: Save) -> None:
    await save("resting", nodes=[NOTES[0], REST, NOTES[1]])
    execution = await fire(door, "resting", Status.WAITING)

    answer = await door.execution("cancel", key=execution)

    assert ("cancelled", "Cancelled by root.", None) == tuple(
        answer.data[name] for name in ("status", "error", "resumeAt")
    )
    assert answer.data["finishedAt"]
    assert ["succeeded", "cancelled"] == [job.status for job in await Job.filter(execution_id=execution).order_by("id")]


@pytest.mark.parametrize("action", ["cancel", "rerun"])
async def test_what_does_not_fit_its_status_is_refused(door: Door, save: Save, rows: Rows, action: str) -> None:
    """A terminal status never changes, and what still runs is not run a second time."""
    await save("tried", nodes=[REST] if action == "rerun" else [])
    execution = await fire(door, "tried", Status.WAITING if action == "rerun" else Status.SUCCEEDED)
    await until(settled)
    before = await rows()

    answer = await door.execution(action, key=execution)

    assert ["EXECUTION_STATE"] == answer.codes
    assert before == await rows()


async def settled() -> bool:
    return not await Execution.filter(status__in=[Status.QUEUED, Status.RUNNING]).exists()


# --- running again


async def test_a_rerun_is_a_new_execution_of_the_same(door: Door, save: Save) -> None:
    await save("noting", nodes=NOTES)
    execution = await fire(door, "noting", Status.SUCCEEDED)

    answer = await door.execution("rerun", key=execution)
    await stands(answer.data["id"], Status.SUCCEEDED)
    first, second = await Execution.get(id=execution), await Execution.get(id=answer.data["id"])

    assert (execution, execution) == (second.rerun_of, second.cause)
    assert first.context["data"] == second.context["data"]
    assert first.context["event"]["id"] != second.context["event"]["id"]
    assert (first.record_key, first.user_id) == (second.record_key, second.user_id)
    assert ["one x", "two one x"] * 2 == await texts()


async def test_a_rerun_from_a_node_takes_what_was_before_as_it_was(door: Door, save: Save) -> None:
    await save("noting", nodes=NOTES)
    execution = await fire(door, "noting", Status.SUCCEEDED)

    answer = await door.execution("rerun", key=execution, fromNode="two")
    await stands(answer.data["id"], Status.SUCCEEDED)

    assert ["one x", "two one x", "two one x"] == await texts()
    assert ["one", "two"] == [job.path for job in await Job.filter(execution_id=answer.data["id"]).order_by("id")]


@pytest.mark.parametrize(("version", "texts_of"), [("original", "one x"), ("current", "new x"), (None, "one x")])
async def test_a_rerun_is_of_the_version_that_is_asked_for(
    door: Door, save: Save, version: str | None, texts_of: str
) -> None:
    """The original one where nothing is said: what has failed is tried as it was."""
    workflow = await save("noting", nodes=NOTES[:1])
    execution = await fire(door, "noting", Status.SUCCEEDED)
    revision = await door.workflow("revise", key=workflow.id)
    changed = {"nodes": [note("one", "new {{$context.data.title}}")], "enabled": True}
    await door.workflow("update", key=revision.data["id"], values=changed)

    answer = await door.execution("rerun", key=execution, **({} if version is None else {"version": version}))
    await stands(answer.data["id"], Status.SUCCEEDED)

    assert ["one x", texts_of] == await texts()


async def test_a_sync_workflow_is_run_again_without_a_wait(door: Door, save: Save) -> None:
    """Nobody waits for it this time."""
    await save("failing", nodes=[NO], sync=True)
    execution = await fire(door, "failing", Status.FAILED)

    answer = await door.execution("rerun", key=execution)
    await stands(answer.data["id"], Status.FAILED)

    assert not answer.data["sync"]


async def test_all_that_a_filter_finds_are_run_again(door: Door, save: Save) -> None:
    await save("failing", nodes=[NO])
    failed = [await fire(door, "failing", Status.FAILED) for _ in range(3)]

    answer = await door.execution("rerun", filter={"key": {"$eq": "failing"}, "status": {"$eq": "failed"}})

    assert failed == [int(each["rerunOf"]) for each in answer.data]
    assert 6 == await Execution.filter(key="failing").count()


async def test_without_a_key_or_filter_nothing_is_run_again(door: Door, save: Save, rows: Rows) -> None:
    await save("failing", nodes=[NO])
    await fire(door, "failing", Status.FAILED)
    await until(settled)
    before = await rows()

    answer = await door.execution("rerun")

    assert ["FILTER_REQUIRED"] == answer.codes
    assert before == await rows()


INNER = note("inner", "round {{$scopes.loop.index}}")
LOOP = {"key": "loop", "type": "loop", "config": {"count": 2}, "branches": {"do": [INNER]}}


@pytest.mark.parametrize(
    ("node", "told"),
    [("gone", "no node"), ("inner", "inside of a loop: begin with 'loop'"), ("never", "did not come to")],
)
async def test_a_node_to_begin_with_has_to_have_had_its_turn(
    door: Door, save: Save, rows: Rows, node: str, told: str
) -> None:
    await save("looping", nodes=[LOOP, NO, note("never", "never")])
    execution = await fire(door, "looping", Status.FAILED)
    await until(settled)
    before = await rows()

    answer = await door.execution("rerun", key=execution, fromNode=node)

    assert ["BAD_VALUE"] == answer.codes
    assert told in answer.errors[0]["message"]
    assert before == await rows()


async def test_a_rerun_behind_a_loop_knows_its_last_round(door: Door, save: Save) -> None:
    await save("looping", nodes=[LOOP, note("behind", "behind {{$jobs.inner.text}}")])
    execution = await fire(door, "looping", Status.SUCCEEDED)

    answer = await door.execution("rerun", key=execution, fromNode="behind")
    await stands(answer.data["id"], Status.SUCCEEDED)

    assert ["round 0", "round 1", "behind round 1", "behind round 1"] == await texts()


# --- rights


@pytest.mark.parametrize(("action", "which"), [("cancel", "key"), ("rerun", "key"), ("rerun", "filter")])
async def test_it_takes_the_grant_to_update_executions(
    door: Door, save: Save, rows: Rows, action: str, which: str
) -> None:
    """Whether there is such an execution is not told either."""
    await give_role("reader", {"executions": {"read": {}}})
    await save("failing", nodes=[NO])
    execution = await fire(door, "failing", Status.FAILED)
    await until(settled)
    before = await rows()

    asked = {"key": execution} if which == "key" else {"filter": {"id": {"$eq": execution}}}
    answer = await door.execution(action, role="reader", **asked)

    assert ["NO_PERMISSION"] == answer.codes
    assert before == await rows()


async def test_an_execution_that_is_not_there_is_not_found(door: Door) -> None:
    for action in ("cancel", "rerun"):
        assert ["NOT_FOUND"] == (await door.execution(action, key=10**6)).codes
