"""Updates that Tortoise's builder writes once."""

from datetime import UTC, datetime

import pytest

from engine.data.unit import unit_of_work
from engine.data.updates import Update
from tests.kinds import Thing

MOMENT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
EXTRAS = Update(Thing, ("extras", "moment"), where=("id", "flag"))


async def test_the_rows_that_are_meant_have_the_values(kinds):
    """Each as its column keeps it, whatever was said before."""
    first, second = [await Thing.create(flag=True) for _ in range(2)]
    for row, extras in ((first, {"a": [1, None]}), (second, None)):
        assert 1 == await EXTRAS.say({"extras": extras, "moment": MOMENT}, id=row.id, flag=True)

    assert [{"a": [1, None]}, None] == [row.extras for row in await Thing.all().order_by("id")]
    assert MOMENT == (await Thing.get(id=first.id)).moment


async def test_others_have_not_and_are_not_counted(kinds):
    row = await Thing.create(flag=False, extras={"a": 1})

    assert 0 == await EXTRAS.say({"extras": None, "moment": None}, id=row.id, flag=True)
    assert {"a": 1} == (await Thing.get(id=row.id)).extras


async def test_it_is_part_of_the_unit_that_is_open(kinds):
    row = await Thing.create(flag=True, extras={"a": 1})

    async def say_and_fail():
        async with unit_of_work():
            await EXTRAS.say({"extras": None, "moment": None}, id=row.id, flag=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await say_and_fail()

    assert {"a": 1} == (await Thing.get(id=row.id)).extras
