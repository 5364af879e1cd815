"""The actions on what the service itself has, by resource, each behind its grant."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec.structs import replace

from api.answers import Body
from api.identity_operations import AUTH, OF_KEYS, OF_ROLES, OF_USERS
from api.operations import Asked, Operation, Operations
from api.own_operations import asks
from api.shapes import system
from api.workflow_operations import EXECUTIONS, OF_EXECUTIONS, OF_REQUESTS, OF_WORKFLOWS
from engine.errors import Code, refuse
from schema.needs import of_route
from schema.permissions import require
from schema.resolvers import collections


def _gated(name: str, operation: Operation) -> Operation:
    """The operation, which tells who lacks its grant so before what is wrong with how they ask."""
    need = of_route(name)
    if need is None:
        return operation

    async def run(asked: Asked) -> Body:
        if "filterByTk" in operation.parameters:
            _refuse_boundless(asked)
        require(asked.context.actor, *need)
        return await operation.run(asked)

    return replace(operation, run=run)


def _refuse_boundless(asked: Asked) -> None:
    if not asked.params.keys and not asked.params.filter:
        raise refuse(Code.FILTER_REQUIRED, f"Say which of the {asked.collection}: give its key.", "filterByTk")


_OPERATIONS: Mapping[str, Operations] = MappingProxyType(
    {
        "auth": AUTH,
        "requests": OF_REQUESTS,
        "apiKeys": OF_KEYS,
        "collections": {"list": asks(collections.describe, "What is served", system.described)},
        "roles": OF_ROLES,
        "users": OF_USERS,
        "workflows": OF_WORKFLOWS,
        EXECUTIONS: OF_EXECUTIONS,
    }
)

SYSTEM: Mapping[str, Operations] = MappingProxyType(
    {
        resource: {action: _gated(f"{resource}:{action}", each) for action, each in operations.items()}
        for resource, operations in _OPERATIONS.items()
    }
)
"""By resource and action, beside the ordinary reads."""
