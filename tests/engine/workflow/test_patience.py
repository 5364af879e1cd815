"""A wait ends with what is waited for, when its time is up, or soon after the process has been told to end."""

import asyncio

from engine.workflow.patience import Patience

LONG = 3600


async def test_a_task_is_waited_for():
    task = asyncio.create_task(asyncio.sleep(0.01, "done"))
    await Patience().for_task(task, LONG)

    assert task.done()


async def test_a_task_goes_on_when_its_time_is_up():
    task = asyncio.create_task(asyncio.sleep(LONG))
    await Patience().for_task(task, 0.01)

    assert not task.done()
    task.cancel()


async def test_who_waits_already_is_told_that_the_process_shall_end():
    patience = Patience()
    task = asyncio.create_task(asyncio.sleep(LONG))
    waiting = asyncio.create_task(patience.for_task(task, LONG))
    await asyncio.sleep(0)
    patience.run_out(0.01)
    async with asyncio.timeout(10):
        await waiting

    assert not task.done()
    task.cancel()


async def test_who_comes_later_does_not_wait_longer():
    patience = Patience()
    patience.run_out(0)
    task = asyncio.create_task(asyncio.sleep(LONG))
    async with asyncio.timeout(10):
        await patience.for_task(task, LONG)

    assert not task.done()
    task.cancel()


async def test_the_first_word_holds():
    """A second signal gives nobody more time."""
    patience = Patience()
    patience.run_out(0)
    patience.run_out(LONG)
    task = asyncio.create_task(asyncio.sleep(LONG))
    async with asyncio.timeout(10):
        await patience.for_task(task, LONG)

    assert not task.done()
    task.cancel()
