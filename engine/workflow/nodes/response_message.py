"""The node `response_message`: tells the caller of a sync workflow something."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from engine.workflow.checks import check_templates
from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.nodes.base import Done, Effect, Node, Outcome
from engine.workflow.scope import Known, Scope


@dataclass(frozen=True, slots=True)
class ResponseMessageConfig:
    """`message` has templates in it."""

    message: str


class ResponseMessage(Node[ResponseMessageConfig]):
    """Its result is the message. An async workflow has no caller who waits, so there it is history alone."""

    kind = "response_message"
    effect = Effect.NONE

    @classmethod
    def read(
        cls, given: Mapping[str, Any], branches: Set[str], known: Known, complaints: Complaints
    ) -> ResponseMessageConfig | None:
        members = Members(given, complaints)
        members.refuse_others("message")
        message = members.text("message")
        if message is None:
            return None
        check_templates(message, known, complaints.at("message"))
        return ResponseMessageConfig(message)

    async def run(self, config: ResponseMessageConfig, scope: Scope) -> Outcome:
        message = scope.fill_text(config.message)
        return Done(message, message=message)

    def input(self, config: ResponseMessageConfig, scope: Scope) -> Any:
        return {"message": scope.fill_text(config.message)}
