"""Versions under callers who come at once: the database, and not a hope, keeps one enabled per key."""

import asyncio

import pytest
from tortoise.exceptions import IntegrityError

from engine.errors import Code, Refusal
from engine.system.models import Workflow

DOCUMENT = {"key": "k", "title": "K", "type": "action", "config": {"collection": "posts"}}


@pytest.fixture
def versions(service):
    return service.engine.versions


async def several(versions, count=5):
    first = await versions.create(DOCUMENT)
    return [first.id, *[(await versions.revise(first.id)).id for _ in range(count - 1)]]


async def enabled():
    return await Workflow.filter(key="k", enabled=True).values_list("id", flat=True)


async def test_those_who_enable_at_once_leave_one_enabled(versions):
    keys = await several(versions)
    await asyncio.gather(*(versions.update(key, {"enabled": True}) for key in keys * 3))
    now = await enabled()

    assert 1 == len(now)
    assert now == await Workflow.filter(key="k", enabled_key="k").values_list("id", flat=True)
    assert now == await Workflow.filter(key="k", current=True).values_list("id", flat=True)
    assert now == [versions.catalog.find("k").id]


async def test_the_database_refuses_a_second_enabled_version(versions):
    first, second, *_ = await several(versions)
    await versions.update(first, {"enabled": True})

    with pytest.raises(IntegrityError):
        await Workflow.filter(id=second).update(enabled=True, enabled_key="k")


async def test_those_who_revise_at_once_make_one_version_each(versions):
    first = await versions.create(DOCUMENT)
    made = await asyncio.gather(*(versions.revise(first.id) for _ in range(5)))

    assert [2, 3, 4, 5, 6] == sorted(each.version for each in made)
    assert 1 == await Workflow.filter(key="k", current=True).count()


async def test_those_who_create_one_key_at_once_make_one_workflow(versions):
    made = await asyncio.gather(*(versions.create(DOCUMENT) for _ in range(4)), return_exceptions=True)
    refused = [each for each in made if isinstance(each, Refusal)]

    assert [Code.WORKFLOW_KEY_TAKEN] * 3 == [each.code for each in refused]
    assert 1 == await Workflow.filter(key="k").count()


async def test_the_end_of_the_enabled_version_enables_no_other(versions):
    _, second, third = await several(versions, 3)
    await versions.update(second, {"enabled": True})
    await versions.destroy(second, every=False)

    assert [] == await enabled()
    assert versions.catalog.find("k") is None
    assert versions.catalog.knows("k")
    assert [third] == await Workflow.filter(key="k", current=True).values_list("id", flat=True)
