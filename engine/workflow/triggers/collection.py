"""The trigger `collection`: a workflow that follows every change of a collection's records, whoever made it."""

from collections.abc import Mapping
from typing import Any

from engine.data.collections import Collections
from engine.system.models import WorkflowType
from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.triggers.base import Trigger
from engine.workflow.triggers.changes import ChangeConfig, read_changes

NEEDS_ACTIONS = "A workflow of this type names in 'actions' what it follows, at least one."


class CollectionTrigger(Trigger[ChangeConfig]):
    """Listens to what the doors and the nodes of other workflows write. No caller names it."""

    kind = WorkflowType.COLLECTION

    @classmethod
    def read(cls, given: Mapping[str, Any], collections: Collections, complaints: Complaints) -> ChangeConfig | None:
        members = Members(given, complaints)
        members.refuse_others("collection", "actions", "appends", "condition", "changed")
        return read_changes(members, collections, required=NEEDS_ACTIONS)
