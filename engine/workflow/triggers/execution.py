"""The trigger `execution`: a workflow that follows the ends of others that did not succeed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.data.collections import Collections
from engine.data.filters import did_you_mean
from engine.system.models import Status, WorkflowType
from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.triggers.base import Trigger
from engine.workflow.triggers.changes import ChangeConfig

EXECUTIONS = "executions"
STATUSES = (Status.ERROR, Status.FAILED, Status.TIMED_OUT)


@dataclass(frozen=True, slots=True)
class ExecutionConfig(ChangeConfig):
    """Which ends it follows: in one of the `statuses`, of one of the `workflows`, None for any but its own type."""

    statuses: frozenset[Status] = frozenset(STATUSES)
    workflows: frozenset[str] | None = None

    def follows(self, workflow: str, status: Status) -> bool:
        return status in self.statuses and (self.workflows is None or workflow in self.workflows)


class ExecutionTrigger(Trigger[ExecutionConfig]):
    """Listens to executions that end in `error`, `failed` or `timed_out`. Its `data` is the execution that did.

    Those of its own type do not count, so that no failure of telling is told in turn.
    """

    kind = WorkflowType.EXECUTION
    may_be_sync = False
    # It is handed what others were, and tells those who look after them.
    for_callers = False

    @classmethod
    def read(cls, given: Mapping[str, Any], collections: Collections, complaints: Complaints) -> ExecutionConfig | None:
        members = Members(given, complaints)
        members.refuse_others("statuses", "workflows")
        workflows = members.names("workflows")
        if "workflows" in given and not workflows:
            complaints.add("Name the workflows by their keys, or leave it out for all of them.", "workflows")
        return ExecutionConfig(
            EXECUTIONS, statuses=_statuses(members), workflows=frozenset(workflows) if workflows else None
        )


def _statuses(members: Members) -> frozenset[Status]:
    named = members.names("statuses")
    known = [status.value for status in STATUSES]
    for index, name in enumerate(named):
        if name not in known:
            message = f"'{name}' is not one of {', '.join(known)}.{did_you_mean(name, known)}"
            members.complaints.add(message, "statuses", index)
    return frozenset(Status(name) for name in named if name in known) if named else frozenset(STATUSES)
