"""The node `condition` asks a question and goes on accordingly."""

import pytest

from engine.system.models import Status
from engine.workflow.nodes.base import Done, Enter, Failed, Stop
from engine.workflow.nodes.condition import Condition

MET = {"expression": "context.data.id == 7"}
NOT_MET = {"expression": "context.data.id == 8"}


@pytest.mark.parametrize(
    ("config", "branches", "outcome"),
    [
        (MET, ("then", "else"), Enter("then", True)),
        (NOT_MET, ("then", "else"), Enter("else", False)),
        (MET, ("else",), Done(True)),
        (NOT_MET, ("then",), Done(False)),
        (MET, (), Done(True)),
        (NOT_MET, (), Stop(Status.SUCCEEDED, False)),
        ({**NOT_MET, "required": False}, (), Stop(Status.SUCCEEDED, False)),
        ({**MET, "required": True}, (), Done(True)),
        ({**NOT_MET, "required": True}, (), Stop(Status.FAILED, False)),
    ],
)
async def test_the_answer_decides(bench, config, branches, outcome):
    """With branches one is entered, a missing one is empty; without any a false answer ends the run."""
    assert outcome == await bench.run(Condition, config, branches)


@pytest.mark.parametrize("expression", ["context.data.title", "1 / (context.data.id - 7) == 1", "jobs.find.x == 1"])
async def test_no_answer_is_a_failure(bench, expression):
    """Neither branch is entered on a guess."""
    outcome = await bench.run(Condition, {"expression": expression}, ("then", "else"))

    assert isinstance(outcome, Failed)


@pytest.mark.parametrize(
    ("config", "branches", "place"),
    [
        ({}, (), "expression"),
        ({"expression": 5}, (), "expression"),
        ({"expression": "1 +"}, (), "expression"),
        ({"expression": "contxt.data"}, (), "expression"),
        ({**MET, "requird": True}, (), "requird"),
        ({**MET, "required": "yes"}, (), "required"),
        ({**MET, "required": True}, ("then",), "required"),
    ],
)
def test_a_config_is_checked_when_it_is_saved(bench, config, branches, place):
    """`required` would contradict an `else`, so it is for conditions without branches."""
    assert {place} == bench.told(Condition, config, branches).keys()


def test_the_history_shows_the_question(bench):
    """As it was written."""
    assert MET == bench.input(Condition, MET)
