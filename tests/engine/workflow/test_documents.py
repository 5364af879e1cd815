"""A workflow's document is checked whole when it is saved: what is wrong is told with its place, and all of it."""

import json
from typing import Any

import pytest

from engine.errors import Code
from engine.system.models import WorkflowType
from engine.workflow.documents import read_definition
from engine.workflow.nodes import NODES_BY_KIND


def node(key: str, kind: str = "response_message", **members: Any) -> dict[str, Any]:
    configs: dict[str, Any] = {"response_message": {"message": "Hello"}, "condition": {"expression": "true"}}
    return {"key": key, "type": kind, "config": configs.get(kind, {}), **members}


def told(document: Any, collections: Any) -> dict[str, str]:
    """The complaints by place."""
    definition, complaints = read_definition(document, collections)
    assert (definition is None) is bool(complaints)
    assert {Code.WORKFLOW_INVALID} >= {complaint.code for complaint in complaints}
    return {".".join(map(str, complaint.path)): complaint.message for complaint in complaints}


def test_the_least_document_has_defaults(collections, document):
    """Async, nothing special, no nodes; what is kept is the document with its defaults."""
    definition, complaints = read_definition(document, collections, id=5, version=2, enabled=True)

    assert [] == complaints
    assert definition is not None
    assert (5, "greet", 2, WorkflowType.ACTION) == (definition.id, definition.key, definition.version, definition.type)
    assert (False, True, False) == (definition.sync, definition.enabled, definition.options.atomic)
    assert {**document, "sync": False, "options": {}, "nodes": []} == definition.document


def test_a_document_reads_back_as_it_was_kept(collections, document):
    """What was saved is read by the same function, and comes out the same."""
    document["nodes"] = [node("ask", "condition", branches={"then": [node("a")], "else": []})]
    first, _ = read_definition(document, collections)
    assert first is not None
    second, _ = read_definition(json.loads(json.dumps(first.document)), collections)

    assert first == second


def test_everything_is_told_together(collections):
    """One answer to a document that is wrong all over."""
    complaints = told(
        {
            "key": "two words",
            "titel": "Greet",
            "type": "acton",
            "sync": "yes",
            "options": {"atomic": True, "runAs": "calller"},
            "nodes": [
                {"key": "ask", "type": "condition", "config": {"expression": "1 +"}, "retry": 3, "timeout": 0},
                {"key": "ask", "type": "crate", "config": 5, "branches": {"then": {}}},
                "text",
            ],
        },
        collections,
    )

    assert {
        "titel": "There is no member 'titel' here. Did you mean 'title'?",
        "key": "A key is made of letters, digits, '_' and '-', at most 64.",
        "title": "'title' is required.",
        "type": "'type' must be one of action, collection, execution. Did you mean 'action'?",
        "sync": "'sync' must be true or false.",
        "options.atomic": "'atomic' needs 'sync': true, since it decides whether the write stands.",
        "options.runAs": "'runAs' must be one of system, caller. Did you mean 'caller'?",
        "nodes.0.retry": "'retry' must be an object.",
        "nodes.0.timeout": "'timeout' must be a number of seconds, more than 0 and at most 3600.",
        "nodes.0.config.expression": "The expression cannot be read, line 1, column 4: mismatched input '<EOF>'.",
        "nodes.1.key": "Another node has the key 'ask' already.",
        "nodes.1.type": (f"'type' must be one of {', '.join(NODES_BY_KIND)}. Did you mean 'create'?"),
        "nodes.1.config": "'config' must be an object.",
        "nodes.1.branches.then": "'then' must be a list.",
        "nodes.2": "A node is an object with 'key', 'type' and 'config'.",
    } == complaints


@pytest.mark.parametrize("key", ["", "a b", "ä", "a" * 65, "a!b", 5])
def test_a_key_has_a_grammar(collections, document, key):
    """It stands in URLs and before an exclamation mark."""
    assert {"key"} == told({**document, "key": key}, collections).keys()


@pytest.mark.parametrize("title", ["", "  ", None, 5, "a" * 256])
def test_a_title_is_a_text_that_says_something(collections, document, title):
    """It is what people read."""
    assert {"title"} == told({**document, "title": title}, collections).keys()


def test_atomic_is_for_sync_workflows(collections, document):
    """An async one cannot undo a write that was answered."""
    document["options"] = {"atomic": True, "runAs": "system"}

    assert {"options.atomic"} == told(document, collections).keys()
    assert {} == told({**document, "sync": True}, collections)


@pytest.mark.parametrize("key", ["_a", "a b", "a.b", "", None, 5])
def test_a_nodes_key_can_stand_in_a_variable(collections, document, key):
    """No dots, and no '_' in front, which no variable may have."""
    assert {"nodes.0.key"} == told({**document, "nodes": [node(key)]}, collections).keys()


def test_keys_are_unique_in_the_whole_document(collections, document):
    """Branches have no names of their own, since results are looked up by key alone."""
    document["nodes"] = [node("a"), node("ask", "condition", branches={"then": [node("a")], "else": [node("ask")]})]

    assert {"nodes.1.branches.then.0.key", "nodes.1.branches.else.0.key"} == told(document, collections).keys()


def test_branches_are_those_of_the_kind(collections, document):
    """A condition has two, a message none."""
    document["nodes"] = [node("ask", "condition", branches={"yes": [], "thn": []}), node("say", branches={"then": []})]

    assert {
        "nodes.0.branches.yes": "There is no member 'yes' here.",
        "nodes.0.branches.thn": "There is no member 'thn' here. Did you mean 'then'?",
        "nodes.1.branches.then": "There is no member 'then' here.",
    } == told(document, collections)


@pytest.mark.parametrize(
    ("place", "allowed"),
    [
        ("first", set()),
        ("yes", {"first", "ask"}),
        ("yes2", {"first", "ask", "yes"}),
        ("no", {"first", "ask"}),
        ("last", {"first", "ask", "yes", "yes2", "no"}),
    ],
)
def test_a_node_may_refer_to_those_that_may_have_run_before_it(collections, document, place, allowed):
    """Earlier ones and those around it, not itself, later ones or the other branch."""
    keys = ["first", "ask", "yes", "yes2", "no", "last"]
    message = " ".join(f"{{{{$jobs.{key}}}}}" for key in keys)
    nodes = {key: node(key) for key in keys}
    nodes[place]["config"] = {"message": message}
    nodes["ask"] = node("ask", "condition", branches={"then": [nodes["yes"], nodes["yes2"]], "else": [nodes["no"]]})
    document["nodes"] = [nodes["first"], nodes["ask"], nodes["last"]]

    _, complaints = read_definition(document, collections)

    assert {key for key in keys if not any(f"'{key}'." in c.message for c in complaints)} == allowed


def nested(depth: int) -> dict[str, Any]:
    inner = node("leaf")
    for level in range(depth):
        inner = node(f"c{level}", "condition", branches={"then": [inner]})
    return inner


def test_branches_nest_ten_deep(collections, document):
    """The eleventh is refused where it stands."""
    place = "nodes.0" + ".branches.then.0" * 10

    assert {} == told({**document, "nodes": [nested(10)]}, collections)
    assert {f"{place}.branches"} == told({**document, "nodes": [nested(11)]}, collections).keys()


def test_the_place_of_a_node_has_a_bounded_length(collections, document):
    """It is kept with each run, in a column of 255 characters."""
    inner = node("x" * 64)
    for letter in "abc":
        inner = node(letter * 60, "condition", branches={"then": [inner]})

    assert {"nodes.0" + ".branches.then.0" * 3 + ".key"} == told({**document, "nodes": [inner]}, collections).keys()


def test_a_workflow_has_at_most_two_hundred_nodes(collections, document):
    """Told once, however many there are."""
    assert {} == told({**document, "nodes": [node(f"n{index}") for index in range(200)]}, collections)
    assert {"nodes"} == told({**document, "nodes": [node(f"n{index}") for index in range(500)]}, collections).keys()


def deep(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def endless() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def bomb() -> Any:
    value: Any = ["lol"]
    for _ in range(30):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (deep(100), "A workflow nests at most 64 deep."),
        (deep(100_000), "A workflow nests at most 64 deep."),
        (endless(), "A workflow nests at most 64 deep."),
        (bomb(), "A workflow has at most 64 KiB of JSON text."),
        ([1] * 1_000_000, "A workflow has at most 64 KiB of JSON text."),
        ("ä" * 40_000, "A workflow has at most 64 KiB of JSON text."),
        ({5: 1}, "Names of members are texts."),
        ({"\x00": 1}, "A text must not contain the character U+0000."),
        ("\ud800", "A text must not contain lone surrogates."),
        ([10**5_000], "A number has at most 64 bits: write it as text."),
        (float("nan"), "A number is finite."),
        (float("inf"), "A number is finite."),
        (b"bytes", "Only JSON values can be in a workflow."),
    ],
)
def test_hostile_values_get_a_complaint(collections, document, value, message):
    """Wherever they stand, and nothing else is looked at then."""
    complaints = told({**document, "nodes": [node("a", config={"message": value})]}, collections)

    assert [message] == list(complaints.values())


@pytest.mark.parametrize("document", [None, [], "text", 5])
def test_a_workflow_is_an_object(collections, document):
    """Anything else is refused as a whole."""
    assert {""} == told(document, collections).keys()


@pytest.mark.parametrize("name", ["key", "title", "type", "sync", "config", "options", "nodes"])
@pytest.mark.parametrize("value", [5, -1.5, "text", [], [5], {}, {"a": {"b": [1]}}, True, None])
def test_no_member_makes_the_reading_fail(collections, document, name, value):
    """Whatever stands in a member, there is a definition or there are complaints about that member."""
    complaints = told({**document, name: value}, collections)

    assert all(place.partition(".")[0] == name for place in complaints)


@pytest.mark.parametrize("kind", ["condition", "query", "create", "update", "response_message", "end"])
@pytest.mark.parametrize("value", [5, "text", "{{$now}}", [], [[]], {}, {"a": {"$b": [1]}}, True])
def test_no_config_of_a_node_makes_the_reading_fail(collections, document, kind, value):
    """Each member of each kind, with values of every type."""
    names = ["expression", "required", "collection", "values", "filter", "many", "sort", "appends", "message", "status"]
    config = {**dict.fromkeys(names, value), "collection": "posts"}
    complaints = told({**document, "nodes": [node("a", kind, config=config)]}, collections)

    assert all(place.startswith("nodes.0.config.") for place in complaints)
    assert complaints


# --- attempts, times and loops


def retried(kind, retry, **members):
    config = {"create": {"collection": "notes", "values": {"text": "x"}}, "condition": {"expression": "true"}}
    return {"nodes": [{"key": "a", "type": kind, "config": config[kind], "retry": retry}], **members}


@pytest.mark.parametrize(
    ("changed", "attempts"),
    [
        (retried("create", None), 3),
        (retried("create", None, sync=True), 1),
        (retried("condition", None), 1),
        (retried("create", {"attempts": 7, "seconds": 0.5}), 7),
    ],
    ids=["the default", "sync", "computes", "told"],
)
def test_what_works_on_data_is_attempted_again(collections, document, changed, attempts):
    """Sync workflows are not: somebody waits for them."""
    definition, _ = read_definition({**document, **changed}, collections)

    assert definition is not None
    assert attempts == definition.steps[0].retry.attempts


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        (retried("create", {"attempts": 0}), "nodes.0.retry.attempts"),
        (retried("create", {"attempts": 11}), "nodes.0.retry.attempts"),
        (retried("create", {"attempts": True}), "nodes.0.retry.attempts"),
        (retried("create", {"seconds": 0}), "nodes.0.retry.seconds"),
        (retried("create", {"times": 2}), "nodes.0.retry.times"),
        (retried("create", {"attempts": 2}, sync=True), "nodes.0.retry"),
        (retried("condition", {"attempts": 2}), "nodes.0.retry"),
        ({"options": {"timeout": 0}}, "options.timeout"),
        ({"options": {"timeout": "1 h"}}, "options.timeout"),
        ({"options": {"timeout": True}}, "options.timeout"),
        ({"nodes": [node("a", "delay", config={"seconds": 1})], "sync": True}, "nodes.0.type"),
        ({"options": {"ordering": "per_user"}}, "options.ordering"),
        ({"options": {"ordering": "per_record"}, "sync": True}, "options.ordering"),
        ({"options": {"concurrency": 0}}, "options.concurrency"),
        ({"options": {"concurrency": 1}, "sync": True}, "options.concurrency"),
        ({"nodes": [node("a", "break")]}, "nodes.0.type"),
        ({"nodes": [node("a", "continue")]}, "nodes.0.type"),
        ({"nodes": [node("a", "loop", config={"count": 1})]}, "nodes.0.config"),
        ({"nodes": [node("a", "loop", config={"count": 1}, branches={"do": []})]}, "nodes.0.config"),
    ],
)
def test_what_could_not_be_kept_is_refused(collections, document, changed, place):
    """When it is saved, not when it runs."""
    assert {place} == told({**document, **changed}, collections).keys()


def test_a_node_that_waits_is_found_inside_branches_too(collections, document):
    """A request would hang on it all the same."""
    inner = node("rest", "delay", config={"seconds": 1})
    document |= {"sync": True, "nodes": [node("ask", "condition", branches={"then": [inner]})]}

    assert {"nodes.0.branches.then.0.type"} == told(document, collections).keys()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{{$scopes.each.item.id}} {{$scopes.each.index}}", None),
        ("{{$scopes.each.key}}", "'each' has no member 'key'."),
        ("{{$scopes.other.item}}", "No loop around this node has the key 'other'."),
        ("{{$scopes}}", "Name the loop whose round is meant, as in 'scopes.loop_key.item'."),
        ("{{$scopes.each.index.x}}", "'index' is a number and has no members."),
        ("{{$jobs.behind}}", "No node before this one has the key 'behind'."),
    ],
)
def test_the_round_is_known_inside_of_its_loop(collections, document, text, fault):
    inner = node("say", "response_message", config={"message": text})
    loop = node("each", "loop", config={"list": [1]}, branches={"do": [inner, node("behind")]})
    complaints = told({**document, "nodes": [loop]}, collections)

    assert ([fault] if fault else []) == list(complaints.values())


def test_the_round_is_not_known_behind_its_loop(collections, document):
    say = node("say", "response_message", config={"message": "{{$scopes.each.item}}"})
    loop = node("each", "loop", config={"count": 1}, branches={"do": [node("a")]})

    assert {"nodes.1.config.message"} == told({**document, "nodes": [loop, say]}, collections).keys()
