"""The node `query` looks for a record, or for several."""

import pytest

from engine.workflow.nodes.base import Done
from engine.workflow.nodes.query import MAX_RECORDS, Query
from schema.sample.models import Category, Note, Post


@pytest.fixture
async def posts(bench_with_tables) -> list[Post]:
    category = await Category.create(title="c")
    return [
        await Post.create(title="a", read_count=2),
        await Post.create(title="b", read_count=1, category=category),
        await Post.create(title="Hello", read_count=3),
    ]


async def test_the_first_record_that_is_found_is_the_result(bench_with_tables, posts):
    """In the order that is asked for."""
    outcome = await bench_with_tables.run(Query, {"collection": "posts", "sort": ["-readCount"]})

    assert "Hello" == outcome.result["title"]


async def test_templates_are_filled_in(bench_with_tables, posts):
    """As literals."""
    outcome = await bench_with_tables.run(
        Query, {"collection": "posts", "filter": {"title": "{{$context.data.title}}"}}
    )

    assert posts[2].id == outcome.result["id"]


async def test_nothing_found_is_null(bench_with_tables, posts):
    """Not a failure: a condition can ask for it."""
    assert Done(None) == await bench_with_tables.run(Query, {"collection": "posts", "filter": {"title": "nobody's"}})
    assert Done([]) == await bench_with_tables.run(
        Query, {"collection": "posts", "filter": {"title": "nobody's"}, "many": True}
    )


async def test_many_records_are_a_list(bench_with_tables, posts):
    """With the relations that are asked for."""
    outcome = await bench_with_tables.run(
        Query, {"collection": "posts", "many": True, "sort": ["readCount"], "appends": ["category"]}
    )

    assert ["b", "a", "Hello"] == [post["title"] for post in outcome.result]
    assert ["c", None, None] == [(post["category"] or {}).get("title") for post in outcome.result]


async def test_many_are_at_most_two_hundred(bench_with_tables):
    """The result is kept in the history and handed to expressions."""
    await Note.bulk_create([Note(text="x") for _ in range(MAX_RECORDS + 1)])
    outcome = await bench_with_tables.run(Query, {"collection": "notes", "many": True})

    assert MAX_RECORDS == len(outcome.result)


@pytest.mark.parametrize(
    ("config", "place", "hint"),
    [
        ({"collection": "psts"}, "collection", "Did you mean 'posts'?"),
        ({"collection": "executions"}, "collection", "is not a collection of data"),
        ({"collection": "posts", "fliter": {}}, "fliter", "Did you mean 'filter'?"),
        ({"collection": "posts", "filter": {"titel": 1}}, "filter.titel", "Did you mean 'title'?"),
        ({"collection": "posts", "filter": []}, "filter", "must be an object"),
        ({"collection": "posts", "many": 1}, "many", "true or false"),
        ({"collection": "posts", "sort": "title"}, "sort", "must be a list"),
        ({"collection": "posts", "sort": ["title", "-titel"]}, "sort.1", "Did you mean 'title'?"),
        ({"collection": "posts", "appends": ["categry"]}, "appends.0", "Did you mean 'category'?"),
    ],
)
def test_a_config_is_checked_when_it_is_saved(bench, config, place, hint):
    """One complaint for one mistake."""
    told = bench.told(Query, config)

    assert [place] == list(told)
    assert hint in told[place]


def test_the_history_shows_what_was_looked_for(bench):
    """Templates filled in, defaults included."""
    config = {"collection": "posts", "filter": {"id": "{{$context.data.id}}"}}

    assert {
        "collection": "posts",
        "filter": {"id": 7},
        "many": False,
        "sort": [],
        "appends": [],
    } == bench.input(Query, config)
