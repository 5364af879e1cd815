"""Workflows of type `execution`: they tell somebody of executions that did not succeed."""

import logging
from typing import Any

import pytest

from engine.system.models import Execution, Status, Workflow
from schema.sample.models import Note
from tests.doors.conftest import Rows, Save
from tests.doors.door import Door
from tests.until import until

FAIL = {"key": "end", "type": "end", "config": {"status": "failed"}}
BROKEN = {"key": "broken", "type": "condition", "config": {"expression": "1 / (size(context.data.name) - 1) == 1"}}
TEXT = "{{$context.data.key}} ended as {{$context.data.status}} for {{$context.user.username}}"
TELL = {"key": "tell", "type": "create", "config": {"collection": "notes", "values": {"text": TEXT}}}


async def hook(door: Door, config: dict[str, Any] | None = None, nodes: Any = (TELL,)) -> None:
    document = {"key": "hook", "title": "Tell", "type": "execution", "enabled": True, "config": config or {}}
    answer = await door.workflow("create", values={**document, "nodes": list(nodes)})
    assert [] == answer.errors


async def told() -> list[str | None]:
    """What was told, when everything has ended."""

    async def ended() -> bool:
        return not await Execution.filter(status__in=(Status.QUEUED, Status.RUNNING, Status.WAITING)).exists()

    await until(ended)
    return [note.text for note in await Note.all().order_by("id")]


@pytest.mark.parametrize("sync", [False, True])
@pytest.mark.parametrize(("node", "status"), [(FAIL, "failed"), (BROKEN, "error")])
async def test_an_end_without_success_is_told(door: Door, save: Save, node: Any, status: str, sync: bool) -> None:
    await save("job", "tags", sync=sync, nodes=[node])
    await hook(door)

    await door.create("tags", {"name": "x"}, triggers=["job"])

    assert [f"job ended as {status} for root"] == await told()
    [job, following] = await Execution.all().order_by("id")
    assert (job.id, "hook", str(job.id)) == (following.cause, following.key, following.record_key)


async def test_success_is_not_told(door: Door, save: Save) -> None:
    await save("job", "tags")
    await hook(door)

    await door.create("tags", {"name": "x"}, triggers=["job"])

    assert [] == await told()


async def test_it_follows_what_its_config_names(door: Door, save: Save) -> None:
    await save("one", "tags", nodes=[FAIL])
    await save("other", "tags", nodes=[FAIL])
    await save("broken", "tags", nodes=[BROKEN])
    await hook(door, {"workflows": ["one", "broken"], "statuses": ["failed", "timed_out"]})

    await door.create("tags", {"name": "x"}, triggers=["one", "other", "broken"])

    assert ["one ended as failed for root"] == await told()


async def test_no_failure_of_telling_is_told(door: Door, save: Save) -> None:
    await save("job", "tags", nodes=[FAIL])
    await hook(door, nodes=[FAIL])

    await door.create("tags", {"name": "x"}, triggers=["job"])
    await told()

    assert ["job", "hook"] == await Execution.all().order_by("id").values_list("key", flat=True)


async def test_what_was_undone_is_not_told(door: Door, save: Save, rows: Rows) -> None:
    """An atomic one that fails leaves no execution, so there is nothing to tell of."""
    await save("job", "tags", sync=True, options={"atomic": True}, nodes=[FAIL])
    await hook(door)
    before = await rows()

    answer = await door.create("tags", {"name": "x"}, triggers=["job"])

    assert ["WORKFLOW_REJECTED"] == answer.codes
    assert before == await rows()


async def test_a_dead_letter_is_one_line_of_the_log(door: Door, save: Save, caplog: pytest.LogCaptureFixture) -> None:
    """Without what it failed of, which may quote values."""
    caplog.set_level(logging.WARNING, "bangpath.workflow")
    await save("job", "tags", nodes=[FAIL])

    await door.create("tags", {"name": "a secret"}, triggers=["job"])
    await told()

    [line] = [record.getMessage() for record in caplog.records if record.name == "bangpath.workflow"]
    assert "of workflow 'job' ended as failed" in line
    assert "a secret" not in line


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ({"sync": True}, ["sync"]),
        ({"config": {"statuses": ["succeeded"]}}, ["config", "statuses", 0]),
        ({"config": {"workflows": []}}, ["config", "workflows"]),
        ({"config": {"workflows": ["post-audit", "nothing"]}}, ["config", "workflows", 1]),
        ({"config": {"collection": "posts"}}, ["config", "collection"]),
    ],
)
async def test_a_document_that_is_wrong_is_refused(door: Door, rows: Rows, broken: Any, place: list[Any]) -> None:
    before = await rows()

    answer = await door.workflow("create", values={"title": "T", "type": "execution", "config": {}, **broken})

    assert [("WORKFLOW_INVALID", place)] == [(error["code"], error["path"]) for error in answer.errors]
    assert before == await rows()


async def test_one_that_follows_what_has_ended_can_be_disabled_and_not_enabled(door: Door, save: Save) -> None:
    job = await save("job", "tags")
    await hook(door, {"workflows": ["job"]})
    [row] = await Workflow.filter(key="hook")
    await door.workflow("destroy", key=job.id)

    assert [] == (await door.workflow("update", key=row.id, values={"enabled": False})).errors
    refused = await door.workflow("update", key=row.id, values={"enabled": True})
    assert [("WORKFLOW_INVALID", ["config", "workflows", 0])] == [
        (each["code"], each["path"]) for each in refused.errors
    ]
