"""The node `update` gives the records that a filter finds new values."""

import pytest

from engine.errors import Code, Refusal
from engine.workflow.nodes.base import Done
from engine.workflow.nodes.update import Update
from schema.sample.models import Post


@pytest.fixture
async def posts(bench_with_tables) -> list[Post]:
    return [await Post.create(title=title) for title in ("Hello", "Hello", "Other")]


async def test_the_records_that_are_found_are_changed(bench_with_tables, posts):
    """And no others; the result counts and names them."""
    outcome = await bench_with_tables.run(
        Update,
        {"collection": "posts", "filter": {"title": "{{$context.data.title}}"}, "values": {"content": "{{$now}}"}},
    )

    assert isinstance(outcome, Done)
    assert {"count": 2, "keys": [posts[0].id, posts[1].id]} == outcome.result
    assert [(post.id, ("content",)) for post in posts[:2]] == [(each.key, each.changed) for each in outcome.changes]
    assert [posts[2].id] == await Post.filter(content=None).values_list("id", flat=True)


async def test_nothing_found_is_no_failure(bench_with_tables, posts):
    """The count is 0."""
    config = {"collection": "posts", "filter": {"id": "{{$jobs.find}}"}, "values": {"status": "done"}}
    bench_with_tables.found = 999

    assert Done({"count": 0, "keys": []}, changes=[]) == await bench_with_tables.run(Update, config)


@pytest.mark.parametrize("found", [{"$ne": 0}, [1, 2, 3], {}])
async def test_data_cannot_widen_the_filter(bench_with_tables, posts, found):
    """An object or a list from data would be an operator: the node fails and nothing is changed."""
    bench_with_tables.found = found

    with pytest.raises(Refusal) as refused:
        await bench_with_tables.run(
            Update, {"collection": "posts", "filter": {"id": "{{$jobs.find}}"}, "values": {"status": "done"}}
        )

    assert Code.BAD_FILTER is refused.value.code
    assert 0 == await Post.filter(status="done").count()


@pytest.mark.parametrize(
    ("changed", "complaints"),
    [
        ({"filter": None}, {"filter": "'filter' is required and must not be empty."}),
        ({"filter": {}}, {"filter": "'filter' is required and must not be empty."}),
        ({"values": {}}, {"values": "'values' is required and must not be empty."}),
        ({"collection": "jobs"}, {"collection": "'jobs' is not a collection of data."}),
        (
            {"filter": {"titel": "{{$now}}"}},
            {"filter.titel": "'titel' is not a field of 'posts' that can be filtered. Did you mean 'title'?"},
        ),
        ({"filter": {"id": {"$gt": "x"}}}, {"filter.id.$gt": "The value of $gt for 'id' must be an integer."}),
        (
            {"filter": {"id": {"$in": ["{{$jobs.find}}", "x"]}}},
            {"filter.id.$in": "The value of $in for 'id' must be an integer."},
        ),
        (
            {"filter": {"id": {"$between": [1]}}},
            {"filter.id.$between": "The value of $between for 'id' must be a list of two"},
        ),
        ({"filter": {"category": "{{$jobs.find}}"}}, {"filter.category": "'category' is a relation"}),
        ({"filter": {"$or": "{{$jobs.find}}"}}, {"filter.$or": "$or takes a list of filters."}),
        ({"filter": {"id": "{{$jobs.fnd}}"}}, {"filter.id": "No node before this one has the key 'fnd'."}),
        ({"values": {"readCount": "x"}}, {"values.readCount": "'readCount' must be an integer."}),
    ],
)
def test_a_config_is_checked_when_it_is_saved(bench, changed, complaints):
    """A filter that is empty would change every record."""
    config = {"collection": "posts", "filter": {"id": 1}, "values": {"title": "a"}, **changed}
    told = bench.told(Update, config)

    assert complaints.keys() == told.keys()
    assert all(told[place].startswith(message) for place, message in complaints.items())


@pytest.mark.parametrize(
    "filter",
    [
        {"id": "{{$jobs.find}}"},
        {"id": {"$eq": "{{$jobs.find}}"}},
        {"id": {"$in": "{{$jobs.find}}"}},
        {"id": {"$in": ["{{$jobs.find}}", 5]}},
        {"id": ["{{$jobs.find}}"]},
        {"$or": [{"category": {"id": "{{$jobs.find}}"}}, {"category.title": "{{$now}}"}]},
        {"createdAt": {"$lt": "{{$now}}"}},
        {"createdAt": {"$between": ["{{$jobs.find}}", "{{$now}}"]}},
        {"createdAt": {"$dateBetween": ["2024", "{{$now}}"]}},
        {"category": {"$exists": "{{$jobs.find}}"}},
    ],
)
def test_a_template_may_stand_for_any_literal(bench, filter):
    """Its type is not known before the run."""
    assert {} == bench.told(Update, {"collection": "posts", "filter": filter, "values": {"title": "a"}})


def test_the_history_shows_filter_and_values(bench):
    """Templates filled in."""
    config = {"collection": "posts", "filter": {"id": "{{$context.data.id}}"}, "values": {"title": "{{$now}}"}}

    assert {
        "collection": "posts",
        "filter": {"id": 7},
        "values": {"title": "2026-05-03T10:00:00.000Z"},
    } == bench.input(Update, config)
