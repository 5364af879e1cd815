"""Executions of one record in the order of its writes, and no more at once than a workflow allows."""

from typing import Any

from engine.system.models import Execution, Job, Status
from schema.sample.models import Note
from tests.doors.conftest import Save
from tests.doors.door import Door
from tests.until import until

SEEN = {
    "key": "seen",
    "type": "create",
    "config": {"collection": "notes", "values": {"text": "{{$context.data.title}}"}},
}
REST = {"key": "rest", "type": "delay", "config": {"seconds": 0.05}}


async def ended(key: str, count: int) -> bool:
    return count == await Execution.filter(key=key, status=Status.SUCCEEDED).count()


async def test_the_writes_of_a_record_are_followed_one_after_the_other(door: Door, save: Save) -> None:
    """Each rests for a moment, in which the next would overtake it."""
    await save("ordered", nodes=[REST, SEEN], options={"ordering": "per_record"})
    post = (await door.create("posts", {"title": "0"})).data["id"]
    told: list[Any] = []
    for number in range(1, 6):
        answer = await door.update("posts", {"title": str(number)}, key=post, triggers=["ordered"])
        told += [each["status"] for each in answer.workflows if each["key"] == "ordered"]
    await until(lambda: ended("ordered", 5))

    assert "waiting" in told[1:]
    assert [str(number) for number in range(1, 6)] == [
        each.text for each in await Note.filter(text__in=list("012345")).order_by("id")
    ]


async def test_no_more_run_at_once_than_a_workflow_allows(door: Door, save: Save) -> None:
    """One at a time: no node of one begins before the last of another has ended."""
    await save("narrow", nodes=[{**SEEN, "key": f"n{i}"} for i in range(3)], options={"concurrency": 1})
    await door.create("posts", [{"title": f"x{number}"} for number in range(6)], triggers=["narrow"])
    await until(lambda: ended("narrow", 6))
    jobs = await Job.filter(execution__key="narrow").order_by("id").values_list("execution_id", flat=True)

    assert sorted(jobs) == list(jobs)
