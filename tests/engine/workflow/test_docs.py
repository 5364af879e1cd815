"""The docs of nodes and triggers are whole, and what they show as examples can be saved."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.data.collections import Collections
from engine.errors import Code
from engine.outcomes import SkipReason
from engine.workflow.documents import read_definition
from engine.workflow.expressions import FUNCTIONS, METHODS
from engine.workflow.nodes import NODES
from engine.workflow.scope import ROOTS
from engine.workflow.triggers import TRIGGERS

DOCS = Path(__file__).parents[3] / "docs"
NODES_MD = (DOCS / "nodes.md").read_text()
TRIGGERS_MD = (DOCS / "triggers.md").read_text()


def headings(text: str) -> list[str]:
    """The kinds that have a section of their own."""
    return re.findall(r"^## `(\w+)`$", text, re.MULTILINE)


def examples(text: str) -> list[Any]:
    return [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]


def test_every_kind_of_node_has_a_heading():
    """In the order of the tuple."""
    assert [node.kind for node in NODES] == headings(NODES_MD)


def test_every_kind_of_trigger_has_a_heading():
    """In the order of the tuple."""
    assert [trigger.kind.value for trigger in TRIGGERS] == headings(TRIGGERS_MD)


def test_every_code_of_triggers_is_listed():
    """The table of refusals is the contract's, and names no other."""
    codes = {code.value for code in Code if code.value.startswith("TRIGGER_")}

    assert codes == set(re.findall(r"^\| `(TRIGGER_\w+)` \|", TRIGGERS_MD, re.MULTILINE))


def test_every_reason_to_skip_is_listed():
    """But for those that are codes, which lenient mode turns into reasons."""
    reasons = {reason.value for reason in SkipReason if not reason.value.startswith("TRIGGER_")}

    assert reasons == set(re.findall(r"^\| `([A-Z_]+)` \| (?!\d)", TRIGGERS_MD, re.MULTILINE))


@pytest.mark.parametrize("name", [*FUNCTIONS, *(name for name in METHODS if name != "existsOne"), *ROOTS[:2]])
def test_every_name_of_expressions_is_listed(name):
    """Somebody who writes a condition finds what there is (`existsOne` is `exists_one`, spelled otherwise)."""
    assert re.search(rf"\b{name}\b", NODES_MD)


@pytest.mark.parametrize("example", [*examples(NODES_MD), *examples(TRIGGERS_MD)])
def test_examples_can_be_saved(collections: Collections, example: Any):
    """Whole documents as they are, lists of nodes in one about posts."""
    if isinstance(example, list):
        config = {"collection": "posts", "appends": ["author"]}
        example = {"key": "example", "title": "Example", "type": "action", "config": config, "nodes": example}
    _, complaints = read_definition(example, collections)

    assert [] == complaints


def test_there_are_examples_to_save():
    """Every kind of node has one."""
    assert len(NODES) < len(examples(NODES_MD))
