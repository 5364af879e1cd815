"""Templates and expressions are no programs, wherever a document has one (F01)."""

from typing import Any

import pytest

from tests.attacks.world import World
from tests.doors.door import Door

TEMPLATES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{$context.data.__class__}}",
    '{{$context.data["__init__"]}}',
    "{{$context.data.title.upper()}}",
    "{{$user.__dict__.password_hash}}",
    "{{$user.passwordHash}}",
    "{{$env.BANGPATH_SECRET}}",
    "{{ self._engine }}",
    "{{ 7 * 7 }}",
    "{% for x in () %}{% endfor %}{{x}}",
    "{{$jobs.__globals__}}",
)
EXPRESSIONS = (
    "context.data.__class__ != null",
    "context['__init__'] != null",
    "getattr(context, 'data') != null",
    "__import__('os').system('true') == 0",
    "user.passwordHash != ''",
    "env.BANGPATH_SECRET != ''",
    "(" * 500 + "true" + ")" * 500,
    " && ".join(["true"] * 20_000),
)


def node(kind: str, **config: Any) -> dict[str, Any]:
    return {"nodes": [{"key": "a", "type": kind, "config": config}]}


PLACES = {
    "a value that is stored": lambda text: node("create", collection="notes", values={"text": text}),
    "a value that is changed": lambda text: node(
        "update", collection="notes", filter={"id": 1}, values={"text": f"{text}"}
    ),
    "a filter": lambda text: node("query", collection="notes", filter={"text": text}),
    "a message": lambda text: {"sync": True, **node("response_message", message=text)},
    "an address": lambda text: node("request", method="GET", url=f"http://127.0.0.1/{text}"),
    "a header": lambda text: node("request", method="GET", url="http://127.0.0.1/", headers={"X-A": text}),
    "a body": lambda text: node("request", method="POST", url="http://127.0.0.1/", json={"a": [{"b": text}]}),
}
QUESTIONS = {
    "a condition": lambda text: node("condition", expression=text),
    "a loop": lambda text: {
        "nodes": [
            {"key": "a", "type": "loop", "config": {"while": text}, "branches": {"do": [{"key": "b", "type": "break"}]}}
        ]
    },
}


def document(members: dict[str, Any]) -> dict[str, Any]:
    known = {"key": "attack", "title": "Attack", "type": "action", "config": {"collection": "posts"}, "enabled": True}
    return {**known, **members}


@pytest.mark.parametrize(
    ("place", "text"),
    [*((place, "{{$context.data.title}}") for place in PLACES), *((place, "true") for place in QUESTIONS)],
)
async def test_each_of_these_documents_is_saved_when_nothing_is_wrong_with_it(world: World, door: Door, place, text):
    """Otherwise the refusals below would be of something else."""
    answer = await door.workflow("create", values=document({**PLACES, **QUESTIONS}[place](text)))

    assert [] == answer.errors


@pytest.mark.parametrize("text", TEMPLATES)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
async def test_a_template_that_is_more_than_names_is_refused_at_save(world: World, door: Door, refused, place, text):
    assert {"WORKFLOW_INVALID"} == {*await refused(door.workflow("create", values=document(place(text))))}


@pytest.mark.parametrize("text", EXPRESSIONS, ids=lambda text: text[:40])
@pytest.mark.parametrize("place", QUESTIONS.values(), ids=QUESTIONS)
async def test_a_question_that_is_more_than_one_is_refused_at_save(world: World, door: Door, refused, place, text):
    assert {"WORKFLOW_INVALID"} == {*await refused(door.workflow("create", values=document(place(text))))}


@pytest.mark.parametrize("text", TEMPLATES)
async def test_neither_is_one_in_the_filter_of_a_grant(world: World, refused, text):
    grants = {"posts": {"read": {"filter": {"title": text}}}}
    codes = await refused(world.send("POST", "roles:update/member", world.tokens["root"], json={"grants": grants}))

    assert {"ROLE_INVALID"} == {*codes}
