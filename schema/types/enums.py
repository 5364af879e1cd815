"""Columns with choices → GraphQL enums, spelled as in REST."""

import enum
from dataclasses import dataclass, field
from typing import Any

import strawberry

from engine.data.collections import Collection, Field
from engine.outcomes import SkipReason
from engine.system import models
from schema.types.names import TypeNames, is_name

# GraphQL's own literals cannot be members of an enum.
_LITERALS = {"true", "false", "null"}


def value_enum(choices: type[enum.Enum], name: str, description: str | None = None) -> Any:
    """A GraphQL enum of the values. A copy: Strawberry writes into the class it is given, which may be the engine's."""
    # Members are numbered, since Python forbids names such as `mro` that are fine as values.
    members = [(f"value{index}", choice.value) for index, choice in enumerate(choices)]
    copied = enum.Enum(name, members)  # type: ignore[misc]  # mypy wants the members as literals
    return strawberry.enum(copied, description=description, graphql_name_from="value")


def spells_names(choices: type[enum.Enum]) -> bool:
    """Whether every value can be written as a member of a GraphQL enum."""
    values = [choice.value for choice in choices]
    return all(isinstance(value, str) and is_name(value) and value not in _LITERALS for value in values)


Status = value_enum(models.Status, "ExecutionStatus", "Where an execution, or one of its jobs, stands.")
WorkflowType = value_enum(models.WorkflowType, "WorkflowType", "What a workflow listens to.")
SkipReasonEnum = value_enum(SkipReason, "SkipReason", "Why a workflow that was named did not run.")


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
            self.made[choices] = value_enum(choices, name, doc.strip().splitlines()[0] if doc else None)
        return self.made[choices]
