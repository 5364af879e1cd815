"""The REST door: a request → the operation it means → JSON."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.body import read_body, read_values
from api.failures import respond_to_failure
from api.operations import Asked, Operation, Resolve
from api.params import parse_params
from api.routes import Routes, Target, parse_path
from api.terms import apply, read_terms
from engine.actions import PLAIN, Actor, Owner
from engine.data.collections import Collections
from engine.errors import Code, Complaint, Refusal, refuse
from schema import audit
from schema.context import Context
from schema.permissions import Verb, may, signed_in
from schema.resolvers import resolve as real_resolve

AUTH = "auth"
BODY_LIMIT = 2**20
PAGE_LIMIT = 200


def rest_routes(
    collections: Collections,
    *,
    body_limit: int = BODY_LIMIT,
    page_limit: int = PAGE_LIMIT,
    resolve: Resolve = real_resolve,
) -> list[Route]:
    """The routes of the REST door: one for everything below `/api/`, since Starlette looks at each in turn."""
    door = RestDoor(Routes(collections), body_limit, page_limit, resolve)
    return [Route("/api/{path:path}", door), Route("/api", door)]


class RestDoor:
    """Answers every request below `/api/`, by whatever method; it finds the `Context` that authentication left."""

    def __init__(self, routes: Routes, body_limit: int, page_limit: int, resolve: Resolve) -> None:
        self._routes = routes
        self._body_limit = body_limit
        self._page_limit = page_limit
        self._resolve = resolve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        context: Context = request.state.context
        try:
            response = await self._answer(request, context)
        except Exception as error:
            if isinstance(error, Refusal):
                audit.refused(context, f"{request.method} {scope['path']}", error.code)
            response = respond_to_failure(error, context.request_id)
        await response(scope, receive, send)

    async def _answer(self, request: Request, context: Context) -> Response:
        target, operation = self._find(request, context)
        request.state.operation = operation.name
        query = request.scope["query_string"]
        params = parse_params(query, operation.name, operation.parameters, self._page_limit, target.key)
        values, complaints = await self._read_body(request, operation)
        terms = PLAIN
        if operation.writes:
            said = [request.scope["path"], query.decode("latin-1"), values]
            terms = read_terms(request.headers, context, operation.name, said)
        asked = Asked(
            context=replace(context, terms=terms),
            collection=self._routes.collection(target),
            params=replace(params, complaints=(*params.complaints, *complaints)),
            values=values,
            resolve=self._resolve,
            owner=Owner(*target.owner, target.resource) if target.owner else None,
        )
        response = Response(msgspec.json.encode(await operation.run(asked)), media_type="application/json")
        apply(terms, response.headers)
        return response

    def _find(self, request: Request, context: Context) -> tuple[Target, Operation]:
        """The operation asked for. Who is nobody is told so, before what there is and what there is not.

        A relation that is hidden from the role is no path, whatever else is wrong with the request.
        """
        target = parse_path(_below(request.scope))
        offered = self._routes.offered(target) if target else {}
        if not _is_open(target, offered):
            offered = self._routes.known(offered, target, signed_in(context.actor))
        if target is None or not offered:
            raise refuse(Code.NOT_FOUND, self._routes.absence(target, partial(_sees, context.actor)))
        operation = offered.get("GET" if request.method == "HEAD" else request.method)
        if operation is None:
            allow = [*offered, *(["HEAD"] if "GET" in offered else [])]
            raise refuse(Code.METHOD_NOT_ALLOWED, f"{request.method} is not taken here.", allow=sorted(allow))
        return target, operation

    async def _read_body(self, request: Request, operation: Operation) -> tuple[Any, list[Complaint]]:
        """The values in the body; where none belong, a body that says something is complained of, not ignored."""
        if operation.takes_body:
            return await read_values(request, self._body_limit), []
        if (await read_body(request, self._body_limit)).strip() in (b"", b"{}"):
            return {}, []
        message = f"{operation.name} takes no body: its parameters are in the query."
        return {}, [Complaint(Code.BAD_VALUE, message)]


def _is_open(target: Target | None, offered: Mapping[str, Operation]) -> bool:
    """Whether nobody may ask. Those without an account look for a way to get one, and are told that there is none."""
    if target and target.resource == AUTH and not offered:
        return True
    return any(operation.open for operation in offered.values())


def _below(scope: Scope) -> str:
    """The path behind `/api/` as it was sent; empty when it is spelt so that there is none."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    prefix = f"{scope.get('root_path', '')}/api/"
    path = raw.decode("latin-1")
    return path.removeprefix(prefix) if path.startswith(prefix) else ""


def _sees(actor: Actor | None, name: str) -> bool:
    return actor is not None and may(actor, name, Verb.READ)
