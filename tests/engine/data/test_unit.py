"""The unit of work: what is committed together, what waits for it, and what a task of its own knows of it."""

import asyncio
from typing import Any

import pytest

from engine.data.unit import after_commit, outside_unit, unit_of_work
from schema.sample.models import Note

pytestmark = pytest.mark.usefixtures("sample")


class Failed(Exception):
    """What goes wrong inside a unit."""


async def note(text: str, called: list[str]) -> None:
    """Write a line, and say so after the commit."""
    await Note.create(text=text)
    after_commit(lambda: called.append(text))


async def failing(called: list[str]) -> None:
    """A unit, with another inside, that fails at its very end."""
    async with unit_of_work():
        await note("failed", called)
        async with unit_of_work():
            await note("failed inside", called)
        raise Failed


async def texts() -> Any:
    return await Note.all().order_by("id").values_list("text", flat=True)


async def test_what_waits_is_called_once_after_the_commit_in_order():
    called: list[str] = []
    async with unit_of_work():
        after_commit(lambda: called.append("first"))
        await Note.create(text="x")
        after_commit(lambda: called.append("second"))

        assert [] == called

    assert ["first", "second"] == called


async def test_a_failed_unit_writes_nothing_and_calls_nothing():
    """Not even what an inner unit had finished."""
    called: list[str] = []
    with pytest.raises(Failed):
        await failing(called)

    assert [] == called
    assert [] == await texts()


async def test_a_cancelled_unit_writes_nothing_and_calls_nothing():
    called: list[str] = []
    started = asyncio.Event()

    async def work() -> None:
        async with unit_of_work():
            after_commit(lambda: called.append("x"))
            await Note.create(text="x")
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await started.wait()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert [] == called
    assert [] == await texts()


async def test_outside_a_unit_there_is_nothing_to_wait_for():
    called: list[str] = []
    after_commit(lambda: called.append("x"))

    assert ["x"] == called


async def test_an_inner_unit_waits_for_the_outer_one():
    called: list[str] = []
    async with unit_of_work():
        async with unit_of_work():
            after_commit(lambda: called.append("inner"))

        assert [] == called

    assert ["inner"] == called


async def test_a_failed_inner_unit_takes_back_its_own_part_alone():
    called: list[str] = []
    async with unit_of_work():
        await note("before", called)
        with pytest.raises(Failed):
            await failing(called)
        await note("after", called)

    assert ["before", "after"] == called
    assert ["before", "after"] == await texts()


async def test_a_unit_after_a_failed_one_starts_anew():
    called: list[str] = []
    with pytest.raises(Failed):
        await failing(called)
    async with unit_of_work():
        await note("good", called)

    assert ["good"] == called


async def test_what_is_called_after_the_commit_sees_what_was_written_and_may_write():
    """It runs outside the unit: what it starts has a transaction of its own."""
    started: list[asyncio.Task[None]] = []

    async def follow() -> None:
        async with unit_of_work():
            await Note.create(text=f"after {await texts()}")

    async with unit_of_work():
        await Note.create(text="x")
        after_commit(lambda: started.append(asyncio.create_task(follow(), context=outside_unit())))
    await started[0]

    assert ["x", "after ['x']"] == await texts()


async def test_a_task_outside_the_unit_survives_its_rollback():
    """Inheriting the unit's context it would write through the unit's connection and vanish with it."""
    tasks: list[asyncio.Task[None]] = []

    async def work() -> None:
        async with unit_of_work():
            await Note.create(text="of the task")

    async def start_and_fail() -> None:
        async with unit_of_work():
            tasks.append(asyncio.create_task(work(), context=outside_unit()))
            await Note.create(text="of the unit")
            raise Failed

    with pytest.raises(Failed):
        await start_and_fail()
    await tasks[0]

    assert ["of the task"] == await texts()
