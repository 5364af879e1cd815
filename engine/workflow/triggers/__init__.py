"""The kinds of trigger, in the order they are documented."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from engine.system.models import WorkflowType
from engine.workflow.triggers.action import ActionTrigger
from engine.workflow.triggers.base import Trigger
from engine.workflow.triggers.collection import CollectionTrigger
from engine.workflow.triggers.execution import ExecutionTrigger

TRIGGERS: tuple[type[Trigger[Any]], ...] = (ActionTrigger, CollectionTrigger, ExecutionTrigger)

TRIGGERS_BY_KIND: Mapping[WorkflowType, type[Trigger[Any]]] = MappingProxyType(
    {trigger.kind: trigger for trigger in TRIGGERS}
)
