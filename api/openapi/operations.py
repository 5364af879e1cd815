"""An operation at one of its paths → what the document says of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

from api import params
from api.openapi.parameters import KEYS, Parameters
from api.operations import Operation
from api.routes import Target
from api.shapes.components import Components, Schema
from api.shapes.refusals import refusal

_JSON = "application/json"

OWNER, KEY = "owner", "key"
"""The places of keys in paths."""


@dataclass(frozen=True, slots=True)
class Operations:
    """Describes operations; what they refer to by name is collected, in `parameters` and `responses` too."""

    parameters: Parameters
    responses: dict[str, Schema] = field(default_factory=dict)

    @property
    def _components(self) -> Components:
        return self.parameters.components

    def describe(self, target: Target, resource: str, method: str, operation: Operation) -> Schema:
        """What the document says of an operation on a resource, at a path, by a method."""
        described: Schema = {
            "operationId": operation_id(target, method, operation),
            "tags": [target.owner[0] if target.owner else target.resource],
            "summary": operation.about,
            "parameters": self._parameters(target, resource, method, operation),
        }
        if operation.body:
            body = operation.body(self._components, resource)
            # What links records takes their keys from the query as well.
            required = operation.parameters != params.LINK
            described["requestBody"] = {"required": required, "content": {_JSON: {"schema": body}}}
        described["responses"] = self._responses(resource, method, operation)
        return {**described, "security": []} if operation.open else described

    def _parameters(self, target: Target, resource: str, method: str, operation: Operation) -> list[Schema]:
        in_path = [self.parameters.key(OWNER, target.owner[0])] if target.owner else []
        if target.key:
            in_path.append(self.parameters.key(KEY, resource))
        names = [name for name in operation.parameters if name != KEYS or not target.key]
        # A get is of one record, and so is what can be done with what the service itself has.
        several = method != "GET" and ("filter" in names or operation.parameters == params.LINK)
        in_query = self.parameters.of(resource, names, several=several)
        return [*in_path, *in_query, *self.parameters.headers(names, writes=method != "GET")]

    def _responses(self, resource: str, method: str, operation: Operation) -> Schema:
        answer = operation.answer(self._components, resource)
        done = {"description": operation.about, "headers": _HEADERS, "content": {_JSON: {"schema": answer}}}
        return {"200": done, **{str(status): self._refused(status) for status in sorted(statuses(method, operation))}}

    def _refused(self, status: int) -> Schema:
        phrase = HTTPStatus(status).phrase
        self.responses[str(status)] = {
            "description": phrase,
            "headers": _HEADERS,
            "content": {_JSON: {"schema": refusal(self._components, status)}},
        }
        return {"$ref": f"#/components/responses/{status}"}


def path_of(target: Target) -> str:
    """The path that names a target.

    >>> path_of(Target("jobs", "list", owner=("executions", "{owner}")))
    '/api/executions/{owner}/jobs:list'
    """
    owner = "/".join(target.owner) + "/" if target.owner else ""
    action = f":{target.action}" if target.action else ""
    return f"/api/{owner}{target.resource}{action}" + (f"/{target.key}" if target.key else "")


def operation_id(target: Target, method: str, operation: Operation) -> str:
    """A name that only this operation has, at this path, by this method.

    Programs make the names of functions from it. The spelling with a colon has the plain one.
    """
    name = operation.name.partition(":")[2]
    whose = f"{target.owner[0]}_{target.resource}" if target.owner else target.resource
    if target.action is None:
        return f"{whose}_{name}_via_{method.lower()}"
    return f"{whose}_{name}_by_key" if target.key else f"{whose}_{name}"


def statuses(method: str, operation: Operation) -> Iterator[int]:
    """With which statuses the operation can be refused."""
    yield from (400, 401, 403, 404, 500, 503)
    if method != "GET":
        yield from (409, 413, 415)
    if "triggerWorkflows" in operation.parameters:
        yield 422
    if operation.name.startswith("auth:"):
        yield 429


_HEADERS: Schema = {"X-Request-Id": {"schema": {"type": "string"}, "description": "The id of the request."}}
