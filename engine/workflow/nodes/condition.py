"""The node `condition`: asks a question about the run, and goes on accordingly."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from engine.system.models import Status
from engine.workflow.complaints import Complaints
from engine.workflow.expressions import Expression, ExpressionError, read_expression
from engine.workflow.members import Members
from engine.workflow.nodes.base import Done, Effect, Enter, Failed, Node, Outcome, Stop
from engine.workflow.scope import Known, Scope

THEN = "then"
ELSE = "else"


@dataclass(frozen=True, slots=True)
class ConditionConfig:
    """`branches` are those that the document has. Without any, a false answer ends the run: failed when `required`."""

    expression: Expression
    required: bool
    branches: Set[str]


class Condition(Node[ConditionConfig]):
    """Enters a branch where there are branches, else lets the run go on or ends it."""

    kind = "condition"
    effect = Effect.NONE
    branches = (THEN, ELSE)

    @classmethod
    def read(
        cls, given: Mapping[str, Any], branches: Set[str], known: Known, complaints: Complaints
    ) -> ConditionConfig | None:
        members = Members(given, complaints)
        members.refuse_others("expression", "required")
        text = members.text("expression")
        required = members.flag("required")
        if required and branches:
            complaints.add("'required' is for a condition without branches: put an 'end' into 'else'.", "required")
        expression = read_expression(text, known, complaints.at("expression")) if text is not None else None
        return ConditionConfig(expression, required, branches) if expression else None

    async def run(self, config: ConditionConfig, scope: Scope) -> Outcome:
        try:
            met = config.expression.decide(scope)
        except ExpressionError as error:
            return Failed(str(error))
        branch = THEN if met else ELSE
        if branch in config.branches:
            return Enter(branch, met)
        if met or config.branches:
            return Done(met)
        return Stop(Status.FAILED if config.required else Status.SUCCEEDED, met)

    def input(self, config: ConditionConfig, scope: Scope) -> Any:
        return {"expression": config.expression.source}
