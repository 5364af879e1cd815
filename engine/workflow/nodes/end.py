"""The node `end`: ends the whole run, from any depth."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from engine.system.models import Status
from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.nodes.base import Effect, Node, Outcome, Stop
from engine.workflow.scope import Known, Scope


@dataclass(frozen=True, slots=True)
class EndConfig:
    """`status` is succeeded or failed."""

    status: Status


class End(Node[EndConfig]):
    """Has no result."""

    kind = "end"
    effect = Effect.NONE

    @classmethod
    def read(
        cls, given: Mapping[str, Any], branches: Set[str], known: Known, complaints: Complaints
    ) -> EndConfig | None:
        members = Members(given, complaints)
        members.refuse_others("status")
        status = members.choice("status", (Status.SUCCEEDED, Status.FAILED), Status.SUCCEEDED)
        return EndConfig(status) if status else None

    async def run(self, config: EndConfig, scope: Scope) -> Outcome:
        return Stop(config.status)

    def input(self, config: EndConfig, scope: Scope) -> Any:
        return {"status": config.status.value}
