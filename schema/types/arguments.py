"""The arguments that mutations of records have in common, and the part of an action they become."""

from typing import Annotated, Any, TypeAlias

import strawberry
from strawberry import UNSET

from schema.types.outcomes import WorkflowTriggerInput, references

Triggers: TypeAlias = Annotated[
    list[WorkflowTriggerInput] | None,
    strawberry.argument(description="Workflows to run after the write, at most 20."),
]

Associations: TypeAlias = Annotated[
    list[str] | None,
    strawberry.argument(
        description="Relations, as paths with dots, whose records get the values given for them when they are only to "
        "be linked."
    ),
]

DryRun: TypeAlias = Annotated[
    bool | None, strawberry.argument(description="Do everything up to the commit, and undo it.")
]


def written(collection: str, triggers: Triggers, dry_run: DryRun, associations: Associations = UNSET) -> dict[str, Any]:
    """What every write has of these arguments, given, null or absent."""
    options = {"collection": collection, "workflows": references(triggers), "dry_run": dry_run is True}
    return {**options, "update_associations": tuple(associations)} if associations else options
