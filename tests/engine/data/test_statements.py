"""Inserts and updates that Tortoise's builder writes once."""

from datetime import UTC, datetime

import pytest

from engine.data.statements import Insert, Select, Update
from engine.data.unit import unit_of_work
from engine.system.models import Workflow, WorkflowType
from tests.kinds import Thing
from tests.statements import listen, told

MOMENT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
NEW = Insert(Thing)
OF_TEXT = Select(Thing, "text")
EXTRAS = Update(Thing, ("extras", "moment"), where=("id", "flag"))


async def test_a_new_row_has_the_values_and_tells_its_key(kinds):
    """Each as its column keeps it, whatever columns were said before."""
    for values in ({"extras": {"a": [1, None]}, "moment": MOMENT}, {"flag": True, "text": None}):
        key = await NEW.say(values)
        row = await Thing.get(id=key)
        assert values == {name: getattr(row, name) for name in values}


async def test_several_rows_stand_in_their_order(kinds):
    said = [{"whole": 1, "extras": [1]}, {"whole": 2, "extras": None}, {"whole": None, "extras": '"text"'}]
    await NEW.say_all(said)
    await NEW.say_all([])

    rows = await Thing.all().order_by("id").values("whole", "extras")
    assert [(1, [1]), (2, None), (None, "text")] == [(row["whole"], row["extras"]) for row in rows]


async def test_what_is_not_said_has_the_default_of_its_column(kinds):
    said = {"key": "new", "version": 1, "title": "New", "type": WorkflowType.ACTION}
    row = await Workflow.get(id=await Insert(Workflow).say({**said, "created_at": MOMENT}))

    assert (False, {}, [], 0, None) == (row.enabled, row.config, row.nodes, row.executed, row.current_key)


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


async def test_a_unit_that_updates_says_that_and_no_more(kinds):
    """PostgreSQL's number of the transaction is asked for by the update itself."""
    row = await Thing.create(flag=True)
    await EXTRAS.say({"extras": None, "moment": None}, id=row.id, flag=True)
    said: list[str] = []
    await listen(said.append)
    async with unit_of_work():
        await EXTRAS.say({"extras": [1], "moment": MOMENT}, id=row.id, flag=True)
    await told()

    assert ["BEGIN", "UPDATE", "COMMIT"] == [statement.split()[0] for statement in said]


async def test_the_rows_that_have_the_values_are_read_in_the_order_of_their_keys(kinds):
    """Each as Tortoise reads it, whatever was asked before."""
    rows = [await Thing.create(text=text, extras={"of": text}) for text in ("a", "b", "a")]

    assert [] == await OF_TEXT.say([])
    for texts in (["a"], ["b"], ["b", "a"]):
        found = await OF_TEXT.say(texts)
        assert [(row.id, row.extras) for row in rows if row.text in texts] == [(row.id, row.extras) for row in found]
