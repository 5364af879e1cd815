"""The node `create` stores a new record, and cannot be saved when it is known that it could not."""

import pytest

from engine.errors import Code, Refusal
from engine.system.models import User
from engine.workflow.nodes.create import Create
from schema.sample.models import Note, Post


async def test_a_record_is_stored_with_templates_filled_in(bench_with_tables):
    """The result is the record as stored, defaults included."""
    values = {"title": "Re: {{$context.data.title}}", "readCount": "{{$context.data.id}}", "content": "{{$jobs.find}}"}
    outcome = await bench_with_tables.run(Create, {"collection": "posts", "values": values})
    stored = await Post.get()

    assert ("Re: Hello", 7, None) == (stored.title, stored.read_count, stored.content)
    assert (stored.id, "draft") == (outcome.result["id"], outcome.result["status"])


async def test_related_records_are_stored_with_it(bench_with_tables):
    """By nesting, as through a door."""
    values = {"title": "a", "category": {"title": "{{$context.data.title}}"}, "tags": [{"name": "b"}]}
    await bench_with_tables.run(Create, {"collection": "posts", "values": values})
    stored = await Post.get().prefetch_related("category", "tags")

    assert "Hello" == stored.category.title
    assert ["b"] == [tag.name for tag in stored.tags]


async def test_who_caused_the_run_is_the_acting_user(bench_with_tables):
    """A post that a workflow writes is by whom the workflow was started."""
    ann = await User.create(username="ann", password_hash="", default_role="member")
    bench_with_tables.user = {"id": ann.id}
    await bench_with_tables.run(Create, {"collection": "posts", "values": {"title": "a"}})

    assert ann.id == (await Post.get()).author_id


@pytest.mark.parametrize("value", ["many", {"a": 1}, 2**40])
async def test_what_a_template_brings_is_checked_when_it_runs(bench_with_tables, value):
    """A value of the wrong type is refused, and nothing is stored."""
    bench_with_tables.found = value

    with pytest.raises(Refusal) as refused:
        await bench_with_tables.run(
            Create, {"collection": "posts", "values": {"title": "a", "readCount": "{{$jobs.find}}"}}
        )

    assert Code.BAD_VALUE is refused.value.code
    assert 0 == await Post.all().count()


async def test_templates_in_data_are_stored_as_data(bench_with_tables):
    """A caller's text with braces is text."""
    bench_with_tables.data["title"] = "{{$user.id}}"
    await bench_with_tables.run(Create, {"collection": "notes", "values": {"text": "{{$context.data.title}}"}})

    assert "{{$user.id}}" == (await Note.get()).text


@pytest.mark.parametrize(
    ("config", "complaints"),
    [
        ({}, {"collection": "'collection' is required."}),
        ({"collection": "user"}, {"collection": "'user' is not a collection of data."}),
        ({"collection": "users", "values": {}}, {"collection": "'users' is not a collection of data."}),
        ({"collection": "notes", "values": []}, {"values": "'values' must be an object."}),
        ({"collection": "posts"}, {"values.title": "'title' is required."}),
        (
            {"collection": "notes", "valus": {}},
            {"valus": "There is no member 'valus' here. Did you mean 'values'?"},
        ),
        (
            {"collection": "notes", "values": {"txt": "{{$now}}"}},
            {"values.txt": "'txt' is not a field of 'notes'. Did you mean 'text'?"},
        ),
        (
            {"collection": "posts", "values": {"title": None, "readCount": "x", "tags": [{"name": 5}]}},
            {
                "values.title": "'title' must not be null.",
                "values.readCount": "'readCount' must be an integer.",
                "values.tags.0.name": "'name' must be a string.",
            },
        ),
        (
            {"collection": "posts", "values": {"title": "a", "createdAt": "{{$now}}"}},
            {"values.createdAt": "'createdAt' is filled by the service and cannot be written."},
        ),
        (
            {"collection": "notes", "values": {"text": "{{$context.data.titel}}"}},
            {"values.text": "'titel' is not a field of 'posts'. Did you mean 'title'?"},
        ),
    ],
)
def test_a_config_is_checked_when_it_is_saved(bench, config, complaints):
    """Names, required columns, literal values and templates."""
    assert complaints == bench.told(Create, config)


@pytest.mark.parametrize(
    "values",
    [
        {"title": "{{$now}}", "readCount": "{{$context.data.id}}"},
        {"title": "a", "category": "{{$context.data.id}}"},
        {"title": "a", "category": {"id": "{{$context.data.id}}"}},
        {"title": "a", "authorId": "{{$user.id}}"},
        {"title": "a", "tags": "{{$jobs.find}}"},
        {"title": "a", "tags": [{"id": "{{$context.data.id}}"}, {"name": "{{$context.data.title}}"}]},
    ],
)
def test_a_template_may_stand_for_any_value(bench, values):
    """Its type is not known before the run."""
    assert {} == bench.told(Create, {"collection": "posts", "values": values})


def test_the_history_shows_what_was_stored(bench):
    """Templates filled in."""
    config = {"collection": "notes", "values": {"text": "{{$context.data.title}}"}}

    assert {"collection": "notes", "values": {"text": "Hello"}} == bench.input(Create, config)
