"""The trigger `action`: a workflow that follows writes through a door, named by the caller or globally."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.data.collections import Collections
from engine.system.models import WorkflowType
from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.triggers.base import Trigger
from engine.workflow.triggers.changes import ChangeConfig, read_changes

NEEDS_ACTIONS = "A global workflow names in 'actions' what it follows, at least one."


@dataclass(frozen=True, slots=True)
class ActionConfig(ChangeConfig):
    """When the workflow runs. `actions` restricts global workflows alone."""

    globally: bool = False


class ActionTrigger(Trigger[ActionConfig]):
    """Listens to what the doors write: `create`, `update` and `destroy`."""

    kind = WorkflowType.ACTION

    @classmethod
    def read(cls, given: Mapping[str, Any], collections: Collections, complaints: Complaints) -> ActionConfig | None:
        members = Members(given, complaints)
        members.refuse_others("collection", "global", "actions", "appends", "condition", "changed")
        globally = members.flag("global")
        read = read_changes(members, collections, required=NEEDS_ACTIONS if globally else None)
        if read is None:
            return None
        return ActionConfig(read.collection, read.actions, read.appends, read.condition, read.changed, globally)
