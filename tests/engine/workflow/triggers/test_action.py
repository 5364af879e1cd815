"""The trigger `action` says which writes a workflow follows; its config is checked against the collections."""

from typing import Any

import pytest

from engine.workflow.complaints import Complaints
from engine.workflow.triggers.action import ActionConfig, ActionTrigger


def read(config: dict[str, Any], collections: Any) -> tuple[ActionConfig | None, dict[str, str]]:
    complaints = Complaints()
    answer = ActionTrigger.read(config, collections, complaints)
    return answer, {".".join(map(str, complaint.path)): complaint.message for complaint in complaints.found}


def test_a_local_workflow_names_its_collection_alone(collections):
    """It runs when it is named, on any action."""
    config, complaints = read({"collection": "posts"}, collections)

    assert {} == complaints
    assert ActionConfig("posts") == config


def test_a_global_workflow_says_what_it_follows(collections):
    """With everything that narrows it."""
    config, complaints = read(
        {
            "collection": "posts",
            "global": True,
            "actions": ["create", "update"],
            "appends": ["author", "category.banner"],
            "condition": {"status": {"$ne": "draft"}},
            "changed": ["title", "categoryId"],
        },
        collections,
    )

    assert {} == complaints
    assert (
        ActionConfig(
            "posts",
            globally=True,
            actions=frozenset({"create", "update"}),
            appends=("author", "category.banner"),
            condition={"status": {"$ne": "draft"}},
            changed=frozenset({"title", "categoryId"}),
        )
        == config
    )


@pytest.mark.parametrize(
    ("config", "place", "hint"),
    [
        ({}, "collection", "required"),
        ({"collection": "psots"}, "collection", "Did you mean 'posts'?"),
        ({"collection": "users"}, "collection", "is not a collection of data"),
        ({"collection": "posts", "globl": True}, "globl", "Did you mean 'global'?"),
        ({"collection": "posts", "global": 1}, "global", "true or false"),
        ({"collection": "posts", "global": True}, "actions", "at least one"),
        ({"collection": "posts", "global": True, "actions": []}, "actions", "at least one"),
        ({"collection": "posts", "actions": ["create", "upate"]}, "actions.1", "Did you mean 'update'?"),
        ({"collection": "posts", "actions": "create"}, "actions", "must be a list"),
        ({"collection": "posts", "appends": ["author", "categry"]}, "appends.1", "Did you mean 'category'?"),
        ({"collection": "posts", "appends": ["title"]}, "appends.0", "is not a field or relation"),
        ({"collection": "posts", "appends": [5]}, "appends.0", "list of texts"),
        ({"collection": "posts", "condition": {"titel": "x"}}, "condition.titel", "Did you mean 'title'?"),
        ({"collection": "posts", "condition": {"id": {"$gt": "x"}}}, "condition.id.$gt", "integer"),
        ({"collection": "posts", "condition": {"id": "{{$user.id}}"}}, "condition.id", "no variables yet"),
        ({"collection": "posts", "condition": []}, "condition", "must be an object"),
        ({"collection": "posts", "changed": ["title", "titel"]}, "changed.1", "Did you mean 'title'?"),
        ({"collection": "posts", "changed": ["tags"]}, "changed.0", "is not a column"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(collections, config, place, hint):
    """One complaint for one mistake."""
    _, complaints = read(config, collections)

    assert [place] == list(complaints)
    assert hint in complaints[place]
