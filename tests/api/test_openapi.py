"""The description of the REST door: valid, whole, and only as much of it as the reader's role sees (attack J09)."""

from collections.abc import AsyncIterator, Collection
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from api.openapi.document import describe
from api.openapi.operations import path_of
from api.routes import Routes, Target, parse_path
from api.settings import SAMPLE
from engine.data.collections import Collections
from tests.conftest import SHOP
from tests.doors.conftest import give_role
from tests.schema.graphql.conftest import collections_of


@pytest.fixture
def models() -> str:
    """The module of models that is described; to be overridden."""
    return SAMPLE[0]


@pytest.fixture
async def collections(models: str) -> AsyncIterator[Collections]:
    async with collections_of(models) as found:
        yield found


@pytest.fixture
def document(collections: Collections) -> dict[str, Any]:
    return describe(Routes(collections), collections)


@pytest.fixture
def schemas(document: dict[str, Any]) -> dict[str, Any]:
    return document["components"]["schemas"]


either = pytest.mark.parametrize("models", [*SAMPLE, *SHOP])
of_the_shop = pytest.mark.parametrize("models", SHOP)


def offered(routes: Routes, path: str) -> Collection[str]:
    """The methods that a path takes."""
    target = parse_path(path.removeprefix("/api/"))
    assert target
    return routes.offered(target)


@either
def test_the_description_is_valid(document):
    validate(document)

    assert "3.1.0" == document["openapi"]


@either
def test_what_is_described_is_offered(collections, document):
    routes = Routes(collections)
    described = [(path, method) for path, methods in document["paths"].items() for method in methods]

    assert [] == [(path, method) for path, method in described if method.upper() not in offered(routes, path)]


@either
def test_what_is_offered_is_described(collections, document):
    """Every action of the table is found under its spelling with a colon, and reads by GET alone."""
    table = {
        (path_of(target), operation.methods[0].lower())
        for name, operations in Routes(collections)._offered.items()
        for action, operation in operations.items()
        for target in [
            Target(name, action) if isinstance(name, str) else Target(name[1], action, owner=(name[0], "{owner}"))
        ]
    }
    spelled = {path: methods for path, methods in document["paths"].items() if ":" in path and "{key}" not in path}

    assert table == {(path, method) for path, methods in spelled.items() for method in methods}


def test_the_plain_spellings_are_described(document):
    assert {"get", "post"} == document["paths"]["/api/posts"].keys()
    assert {"get", "put", "patch", "delete"} == document["paths"]["/api/posts/{key}"].keys()


@either
def test_every_operation_has_a_name_of_its_own(document):
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]

    assert len(names) == len({*names})


@either
def test_every_answer_and_body_is_described(document):
    """None of them may be anything."""
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    told = [
        content["application/json"]["schema"]
        for operation in operations
        for content in (
            operation["responses"]["200"]["content"],
            *([operation["requestBody"]["content"]] if "requestBody" in operation else []),
        )
    ]

    assert [] == [schema for schema in told if schema == {} or schema.get("properties", {}).get("data") == {}]


def test_a_new_record_needs_what_the_table_needs(schemas):
    assert ["title"] == schemas["Post.create"]["required"]
    assert {"id", "createdAt", "updatedAt"}.isdisjoint(schemas["Post.create"]["properties"])
    assert "required" not in schemas["Post.update"]


@of_the_shop
def test_a_key_of_another_record_or_the_record_is_needed(schemas):
    either = {"oneOf": [{"required": ["customerId"]}, {"required": ["customer"]}]}

    assert [either] == schemas["Order.create"]["allOf"]


@of_the_shop
@pytest.mark.parametrize(
    ("schema", "field", "described"),
    [
        ("Product.create", "sku", {"type": "string", "maxLength": 32, "description": "As printed on the box"}),
        ("Product.create", "price", {"type": "string", "pattern": r"^-?\d{1,8}(\.\d{1,2})?$", "examples": ["9.90"]}),
        ("Product.create", "weight", {"type": ["number", "null"], "format": "double"}),
        (
            "Order.create",
            "status",
            {"type": "string", "enum": ["open", "paid"], "description": "OPEN: open\nPAID: paid"},
        ),
        (
            "Product",
            "grade",
            {"type": ["integer", "null"], "enum": [1, 2, None], "description": "LOW: 1\nHIGH: 2"},
        ),
        ("Product", "launched", {"type": ["string", "null"], "format": "date"}),
        ("Product", "batch", {"type": ["string", "null"], "format": "uuid"}),
        ("Product", "picture", {"type": ["string", "null"], "contentEncoding": "base64"}),
        ("Product", "extras", {}),
        ("Parcel", "sentAt", {"type": ["string", "null"], "format": "date-time"}),
        ("Parcel", "insured", {"type": "boolean"}),
    ],
)
def test_columns_are_described(schemas, schema, field, described):
    assert described == schemas[schema]["properties"][field]


@either
def test_examples_fit_their_schemas(schemas):
    """Those of new records are what the page offers to begin with."""
    faults = [
        (name, fault.message)
        for name, schema in schemas.items()
        for example in schema.get("examples", [])
        for fault in Draft202012Validator({**schema, "components": {"schemas": schemas}}).iter_errors(example)
    ]

    assert [] == faults


@of_the_shop
def test_secret_columns_are_not_described(schemas):
    assert [] == [name for name, schema in schemas.items() if "supplierCode" in schema.get("properties", {})]


def test_a_refusal_has_the_codes_of_its_status(schemas):
    [first] = schemas["Refusal.403"]["properties"]["errors"]["allOf"][0]["prefixItems"]

    assert ["NO_PERMISSION", "TRIGGER_FORBIDDEN"] == first["allOf"][1]["properties"]["code"]["enum"]


def test_only_signing_in_needs_no_token(document):
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]

    assert ["auth_signIn"] == [operation["operationId"] for operation in operations if "security" in operation]


async def test_who_is_nobody_learns_nothing(client: httpx.AsyncClient) -> None:
    response = await client.get("/openapi.json")

    assert 401 == response.status_code
    assert ["EMPTY_TOKEN"] == [error["code"] for error in response.json()["errors"]]


async def test_what_a_role_may_not_read_is_left_out(client: httpx.AsyncClient, token: str) -> None:
    """Not only its own operations: nothing that leads there either."""
    await give_role("reader", {"posts": {"read": {}}})
    headers = {"Authorization": f"Bearer {token}", "X-Role": "reader"}
    document = (await client.get("/openapi.json", headers=headers)).json()

    assert {"posts", "auth", "collections"} == {tag["name"] for tag in document["tags"]}
    assert {"category", "author", "tags", "comments"}.isdisjoint(
        document["components"]["schemas"]["Post"]["properties"]
    )
    assert [] == [name for name in document["components"]["schemas"] if name.startswith(("Category", "User", "Tag"))]


@pytest.mark.parametrize(
    ("grants", "told"),
    [
        ({"read": {"fields": ["title"]}}, set()),
        ({"read": {"fields": ["title"]}, "create": {"fields": ["content"]}}, {"content"}),
        ({"read": {}}, {"content", "secretNote"}),
    ],
    ids=["neither read nor written", "written", "read"],
)
async def test_columns_that_a_role_can_do_nothing_with_are_left_out(
    client: httpx.AsyncClient, token: str, grants: Any, told: set[str]
) -> None:
    await give_role("reader", {"posts": grants})
    headers = {"Authorization": f"Bearer {token}", "X-Role": "reader"}
    response = await client.get("/openapi.json", headers=headers)
    document = response.json()

    assert told == {"content", "secretNote"} & {*document["components"]["schemas"]["Post"]["properties"]}
    assert ("secretNote" in told) is ("secretNote" in response.text)


async def test_the_roles_are_the_readers(client: httpx.AsyncClient, token: str) -> None:
    response = await client.get("/openapi.json", headers={"Authorization": f"Bearer {token}"})
    role = response.json()["components"]["parameters"]["X-Role"]

    assert {"root", "admin", "editor", "member"} == {*role["schema"]["enum"]}
    assert "no-store" == response.headers["cache-control"]


async def test_the_page_is_for_everybody_and_empty(client: httpx.AsyncClient) -> None:
    response = await client.get("/docs")

    assert 200 == response.status_code
    assert "posts" not in response.text


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_other_methods_are_not_taken(client: httpx.AsyncClient, token: str, path: str) -> None:
    response = await client.post(path, headers={"Authorization": f"Bearer {token}"})

    assert 405 == response.status_code
    assert "GET, HEAD" == response.headers["allow"]


@pytest.mark.parametrize("path", ["/docs/", "/openapi.json/", "/openapi.yaml", "/.env", "/.git/config", "/bangpath.db"])
async def test_nothing_else_is_there(client: httpx.AsyncClient, token: str, path: str) -> None:
    response = await client.get(path, headers={"Authorization": f"Bearer {token}"})

    assert (404, "NOT_FOUND") == (response.status_code, response.json()["errors"][0]["code"])
