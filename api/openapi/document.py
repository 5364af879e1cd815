"""The description of the REST door in OpenAPI 3.1, made from the table of its operations."""

from collections.abc import Callable, Sequence

from api.openapi.operations import Operations, path_of
from api.openapi.parameters import Parameters
from api.routes import Routes
from api.shapes.components import Components, Schema
from api.version import VERSION
from engine.data.collections import Collections
from schema.permissions import API_KEYS

ABOUT = """\
Records of collections, and the workflows that follow their writes: name them in `triggerWorkflows`.

- What reads by GET may also be asked by POST, with an empty body.
- A body is JSON, or a form. The whole body is the record's values.
- A filter is JSON, or nested: `filter[title][$includes]=x`.
- Whatever is wrong with a request is told together, and then nothing was done.
"""

# What a request has caused is told in executions.
_TOLD_IN = {"requests": "executions"}


def describe(
    routes: Routes,
    collections: Collections,
    sees: Callable[[str], bool] = lambda _: True,
    roles: Sequence[str] = (),
) -> Schema:
    """The document, as far as its reader, who has these `roles`, `sees` the collections.

    In it is every path and method that the door takes, except for reads by POST.
    """
    components = Components(collections, sees)
    parameters = Parameters(components, roles)
    operations = Operations(parameters)
    paths: dict[str, Schema] = {}
    for target, offered in routes.paths():
        resource = routes.collection(target)
        about = (_TOLD_IN.get(resource, resource), *(target.owner or ())[:1])
        if all(name not in (*collections, API_KEYS) or sees(name) for name in about):
            paths[path_of(target)] = {
                method.lower(): operations.describe(target, resource, method, operation)
                for method, operation in offered.items()
                if method == "GET" or "GET" not in operation.methods
            }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bangpath", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"token": []}],
        "tags": _tags(paths, collections),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "What auth:signIn answers."},
                "token": {"type": "apiKey", "in": "query", "name": "token", "description": "The same, in the query."},
            },
            "parameters": parameters.named,
            "responses": operations.responses,
            "schemas": components.schemas,
        },
    }


def _tags(paths: dict[str, Schema], collections: Collections) -> list[Schema]:
    named = dict.fromkeys(
        tag for methods in paths.values() for operation in methods.values() for tag in operation["tags"]
    )
    return [{"name": name, **_about(name, collections)} for name in named]


def _about(name: str, collections: Collections) -> Schema:
    text = collections[name].description if name in collections else None
    return {"description": text} if text else {}
