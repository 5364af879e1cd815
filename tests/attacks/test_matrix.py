"""Every route and field × every role of the sample equals what is declared (B14), counted from the registries.

What is asked could not change anything: keys are of no record, values of no field, and what could be written anyway is
a dry run. So whatever is not a refusal of the gate says that the gate was open.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull, is_leaf_type
from starlette.routing import Route, WebSocketRoute

from api.operations import Operation
from api.routes import Routes
from engine.system.models import Role
from schema.build import build_schema
from schema.needs import needs
from schema.types.names import root_names
from tests.api.sockets import open_socket, serve
from tests.attacks.declared import SYSTEM, filterable, names, readable, rule_of_route, rules_of_fields, verdict
from tests.attacks.world import USERS, World, told
from tests.other_service import LOOPBACK

ROLES = (*USERS, "anonymous")
REFUSED = ("EMPTY_TOKEN", "NO_PERMISSION")
ENDING = ("signOut", "refreshToken", "auth:signOut", "auth:refresh")
"""What ends the token that asks."""

PAGES = {
    *("/", "/health/live", "/health/ready", "/static/{name:path}", "/docs", "/openapi.json", "/metrics"),
    *("/graphql", "/api", "/api/{path:path}"),
}
"""Every path that is routed. What stands behind most of them is in tests/api/test_pages.py, the doors are here."""


@pytest.fixture
def changed() -> dict[str, Any]:
    """Nobody is refused for asking much."""
    return {"private_networks": (LOOPBACK,), "address_rate": 0, "user_rate": 0}


async def grants_of(role: str) -> Any:
    return None if role == "anonymous" else (await Role.get(name=role)).grants


async def token_of(world: World, role: str, asked: str) -> str | None:
    if role == "anonymous":
        return None
    return await world.service.issue_token(role, 1) if asked in ENDING else world.tokens[role]


# --- REST


def requests(routes: Routes) -> Iterator[tuple[str, str, str, Any]]:
    """Every operation at each of its paths: its name, the method, the path, and a body that means nothing."""
    for target, offered in routes.paths():
        for method, operation in offered.items():
            owner = f"{target.owner[0]}/x/" if target.owner else ""
            action = f":{target.action}" if target.action else ""
            path = f"{owner}{target.resource}{action}{'/x' if target.key else ''}"
            keyed = operation.writes or operation.name in SYSTEM
            if "filterByTk" in operation.parameters and not target.key and keyed:
                path += "?filterByTk=x"
            yield operation.name, method, path, _body(operation)


def _body(operation: Operation) -> Any:
    """A member that nothing has."""
    return {"zzz": 1} if operation.takes_body else None


@pytest.mark.parametrize("wrong", [None, "zzz=1"], ids=["", "with a parameter that there is none of"])
@pytest.mark.parametrize("role", ROLES)
async def test_rest_is_as_it_is_declared(world, nothing_happened, role, wrong):
    """Who may not is told so, and not what is wrong with their values and parameters."""
    collections, grants = world.service.engine.collections, await grants_of(role)
    asked = list(requests(Routes(collections)))
    expected, found = {}, {}
    async with nothing_happened():
        for name, method, path, body in asked:
            if name in ENDING:
                continue
            rule = rule_of_route(name, collections)
            assert rule is not None, f"{name} has no declared rule"
            expected[method, path] = verdict(rule, grants, collections)
            token = await token_of(world, role, name)
            asked_for = path if wrong is None else f"{path}{'&' if '?' in path else '?'}{wrong}"
            answer = await world.send(method, asked_for, token, **({} if body is None else {"json": body}))
            found[method, path] = _seen(answer, expected[method, path])

    assert expected == found
    assert len(asked) > 400


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", ["signOut", "refresh"])
async def test_what_ends_a_token_takes_one(world, role, action):
    answer = await world.send("POST", f"auth:{action}", await token_of(world, role, f"auth:{action}"))

    assert (401 if role == "anonymous" else 200) == answer.status_code


def _seen(answer: Any, expected: str) -> str:
    """What an answer says of the gate. Hidden and missing are told alike, so a 404 is what was expected of it."""
    codes = set(told(answer).codes)
    assert answer.status_code < 500, answer.text
    if refused := codes.intersection(REFUSED):
        return refused.pop()
    return "NOT_FOUND" if expected == "NOT_FOUND" and codes == {"NOT_FOUND"} else "granted"


async def test_a_route_without_a_declared_rule_would_be_found(world):
    """What would fail the build: the name of an operation that nobody has declared."""
    collections = world.service.engine.collections

    assert None is rule_of_route("posts:publish", collections)
    assert None is rule_of_route("posts.tags:publish", collections)
    assert None is rule_of_route("auth:impersonate", collections)
    assert None is rule_of_route("secrets:list", collections)


async def test_there_are_no_routes_but_those(world):
    app = world.service.asgi
    while not hasattr(app, "routes"):
        app = app.app if hasattr(app, "app") else app._app

    assert all(isinstance(route, Route | WebSocketRoute) for route in app.routes)
    assert {route.path for route in app.routes} <= PAGES


# --- GraphQL


def roots(schema: Any) -> dict[str, Any]:
    """The fields of queries and mutations, each with the kind of its operation."""
    return {
        **{name: ("query", field) for name, field in schema.query_type.fields.items()},
        **{name: ("mutation", field) for name, field in schema.mutation_type.fields.items()},
    }


async def test_every_root_field_has_a_declared_rule(world):
    """One more of them fails here; the gate's own list of needs has the same ones, but for those that need nothing."""
    collections = world.service.engine.collections
    schema = build_schema(collections)._schema
    declared = dict(rules_of_fields(collections))
    there = {*roots(schema), *schema.subscription_type.fields}

    assert there == set(declared)
    assert {name: set(rule.needs) for name, rule in declared.items() if rule.needs and name != "signIn"} == {
        name: set(needed) for name, needed in needs(collections).items() if name in there
    }


def document(kind: str, name: str, field: Any) -> str:
    given = {
        argument: _given(each.type) for argument, each in field.args.items() if isinstance(each.type, GraphQLNonNull)
    }
    if "dryRun" in field.args:
        given["dryRun"] = "true"
    if "filter" in field.args:
        given["filter"] = "{id: {eq: 0}}"
    said = f"({', '.join(f'{argument}: {value}' for argument, value in given.items())})" if given else ""
    inner = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    selected = "" if is_leaf_type(inner) else " { __typename }"
    return f"{kind} {{ it: {name}{said}{selected} }}"


def _given(kind: Any) -> str:
    """A value of this type that means no record."""
    of = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(of, GraphQLList):
        return "[]"
    if isinstance(of, GraphQLInputObjectType):
        return "{}"
    if isinstance(of, GraphQLEnumType):
        return next(iter(of.values))
    return '"x"'


@pytest.mark.parametrize("role", ROLES)
async def test_graphql_is_as_it_is_declared(world, nothing_happened, role):
    """By documents that are valid, which resolvers decide, and by some that are not."""
    collections, grants = world.service.engine.collections, await grants_of(role)
    declared = dict(rules_of_fields(collections))
    fields = roots(build_schema(collections)._schema)
    expected, valid, refused, invalid = {}, {}, {}, {}
    async with nothing_happened():
        for name, (kind, field) in fields.items():
            if name in ENDING:
                continue
            expected[name] = verdict(declared[name], grants, collections)
            token = await token_of(world, role, name)
            answer = await world.ask(document(kind, name, field), token)
            valid[name] = _told(answer, expected[name])
            answer = await world.ask(f"{kind} {{ it: {name}(zzz: 1) {{ zzz }} }}", token)
            refused[name] = verdict(declared[name], grants, collections, links=False)
            invalid[name] = _told(answer, refused[name])

    assert expected == valid
    assert refused == invalid
    assert len(expected) > 80


def _told(answer: Any, expected: str) -> str:
    codes = set(told(answer).codes)
    assert "INTERNAL" not in codes, answer.text
    if refused := codes.intersection(REFUSED):
        return refused.pop()
    return "NOT_FOUND" if expected == "NOT_FOUND" and codes == {"GRAPHQL_INVALID"} else "granted"


@pytest.mark.parametrize("field", ["executionChanged(id: 0)", 'workflowExecutions(key: "wfPost")'])
@pytest.mark.parametrize("role", USERS)
async def test_subscriptions_are_as_they_are_declared(world, role, field):
    grants = await grants_of(role)
    declared = dict(rules_of_fields(world.service.engine.collections))
    expected = verdict(declared[field.partition("(")[0]], grants, world.service.engine.collections)

    async with serve(world.service.asgi) as url, open_socket(url) as peer:
        await peer.begin(world.tokens[role])
        await peer.subscribe("a", f"subscription {{ it: {field} {{ id }} }}")
        first = asyncio.create_task(peer.receive())
        while not first.done():
            await world.send("POST", "posts:create?triggerWorkflows=wfPost", world.tokens["root"], json={"title": "x"})
            await asyncio.wait([first], timeout=0.1)

    assert (expected == "NO_PERMISSION") == ("NO_PERMISSION" in json.dumps(first.result()))


async def test_nobody_subscribes_without_a_token(world):
    async with serve(world.service.asgi) as url, open_socket(url) as peer:
        await peer.send(type="connection_init", payload={})

        assert (4401, "EMPTY_TOKEN") == await peer.closed()


# --- columns and relations


@pytest.mark.parametrize("role", USERS)
async def test_every_column_and_relation_is_read_as_declared(world, role):
    collections, grants = world.service.engine.collections, await grants_of(role)
    expected, rest, graphql, findable, filters = {}, {}, {}, {}, {}
    for collection in collections.values():
        known = [*(field.name for field in collection.fields.values()), *collection.relations]
        seen = readable(grants, collection)
        denied = verdict(rule_of_route(f"{collection.name}:list", collections), grants, collections) != "granted"
        for name in known:
            expected[collection.name, name] = "NO_PERMISSION" if denied else "read" if name in seen else "unknown"
            parameter = "appends" if name in collection.relations else "fields"
            token = world.tokens[role]
            answer = await world.send("GET", f"{collection.name}:list?{parameter}={name}&pageSize=1", token)
            rest[collection.name, name] = _reading(answer, expected[collection.name, name])
            inner = f"{name} {{ __typename }}" if name in collection.relations else name
            plural = root_names(collection).plural
            answer = await world.ask(f"{{ {plural}(pageSize: 1) {{ items {{ {inner} }} }} }}", token)
            graphql[collection.name, name] = _reading(answer, expected[collection.name, name])
            condition = json.dumps({f"{name}.$exists" if name in collection.relations else name: True})
            answer = await world.send("GET", f"{collection.name}:count?filter={condition}", token)
            filters[collection.name, name] = _reading(answer, expected[collection.name, name])
            findable[collection.name, name] = (
                "unknown"
                if name in seen - filterable(grants, collection, collections) and not denied
                else expected[collection.name, name]
            )

    assert expected == rest
    assert expected == graphql
    assert findable == filters


def _reading(answer: Any, expected: str) -> str:
    """What an answer says of a column. A secret one is unknown to everybody; a relation needs a grant of its target."""
    codes = {*told(answer).codes}
    assert not codes & {"INTERNAL"}, answer.text
    if codes & {"UNKNOWN_FIELD", "GRAPHQL_INVALID"}:
        return "unknown"
    if "NO_PERMISSION" in codes:
        # Of what is read, a relation whose other end is closed; which ends are, the routes above hold.
        return "read" if expected == "read" else "NO_PERMISSION"
    return "read"


@pytest.mark.parametrize("verb", ["create", "update"])
@pytest.mark.parametrize("role", USERS)
async def test_every_column_is_written_as_declared(world, nothing_happened, role, verb):
    """A column that is hidden is unknown, one that may only be read cannot be written, and any other is tried out."""
    collections, grants = world.service.engine.collections, await grants_of(role)
    expected, rest, graphql = {}, {}, {}
    async with nothing_happened():
        for collection in [each for each in collections.values() if not each.system]:
            path = f"{collection.name}:{verb}?dryRun=true{'' if verb == 'create' else '&filterByTk=1'}"
            which = "" if verb == "create" else 'id: "1", '
            field = f"{verb}{root_names(collection).one}"
            for name in [field.name for field in collection.fields.values()]:
                place = (collection.name, name)
                expected[place] = _writing(grants, collection, name, verb)
                answer = await world.send("POST", path, world.tokens[role], json={name: None})
                rest[place] = _written(answer.json().get("errors", []), name)
                asked = f"mutation {{ it: {field}({which}dryRun: true, values: {{ {name}: null }}) {{ __typename }} }}"
                answer = await world.ask(asked, world.tokens[role])
                errors = [error.get("extensions", error) for error in answer.json().get("errors", [])]
                graphql[place] = _written(errors, name)

    assert expected == rest
    # What nobody may write is in no input at all, so GraphQL knows it as little as what is hidden.
    assert {place: told if told != "read only" else "unknown" for place, told in expected.items()} == {
        place: told if told != "read only" else "unknown" for place, told in graphql.items()
    }


def _writing(grants: Any, collection: Any, name: str, verb: str) -> str:
    if grants is None or not names(grants, collection, verb):
        return "NO_PERMISSION"
    writable = name in names(grants, collection, verb) and collection.fields[name].writable
    if writable and not collection.fields[name].secret:
        return "written"
    return "read only" if name in readable(grants, collection) | names(grants, collection, verb) else "unknown"


def _written(errors: list[dict[str, Any]], name: str) -> str:
    codes = {error["code"] for error in errors if error.get("path", [name])[-1:] == [name] or "path" not in error}
    assert not codes & {"INTERNAL"}, errors
    if "NO_PERMISSION" in {error["code"] for error in errors}:
        return "NO_PERMISSION"
    if codes & {"UNKNOWN_FIELD", "GRAPHQL_INVALID"}:
        return "unknown"
    return "read only" if "FIELD_NOT_WRITABLE" in codes else "written"
