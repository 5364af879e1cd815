"""Columns with choices → GraphQL enums, spelled as in REST."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import strawberry

from engine.data.collections import Collection, Field
from engine.outcomes import PLANNED, SkipReason
from engine.system import models
from engine.workflow.executions import Version
from schema.types.names import TypeNames, is_name

# GraphQL's own literals cannot be members of an enum.
_LITERALS = {"true", "false", "null"}


def value_enum(values: Iterable[Any], name: str, description: str | None = None) -> Any:
    """A GraphQL enum of these values. A class of its own: Strawberry writes into the one it is given."""
    # Members are numbered, since Python forbids names such as `mro` that are fine as values.
    members = [(f"value{index}", value) for index, value in enumerate(values)]
    made = enum.Enum(name, members)  # type: ignore[misc]  # mypy wants the members as literals
    return strawberry.enum(made, description=description, graphql_name_from="value")


def values_of(choices: type[enum.Enum]) -> list[Any]:
    return [choice.value for choice in choices]


def spells_names(choices: type[enum.Enum]) -> bool:
    """Whether every value can be written as a member of a GraphQL enum."""
    return all(isinstance(value, str) and is_name(value) and value not in _LITERALS for value in values_of(choices))


Status = value_enum(values_of(models.Status), "ExecutionStatus", "Where an execution, or one of its jobs, stands.")
TriggeredStatus = value_enum(
    [*values_of(models.Status), PLANNED],
    "TriggeredStatus",
    "Where an execution stands; `planned` when a dry run would have started it.",
)
WorkflowType = value_enum(values_of(models.WorkflowType), "WorkflowType", "What a workflow listens to.")
RerunVersion = value_enum(
    values_of(Version), "RerunVersion", "By which version of its workflow an execution is run again."
)
SkipReasonEnum = value_enum(values_of(SkipReason), "SkipReason", "Why a workflow that was named did not run.")


@dataclass(slots=True)
class Enums:
    """The enums of one schema, one per Python class, whatever number of columns use it."""

    names: TypeNames
    made: dict[type[enum.Enum], Any] = field(
        default_factory=lambda: {models.Status: Status, models.WorkflowType: WorkflowType}
    )

    def of(self, collection: Collection, column: Field) -> Any | None:
        """The enum of a column, None when it has none or when its values are not names."""
        choices = column.choices
        if choices is None or not spells_names(choices):
            return None
        if choices not in self.made:
            longer = f"{collection.type_name}{column.name[:1].upper()}{column.name[1:]}"
            owner = f"{choices.__module__}.{choices.__qualname__}"
            name = self.names.claim_first((choices.__name__, longer), owner)
            doc = choices.__doc__ if choices.__doc__ != enum.Enum.__doc__ else None
            self.made[choices] = value_enum(values_of(choices), name, doc.strip().splitlines()[0] if doc else None)
        return self.made[choices]
