"""The catalog: what a write asks of workflows without a statement, and what is no more to be had there."""

import logging

import pytest

from engine.system.models import Status, Workflow

DOCUMENT = {"title": "T", "type": "action", "enabled": True, "config": {"collection": "posts"}}


@pytest.fixture
def catalog(service):
    return service.engine.catalog


@pytest.fixture
def save(service):
    async def save(key, **changed):
        return await service.engine.versions.create({**DOCUMENT, "key": key, **changed})

    return save


async def test_it_has_the_enabled_versions_and_knows_the_others(catalog, save):
    await save("on")
    await save("off", enabled=False)

    assert "on" == catalog.find("on").key
    assert (None, True, False) == (catalog.find("off"), catalog.knows("off"), catalog.knows("neither"))
    assert ["category-created", "off", "on", "post-audit", "post-created"] == list(catalog.keys())


async def test_global_ones_come_by_their_keys(catalog, save):
    everywhere = {"collection": "posts", "global": True, "actions": ["create"]}
    for key in ("z", "a", "m"):
        await save(key, config=everywhere)
    await save("local")

    assert ["a", "m", "post-audit", "z"] == [each.key for each in catalog.globals(["tags", "posts"])]
    assert [] == catalog.globals(["tags"])


async def test_followers_come_by_their_keys(catalog, save):
    for key, collection in (("z", "posts"), ("a", "tags"), ("m", "notes")):
        await save(key, type="collection", config={"collection": collection, "actions": ["create"]})

    assert ["a", "z"] == [each.key for each in catalog.followers(["posts", "tags"])]


async def test_hooks_follow_what_their_config_names(catalog, save):
    await save("all", type="execution", config={})
    await save("of-one", type="execution", config={"workflows": ["post-audit"], "statuses": ["failed"]})

    assert ["all", "of-one"] == [each.key for each in catalog.hooks("post-audit", Status.FAILED)]
    assert ["all"] == [each.key for each in catalog.hooks("post-audit", Status.ERROR)]
    assert ["all"] == [each.key for each in catalog.hooks("other", Status.FAILED)]
    assert [] == catalog.hooks("other", Status.SUCCEEDED)


async def test_one_that_fits_the_models_no_more_is_left_out_and_told(catalog, save, caplog):
    row = await save("old")
    await Workflow.filter(id=row.id).update(config={"collection": "gone"})
    with caplog.at_level(logging.ERROR):
        await catalog.reload()

    assert catalog.find("old") is None
    assert catalog.knows("old")
    assert catalog.find("post-created")
    # As often as it is read: the exchange reloads too, once it hears of the workflow that was saved.
    assert {"workflow 'old' version 1 is left out"} == {each.message.partition(":")[0] for each in caplog.records}
