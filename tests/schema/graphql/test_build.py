"""The schema made from models: what its types say."""

import dataclasses
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, is_introspection_type
from tortoise import fields
from tortoise.models import Model

from engine.data.collections import Collections
from engine.errors import StartError
from schema.build import build_schema
from schema.types.system import STATIC

SDL = Path(__file__).parents[3] / "docs" / "schema.graphql"


def fields_of(door, name):
    made = door.schema._schema.type_map[name]
    return {field: str(definition.type) for field, definition in made.fields.items()}


def test_documented_schema_is_the_one_served(sample):
    """`docs/schema.graphql` changes with the schema: write it anew with `python -m tests.schema.graphql.export`."""
    assert SDL.read_text() == build_schema(sample).as_str() + "\n"


def test_columns_have_types_and_nullability(shop_door):
    assert {
        "sku": "ID!",
        "price": "Decimal!",
        "weight": "Float",
        "stock": "BigInt!",
        "size": "String!",
        "grade": "Int",
        "launched": "Date",
        "opens": "Time",
        "lasts": "Float",
        "batch": "UUID",
        "picture": "String",
        "extras": "JSON",
        "orders": "[Order!]!",
        "executions": "[Execution!]",
    } == fields_of(shop_door, "Product")


def test_keys_of_others_are_ids_and_relations_point_to_types(shop_door):
    assert {
        "customerId": "ID!",
        "customer": "Customer",
        "street": "String!",
        "executions": "[Execution!]",
    } == fields_of(shop_door, "Address")
    assert {
        "id": "ID!",
        "name": "String!",
        "invitedById": "ID",
        "invitedBy": "Customer",
        "invited": "[Customer!]!",
        "address": "Address",
        "coupons": "[Coupon!]!",
        "orders": "[Order!]!",
        "executions": "[Execution!]",
    } == fields_of(shop_door, "Customer")


def test_enums_are_spelled_as_in_rest(shop_door):
    """A second `Status` beside that of executions is no trouble; values that are no names stay strings."""
    types = shop_door.schema._schema.type_map

    assert ["open", "paid"] == list(types["Status"].values)
    assert ["queued", "running"] == list(types["ExecutionStatus"].values)[:2]
    assert "Size" not in types


def test_secret_columns_are_nowhere(shop_door, door):
    assert "supplierCode" not in shop_door.schema.as_str()
    for secret in ("passwordHash", "tokensValidFrom", "enabledKey", "leasedUntil", "document:"):
        assert secret not in door.schema.as_str()


def test_descriptions_come_from_the_models(door):
    post = door.schema._schema.type_map["Post"]

    assert "Something somebody wrote." == post.description
    assert "What the reader sees first" == post.fields["title"].description


def test_names_of_root_fields_follow_class_and_table(shop_door):
    query = fields_of(shop_door, "Query")

    assert {"customer", "shopCustomers", "order", "orderList", "product", "products"} <= query.keys()
    assert "CustomerPage!" == query["shopCustomers"]
    assert {"createCustomer", "createShopCustomers", "createOrderList"} <= fields_of(shop_door, "Mutation").keys()


def test_every_root_field_of_mutations_is_nullable(door):
    assert [] == [name for name, made in fields_of(door, "Mutation").items() if made.endswith("!")]


def test_inputs_have_what_can_be_written(shop_door):
    assert {
        "street": "String",
        "customerId": "ID",
        "customer": "CustomerInput",
    } == fields_of(shop_door, "AddressCreateInput")
    assert "sku" in fields_of(shop_door, "ProductCreateInput")
    assert "sku" not in fields_of(shop_door, "ProductUpdateInput")
    assert {"id", "status"} <= fields_of(shop_door, "OrderInput").keys()


def test_records_of_the_service_are_linked_by_key_alone(door):
    assert {"id": "ID"} == fields_of(door, "UserInput")


def test_filters_offer_the_operators_that_fit(shop_door):
    of_enum = {"eq": "Status", "ne": "Status", "in": "[Status!]", "notIn": "[Status!]"}
    presence = {"exists": "Boolean", "notExists": "Boolean"}

    assert of_enum | presence == fields_of(shop_door, "StatusFilter")
    assert presence | {"empty": "Boolean", "notEmpty": "Boolean"} == fields_of(shop_door, "JSONFilter")
    assert "includes" in fields_of(shop_door, "StringFilter")
    assert "includes" not in fields_of(shop_door, "IntFilter")
    assert "includes" in fields_of(shop_door, "TextIDFilter")
    assert {"and", "or", "not", "customerId", "customer", "customerExists"} <= fields_of(
        shop_door, "OrderFilter"
    ).keys()


def test_names_kept_from_models_are_whole(door):
    """What is in the schema and belongs to no collection is in the list of names no model can have."""
    collections = (
        "Post",
        "Category",
        "Tag",
        "Comment",
        "Note",
        "Banner",
        "User",
        "Role",
        "Workflow",
        "Execution",
        "Job",
    )
    others = {
        name
        for name, made in door.schema._schema.type_map.items()
        if not is_introspection_type(made) and not name.startswith(collections) and not name.endswith("Filter")
    }

    assert others <= STATIC
    assert isinstance(door.schema._schema.type_map["Query"], GraphQLObjectType)


def clashing(title, table, **columns):
    meta = type("Meta", (), {"table": table, "abstract": False})
    return type(title, (Model,), {"id": fields.IntField(primary_key=True), "Meta": meta, **columns})


@pytest.mark.parametrize(
    ("title", "table", "told"),
    [
        ("Message", "messages", "type 'Message' would be of the model"),
        ("PostPage", "post_pages", "type 'PostPage' would be of the model"),
        ("Other", "Posts", "two fields 'posts'"),
        ("Über", "uebers", "is not a name in GraphQL"),
    ],
)
async def test_names_that_collide_stop_the_start(sample, title, table, told):
    post = sample["posts"]
    model = clashing(title, table)
    members = [*sample.values(), type(post)(**{**_members(post), "name": table, "model": model, "relations": {}})]

    with pytest.raises(StartError, match=told):
        build_schema(Collections(members))


def _members(collection):
    return {each.name: getattr(collection, each.name) for each in dataclasses.fields(collection) if each.init}
