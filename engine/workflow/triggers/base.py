"""What a kind of trigger is: how its config is read when a workflow is saved."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from engine.data.collections import Collections
from engine.system.models import WorkflowType
from engine.workflow.complaints import Complaints

Config = TypeVar("Config")


class Trigger(ABC, Generic[Config]):
    """A kind of trigger. `kind` is the `type` of its workflows; only those that somebody's write or call starts may be
    `for_callers`, acting with the rights of whoever that was."""

    kind: ClassVar[WorkflowType]
    may_be_sync: ClassVar[bool] = True
    for_callers: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def read(cls, given: Mapping[str, Any], collections: Collections, complaints: Complaints) -> Config | None:
        """The config of a document as a frozen value; None after complaints that leave nothing to go on with."""
