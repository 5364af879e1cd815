"""The GraphQL door: HTTP → document and variables → Strawberry → JSON, and GraphiQL for browsers.

A handler of our own around `schema.execute`: Strawberry's view answers plain text, reads bodies of any length and knows
neither our codes nor 405 and 415; what would be left of it after overriding that is this call.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import strawberry
from msgspec.structs import replace
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from api.body import parse_json, read_body
from api.error_body import respond
from api.terms import apply, read_terms
from engine.errors import Code, Refusal, StartError, refuse
from schema import audit, loaders
from schema.context import Context
from schema.extensions import signs_in
from schema.shaped import seen_by

PATH = "/graphql"
BODY_LIMIT = 2**20
SECONDS = 10.0
MOST_VALUES = 50_000
"""Values that variables may hold: graphql-core takes each of them apart before anything of ours looks at it."""
PAGE = Path(__file__).parent / "static" / "graphiql" / "index.html"
PAGE_HEADERS = {
    # The pictures and fonts are inside of GraphiQL's style sheet. The hash is of the one style element that it makes,
    # which holds the page still behind a dialog.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; "
        "style-src 'self' 'sha256-Y/huXlwoYkVyQlxwSVcCi1RCDGDCSVBzDt0hYP9qlTc='; img-src 'self' data:; "
        "font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}

_READS = {OperationType.QUERY}
_ALL = {OperationType.QUERY, OperationType.MUTATION}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client wants to be run."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


def graphql_route(
    schema: strawberry.Schema, *, seconds: float = SECONDS, body_limit: int = BODY_LIMIT, graphiql: bool = True
) -> Route:
    """The one route of the GraphQL door; a mount would redirect `/graphql` to `/graphql/`."""
    return Route(PATH, GraphQLDoor(schema, seconds, body_limit, _page() if graphiql else None))


class GraphQLDoor:
    """Answers every request to `/graphql`. `seconds` bounds queries; a write is never cut off."""

    def __init__(self, schema: strawberry.Schema, seconds: float, body_limit: int, page: str | None) -> None:
        self._schema = schema
        self._seconds = seconds
        self._body_limit = body_limit
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refusal as refusal:
            audit.refused(request.state.context, f"{request.method} {PATH}", refusal.code)
            response = respond(refusal)
            if refusal.code is Code.METHOD_NOT_ALLOWED:
                response.headers["Allow"] = "GET, POST"
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        refused: Refusal | None = getattr(request.state, "refused", None)
        if refused:
            return await self._sign_in_alone(request, refused)
        match request.method:
            case "GET" | "HEAD" if "query" not in request.query_params and _is_browser(request):
                return self._graphiql()
            case "GET" | "HEAD":
                return await self._run(request, _from_query(request.query_params), _READS)
            case "POST":
                return await self._run(request, await self._from_body(request), _ALL)
        raise refuse(Code.METHOD_NOT_ALLOWED, "GraphQL takes GET and POST.")

    async def _sign_in_alone(self, request: Request, refused: Refusal) -> Response:
        """The answer to who shows a token that is not good: it may be the one that has ended, so they may sign in."""
        try:
            asked = await self._from_body(request)
        except Refusal:
            raise refused from None
        if not signs_in(asked.query):
            raise refused
        return await self._run(request, asked, _ALL)

    def _graphiql(self) -> Response:
        if self._page is None:
            raise refuse(Code.NOT_FOUND, "GraphiQL is switched off here.")
        return HTMLResponse(self._page, headers=PAGE_HEADERS)

    async def _from_body(self, request: Request) -> Asked:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        # Nothing a form or a script without leave of CORS can send.
        if media_type != "application/json" and not (
            media_type.startswith("application/") and media_type.endswith("+json")
        ):
            raise refuse(Code.UNSUPPORTED_MEDIA_TYPE, "GraphQL takes application/json.")
        body = parse_json(await read_body(request, self._body_limit))
        if isinstance(body, list):
            raise _invalid("Several operations in one request are not taken: send them one by one.")
        if not isinstance(body, dict):
            raise _invalid('The body is an object: {"query": "…", "variables": {…}, "operationName": "…"}.')
        return asked(body)

    async def _run(self, request: Request, asked: Asked, allowed: set[OperationType]) -> Response:
        try:
            async with asyncio.timeout(self._seconds) as time:
                context = loaders.Request(self._context(request, asked), unhurry=lambda: time.reschedule(None))
                result = await seen_by(self._schema, context.context).execute(
                    asked.query,
                    variable_values=asked.variables,
                    context_value=context,
                    operation_name=asked.operation_name,
                    allowed_operation_types=allowed,
                )
        except TimeoutError:
            message = f"The query took longer than {self._seconds:g} s: ask for less."
            raise refuse(Code.UNAVAILABLE, message) from None
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.MUTATION:
                raise refuse(Code.METHOD_NOT_ALLOWED, "A mutation takes POST.") from None
            raise _invalid("Subscriptions come over a WebSocket, at this path too.") from None
        except CannotGetOperationTypeError as error:
            raise _invalid(error.as_http_error_reason()) from None
        except MissingQueryError:
            raise _invalid("'query' is empty.") from None
        response = _response(request, result)
        if context.writes:
            apply(context.context.terms, response.headers)
        return response

    def _context(self, request: Request, asked: Asked) -> Context:
        context: Context = request.state.context
        said = [asked.query, asked.variables, asked.operation_name]
        return replace(context, terms=read_terms(request.headers, context, PATH, said))


def asked(members: Mapping[str, Any]) -> Asked:
    """What these members of a request ask for; raises `GRAPHQL_INVALID` for those of a wrong type."""
    query, variables, name = (members.get(member) for member in ("query", "variables", "operationName"))
    if not isinstance(query, str):
        raise _invalid("'query' is required: the text of a GraphQL document.")
    if variables is not None and not isinstance(variables, dict):
        raise _invalid("'variables' is an object.")
    if variables is not None and _counts_beyond(variables, MOST_VALUES):
        raise _invalid(f"The variables hold more than {MOST_VALUES} values: send less at a time.")
    if name is not None and not isinstance(name, str):
        raise _invalid("'operationName' is a string.")
    return Asked(query, variables, name or None)


def _counts_beyond(value: Any, most: int) -> bool:
    """Whether there are more values in a JSON value than this. Not by recursion, nor further than needed."""
    waiting = [value]
    for count, each in enumerate(waiting):
        if count >= most:
            return True
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return False


def _from_query(parameters: QueryParams) -> Asked:
    if twice := [name for name, count in Counter(name for name, _ in parameters.multi_items()).items() if count > 1]:
        raise _invalid(f"The parameter '{twice[0]}' is given twice.")
    variables = parameters.get("variables")
    return asked({**parameters, "variables": parse_json(variables.encode()) if variables else None})


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _response(request: Request, result: ExecutionResult) -> Response:
    errors = [formatted(error) for error in result.errors or ()]
    began = result.data is not None or any("path" in error for error in errors)
    body: dict[str, Any] = {"data": result.data} if began else {}
    if errors:
        body["errors"] = errors if began else [_told_before(error) for error in errors]
    failed = any(error["extensions"]["code"] == Code.INTERNAL for error in errors)
    status = 200 if began else 500 if failed else 400
    accepted = request.headers.get("accept", "")
    media_type = "application/graphql-response+json" if "application/graphql-response+json" in accepted else None
    return Response(encode(body), status, media_type=media_type or "application/json")


def formatted(error: Any) -> dict[str, Any]:
    """An error as a caller is told it."""
    told: dict[str, Any] = dict(error.formatted)
    if "code" not in told.get("extensions", {}):
        # Raised outside of everything that shows errors: nobody foresaw it, so nothing of it is told.
        return {"message": "Internal error", "extensions": {"code": Code.INTERNAL}}
    return told


def _told_before(error: dict[str, Any]) -> dict[str, Any]:
    """An error before anything ran, in REST's form as well as in GraphQL's."""
    return {**error, "code": error["extensions"]["code"]}


def encode(body: dict[str, Any]) -> bytes:
    """The JSON of an answer."""
    try:
        return orjson.dumps(body)
    except TypeError:
        # JSON columns may hold integers beyond 64 bits, which orjson does not write.
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _invalid(message: str) -> Refusal:
    return refuse(Code.GRAPHQL_INVALID, message)


def _page() -> str:
    try:
        return PAGE.read_text("utf-8")
    except FileNotFoundError:
        raise StartError(f"GraphiQL's page is missing at {PAGE}: install the package again.") from None
