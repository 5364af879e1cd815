"""The node `response_message` tells the caller of a sync workflow something."""

import pytest

from engine.workflow.nodes.base import Done
from engine.workflow.nodes.response_message import ResponseMessage


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Thanks", "Thanks"),
        ("'{{$context.data.title}}' is stored", "'Hello' is stored"),
        ("{{$context.data.id}}", "7"),
        ("{{$context.data.content}}", ""),
    ],
)
async def test_the_message_is_a_text(bench, template, message):
    """Also when the template is one variable of another type."""
    outcome = await bench.run(ResponseMessage, {"message": template})

    assert Done(message, message=message) == outcome
    assert {"message": message} == bench.input(ResponseMessage, {"message": template})


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({}, "message"),
        ({"message": "  "}, "message"),
        ({"message": 5}, "message"),
        ({"message": "{{$contxt.data}}"}, "message"),
        ({"message": "{{"}, "message"),
        ({"message": "a", "text": "b"}, "text"),
    ],
)
def test_a_config_is_checked_when_it_is_saved(bench, config, place):
    """A message that says nothing is a mistake."""
    assert {place} == bench.told(ResponseMessage, config).keys()
