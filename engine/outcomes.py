"""What an action answers, as values both doors render."""

from enum import StrEnum
from typing import Any, TypeAlias

from msgspec import Struct

Record: TypeAlias = dict[str, Any]
"""A record as it leaves: names on the wire, JSON values, never a secret column."""


PLANNED = "planned"
"""The status of an execution that a dry run would have started."""


class SkipReason(StrEnum):
    """Why a workflow that the caller named did not run."""

    NULL_TARGET = "NULL_TARGET"
    CONDITION_NOT_MET = "CONDITION_NOT_MET"
    NOT_CHANGED = "NOT_CHANGED"
    TRIGGER_UNKNOWN = "TRIGGER_UNKNOWN"
    TRIGGER_DISABLED = "TRIGGER_DISABLED"
    TRIGGER_KIND_MISMATCH = "TRIGGER_KIND_MISMATCH"
    TRIGGER_COLLECTION_MISMATCH = "TRIGGER_COLLECTION_MISMATCH"


class TriggeredWorkflow(Struct, frozen=True):
    """One execution that a write started. An async one is `queued`; one of a dry run is `planned` and has no id."""

    key: str
    association: str | None
    sync: bool
    execution_id: int | None
    status: str
    output: Any = None
    messages: tuple[str, ...] = ()


class SkippedTrigger(Struct, frozen=True):
    """A trigger that the caller named and that did not run."""

    key: str
    association: str | None
    reason: SkipReason


class Page(Struct, frozen=True):
    """Records in order, and of how many they are the part."""

    records: list[Record]
    count: int
    page: int
    page_size: int

    @property
    def total_page(self) -> int:
        return -(-self.count // self.page_size)


class Written(Struct, frozen=True):
    """What a write did. `records` are empty for a destroy, whose `count` counts."""

    records: list[Record]
    count: int
    workflows: tuple[TriggeredWorkflow, ...] = ()
    skipped: tuple[SkippedTrigger, ...] = ()

    @property
    def messages(self) -> tuple[str, ...]:
        return tuple(message for workflow in self.workflows for message in workflow.messages)
