"""Models the service has never seen, by BANGPATH_MODELS alone: other keys, tables and relations, through both doors."""

import uuid
from typing import Any

import pytest

from engine.system.models import Execution
from tests.conftest import SHOP
from tests.doors.conftest import Rows, Save
from tests.doors.door import Door

ANN = str(uuid.UUID(int=1))


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"models": SHOP}


async def test_a_uuid_key_is_given_or_made(door: Door) -> None:
    given = await door.create("shop_customers", {"id": ANN, "name": "Ann"})
    made = await door.create("shop_customers", {"name": "Bob"})

    assert ANN == given.data["id"]
    assert uuid.UUID(made.data["id"])


async def test_a_taken_key_is_refused(door: Door, rows: Rows) -> None:
    await door.create("products", {"sku": "A-1", "price": "9.90"})
    before = await rows()

    answer = await door.create("products", {"sku": "A-1", "price": "1"})

    assert ["UNIQUE_VIOLATION"] == answer.codes
    assert [["sku"]] == [error["path"] for error in answer.errors]
    assert before == await rows()


async def test_a_key_never_changes(door: Door, rows: Rows) -> None:
    await door.create("products", {"sku": "A-1", "price": "9.90"})
    before = await rows()

    answer = await door.update("products", {"sku": "B-2"}, key="A-1")

    # GraphQL's input has no key to write.
    assert answer.codes in (["FIELD_NOT_WRITABLE"], ["GRAPHQL_INVALID"])
    assert before == await rows()


async def test_every_kind_of_column_comes_back_as_it_was_sent(door: Door) -> None:
    values = {
        "sku": "A-1",
        "price": "9.90",
        "weight": 1.5,
        "stock": str(2**60),
        "size": "very small",
        "grade": 2,
        "launched": "2026-05-03",
        "opens": "10:00:00",
        "batch": ANN,
        "picture": "aGVsbG8=",
        "extras": {"colours": ["red", None], "size": 1.5},
    }

    await door.create("products", values)
    answer = await door.get("products", "A-1")

    assert values == {name: answer.data[name] for name in values}


@pytest.mark.parametrize("value", ["a text", "123", "", ["x"], 5, True, {"a": None}, '{"a": 1}'])
async def test_a_json_column_keeps_any_value(door: Door, value: Any) -> None:
    created = await door.create("products", {"sku": "A-1", "price": "1", "extras": value})
    updated = await door.update("products", {"extras": [value]}, key="A-1")

    assert value == created.data["extras"]
    assert [value] == updated.data[0]["extras"]


async def test_a_secret_column_does_not_exist_outside(door: Door, rows: Rows) -> None:
    await door.create("products", {"sku": "A-1", "price": "1"})

    answer = await door.page("products", sort=["supplierCode"])

    assert ["UNKNOWN_FIELD"] == answer.codes
    assert "supplierCode" not in (await door.get("products", "A-1")).data


async def test_a_record_whose_key_is_another_records_is_made_with_it(door: Door) -> None:
    answer = await door.create("shop_customers", {"id": ANN, "name": "Ann", "address": {"street": "High Street"}})

    assert ANN == answer.data["id"]
    assert "High Street" == (await door.get("addresses", ANN)).data["street"]


async def test_a_trigger_crosses_a_one_to_one_that_is_the_key(door: Door, save: Save) -> None:
    await save("address-seen", "addresses")
    await save("customer-seen", "shop_customers")
    values = {"id": ANN, "name": "Ann", "address": {"street": "High Street"}}

    await door.create("shop_customers", values, triggers=["address-seen!address", "customer-seen!address.customer"])

    assert "High Street" == (await Execution.get(key="address-seen")).context["data"]["street"]
    assert "Ann" == (await Execution.get(key="customer-seen")).context["data"]["name"]


@pytest.mark.parametrize(
    ("collection", "values", "trigger", "code"),
    [
        pytest.param(
            "coupons", {"code": "X"}, "customer-seen!customer", "TRIGGER_MANY_TO_ONE", id="a unique foreign key"
        ),
        pytest.param(
            "shop_customers", {"name": "x"}, "customer-seen!invitedBy", "TRIGGER_MANY_TO_ONE", id="a relation to itself"
        ),
        pytest.param(
            "shop_customers", {"name": "x"}, "customer-seen!invited", "TRIGGER_TO_MANY", id="its reverse side"
        ),
        pytest.param("shop_customers", {"name": "x"}, "customer-seen!orders", "TRIGGER_TO_MANY", id="one-to-many"),
    ],
)
async def test_other_relations_are_refused(
    door: Door, save: Save, rows: Rows, collection: str, values: dict[str, Any], trigger: str, code: str
) -> None:
    await save("customer-seen", "shop_customers")
    before = await rows()

    answer = await door.create(collection, values, triggers=[trigger])

    assert [code] == answer.codes
    assert before == await rows()


async def test_a_unique_foreign_key_is_refused_with_the_advice_to_declare_it_otherwise(door: Door, save: Save) -> None:
    await save("customer-seen", "shop_customers")

    answer = await door.create("coupons", {"code": "X"}, triggers=["customer-seen!customer"])

    assert "OneToOneField" in answer.errors[0]["message"]


async def test_several_records_deep(door: Door) -> None:
    order = {"customer": {"id": ANN, "name": "Ann"}, "products": [{"sku": "A-1", "price": "1"}]}

    answer = await door.create("parcels", {"number": 7, "order": order})

    assert 7 == int(answer.data["number"])
    [stored] = (await door.page("order")).data
    assert ANN == stored["customerId"]


@pytest.mark.parametrize("by", ["a foreign key", "a one-to-one"])
async def test_what_others_need_is_not_ended(door: Door, rows: Rows, by: str) -> None:
    nested = {"address": {"street": "x"}} if by == "a one-to-one" else {"orders": [{}]}
    await door.create("shop_customers", {"id": ANN, "name": "Ann", **nested})
    before = await rows()

    answer = await door.destroy("shop_customers", key=ANN)

    assert ["STILL_REFERENCED"] == answer.codes
    assert before == await rows()


async def test_the_samples_workflows_are_not_there(door: Door) -> None:
    answer = await door.page("workflows")

    assert [] == answer.data


# --- keys that callers choose, in nested records


async def an_order(door: Door, *products: Any, **options: Any) -> Any:
    return await door.create("order", {"customer": {"id": ANN}, "products": list(products)}, **options)


@pytest.fixture
async def ann(door: Door) -> None:
    """A customer, and a product `A-1` of 9.90."""
    await door.create("shop_customers", {"id": ANN, "name": "Ann"})
    await door.create("products", {"sku": "A-1", "price": "9.90"})


@pytest.mark.usefixtures("ann")
async def test_a_nested_record_with_a_chosen_key_is_linked_if_it_is_there_and_else_created(door: Door) -> None:
    answer = await an_order(door, {"sku": "A-1", "stock": "5"}, {"sku": "B-2", "price": "1.00"})

    products = await door.page("products", sort=["sku"])
    assert [] == answer.errors
    assert [("A-1", "9.90", "0"), ("B-2", "1.00", "0")] == [
        (each["sku"], each["price"], str(each["stock"])) for each in products.data
    ]


@pytest.mark.usefixtures("ann")
async def test_only_one_that_is_not_there_needs_what_is_required(door: Door, rows: Rows) -> None:
    before = await rows()

    answer = await an_order(door, {"sku": "A-1", "stock": "5"}, {"sku": "B-2", "stock": "5"})

    assert [("REQUIRED", ["products", 1, "price"])] == [(error["code"], error["path"]) for error in answer.errors]
    assert before == await rows()


@pytest.mark.usefixtures("ann")
async def test_one_that_is_there_is_changed_where_that_is_asked_for(door: Door) -> None:
    changed, made = {"sku": "A-1", "stock": "5"}, {"sku": "B-2", "price": "1.00", "stock": "7"}
    answer = await an_order(door, changed, made, associations=["products"])

    products = await door.page("products", sort=["sku"])
    assert [] == answer.errors
    assert [("A-1", "9.90", "5"), ("B-2", "1.00", "7")] == [
        (each["sku"], each["price"], str(each["stock"])) for each in products.data
    ]


@pytest.mark.usefixtures("ann")
async def test_one_that_is_not_there_is_not_stored_twice(door: Door, rows: Rows) -> None:
    before = await rows()

    answer = await an_order(door, {"sku": "B-2", "price": "1.00"}, {"sku": "B-2", "price": "2.00"})

    assert [("UNIQUE_VIOLATION", ["products", 1, "sku"])] == [(error["code"], error["path"]) for error in answer.errors]
    assert before == await rows()
