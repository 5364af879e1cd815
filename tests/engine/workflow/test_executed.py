"""How many executions a version has had: counted behind the commits, many at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from engine.data.unit import unit_of_work
from engine.database import close_database, open_database
from engine.system.models import Workflow
from engine.workflow.executed import Executed
from tests.databases import MakeDatabase
from tests.until import until


@pytest.fixture
async def executed(make_database: MakeDatabase) -> AsyncIterator[Executed]:
    await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    for key in (1, 2):
        await Workflow.create(id=key, key=str(key), version=1, title="K", type="action", executed=5)
    executed = Executed()
    executed.start()
    yield executed
    await executed.stop()
    await close_database()


async def counts():
    return await Workflow.all().order_by("id").values_list("executed", flat=True)


async def test_each_is_counted_on_its_version(executed):
    async with unit_of_work():
        executed.count([1, 2])
        executed.count([1])
    await executed.stop()

    assert [7, 6] == await counts()


async def test_nobody_needs_to_end_for_that(executed):
    executed.count([2])

    async def look():
        return [5, 6] == await counts()

    assert await until(look)


async def test_what_is_rolled_back_is_not_counted(executed):
    async def count_and_fail():
        async with unit_of_work():
            executed.count([1])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await count_and_fail()
    await executed.stop()

    assert [5, 5] == await counts()


async def test_two_processes_that_count_the_same_versions_do_not_wait_for_each_other(executed):
    """Whichever order they name them in."""
    other = Executed()
    other.start()

    async def count(here, *versions):
        for _ in range(10):
            async with unit_of_work():
                for version in versions:
                    here.count([version])

    await asyncio.gather(*(count(executed, 1, 2) if n % 2 else count(other, 2, 1) for n in range(8)))
    await other.stop()
    await executed.stop()

    assert [85, 85] == await counts()


async def test_what_could_not_be_written_is_kept_for_the_next_time(executed, monkeypatch):
    async def fail(_):
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr("engine.workflow.executed._add_to_rows", fail)
        executed.count([1])
        await executed._write()
    await executed._write()

    assert [6, 5] == await counts()
