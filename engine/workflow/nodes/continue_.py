"""The node `continue`: goes on with the next round of the loop around it."""

from collections.abc import Mapping, Set
from typing import Any

from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.nodes.base import Effect, Leave, LeaveRound, Node, Outcome
from engine.workflow.scope import Known, Scope


class Continue(Node[Mapping[str, Any]]):
    """Has no config and no result. Of loops in loops it means the innermost."""

    kind = "continue"
    effect = Effect.NONE
    leaves = True

    @classmethod
    def read(
        cls, given: Mapping[str, Any], branches: Set[str], known: Known, complaints: Complaints
    ) -> Mapping[str, Any] | None:
        Members(given, complaints).refuse_others()
        return given

    async def run(self, config: Mapping[str, Any], scope: Scope) -> Outcome:
        return LeaveRound(Leave.CONTINUE)
