"""The kinds of node, in the order they are documented."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from engine.workflow.nodes.base import Node
from engine.workflow.nodes.break_ import Break
from engine.workflow.nodes.condition import Condition
from engine.workflow.nodes.continue_ import Continue
from engine.workflow.nodes.create import Create
from engine.workflow.nodes.delay import Delay
from engine.workflow.nodes.end import End
from engine.workflow.nodes.loop import Loop
from engine.workflow.nodes.query import Query
from engine.workflow.nodes.request import Request
from engine.workflow.nodes.response_message import ResponseMessage
from engine.workflow.nodes.update import Update

NODES: tuple[type[Node[Any]], ...] = (
    Condition,
    Loop,
    Break,
    Continue,
    Query,
    Create,
    Update,
    Request,
    Delay,
    ResponseMessage,
    End,
)

NODES_BY_KIND: Mapping[str, type[Node[Any]]] = MappingProxyType({node.kind: node for node in NODES})
