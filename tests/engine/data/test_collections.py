"""What the collections are read to be, and which models stop the start."""

import logging
from pathlib import Path
from typing import Any

import pytest
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model

from engine.data.collections import Collections, FieldKind
from engine.data.metadata import read_collections
from engine.data.relations import RelationKind, crossable_paths
from engine.database import close_database, open_database
from engine.errors import StartError
from tests.kinds import Size


async def test_collections_are_named_as_their_tables(shop):
    assert ["addresses", "coupons", "order", "parcels", "products", "shop_customers"] == sorted(
        name for name, collection in shop.items() if not collection.system
    )
    assert {"users", "roles", "workflows", "executions", "jobs"} == {
        name for name, collection in shop.items() if collection.system
    }


async def test_names_on_the_wire_are_camel_case(sample):
    posts = sample["posts"]

    assert {"id", "title", "readCount", "secretNote", "createdAt", "authorId", "categoryId"} <= posts.fields.keys()
    assert {"author", "category", "tags", "comments"} == posts.relations.keys()
    assert "read_count" == posts.fields["readCount"].attribute


@pytest.mark.parametrize(
    ("collection", "field", "expected"),
    [
        ("posts", "id", (FieldKind.INTEGER, False, False, False)),
        ("posts", "title", (FieldKind.STRING, False, True, True)),
        ("posts", "content", (FieldKind.STRING, True, False, True)),
        ("posts", "readCount", (FieldKind.INTEGER, False, False, True)),
        ("posts", "createdAt", (FieldKind.DATETIME, False, False, False)),
        ("posts", "categoryId", (FieldKind.INTEGER, True, False, True)),
    ],
)
async def test_columns_tell_kind_null_required_and_writable(sample, collection, field, expected):
    column = sample[collection].fields[field]

    assert expected == (column.kind, column.null, column.required, column.writable)


@pytest.mark.parametrize(
    ("collection", "field", "expected"),
    [
        ("shop_customers", "id", (FieldKind.UUID, False, False, True)),
        ("products", "sku", (FieldKind.STRING, False, True, True)),
        ("products", "price", (FieldKind.DECIMAL, False, True, True)),
        ("products", "extras", (FieldKind.JSON, True, False, True)),
        ("addresses", "customerId", (FieldKind.UUID, False, True, True)),
        ("addresses", "street", (FieldKind.STRING, False, True, True)),
        ("order", "id", (FieldKind.BIGINT, False, False, False)),
        ("parcels", "orderId", (FieldKind.BIGINT, False, True, True)),
        ("parcels", "number", (FieldKind.INTEGER, False, True, True)),
    ],
)
async def test_columns_of_other_models_tell_as_much(shop, collection, field, expected):
    column = shop[collection].fields[field]

    assert expected == (column.kind, column.null, column.required, column.writable)


async def test_keys_are_of_any_kind_and_may_be_inherited(shop):
    assert {"shop_customers": "id", "addresses": "customerId", "products": "sku", "parcels": "number"}.items() <= {
        name: collection.key.name for name, collection in shop.items()
    }.items()


async def test_a_column_that_holds_a_key_knows_its_relation_and_the_other_way_round(shop):
    order, address = shop["parcels"].relations["order"], shop["shop_customers"].relations["address"]

    assert "order" == shop["parcels"].fields["orderId"].relation
    assert ("order_id", "order", RelationKind.ONE_TO_ONE) == (order.column, order.target, order.kind)
    assert (None, "addresses", "customer_id") == (address.column, address.target, address.reverse_column)


async def test_a_unique_foreign_key_is_many_to_one_and_warned_of_once(make_database, caplog):
    database = await make_database("tests.shop")
    with caplog.at_level(logging.WARNING, logger="engine.data.metadata"):
        models = await open_database(database, ["tests.shop"])
        collections = read_collections(models, [])
        await close_database()
    relation = collections["coupons"].relations["customer"]

    assert (RelationKind.MANY_TO_ONE, True) == (relation.kind, relation.unique)
    assert RelationKind.ONE_TO_MANY is collections["shop_customers"].relations["coupons"].kind
    assert ["Coupon.customer"] == [record.getMessage().split()[0] for record in caplog.records]
    assert "Declare a OneToOneField" in caplog.text


async def test_secret_columns_are_known_and_not_readable(sample, shop):
    assert sample["users"].fields["passwordHash"].secret
    assert "passwordHash" not in {field.name for field in sample["users"].readable}
    assert "supplierCode" not in {field.name for field in shop["products"].readable}


async def test_the_service_fills_the_relation_that_the_model_names(sample):
    assert sample["posts"].relations["author"] == sample["posts"].acting_user
    assert sample["comments"].acting_user is None


async def test_referrers_are_the_columns_that_point_here(shop):
    assert {("Address", "customer_id", "RESTRICT"), ("Coupon", "customer_id", "SET NULL")} <= {
        (referrer.model.__name__, referrer.attribute, referrer.on_delete)
        for referrer in shop["shop_customers"].referrers
    }
    assert () == shop["products"].referrers


async def test_the_paths_a_trigger_may_cross_are_told(sample, shop):
    assert ["category", "category.banner"] == crossable_paths(sample, sample["posts"])
    assert ["customer"] == crossable_paths(shop, shop["addresses"])
    assert ["order"] == crossable_paths(shop, shop["parcels"])
    assert [] == crossable_paths(shop, shop["products"])


async def read(**classes: dict[str, Any]) -> Collections:
    """The collections of models made here: class name → attributes."""
    models = [
        type(name, (Model,), {"__module__": __name__, "__qualname__": name, **attributes})
        for name, attributes in classes.items()
    ]
    for model in models:
        globals()[model.__name__] = model
    try:
        async with TortoiseContext() as context:
            await context.init(db_url="sqlite://:memory:", modules={"app": [__name__]})
            return read_collections(models, [])
    finally:
        for model in models:
            del globals()[model.__name__]


def table(name: str) -> type:
    return type("Meta", (), {"table": name})


def bangpath(**options: Any) -> type:
    return type("Bangpath", (), options)


def key() -> Any:
    return fields.IntField(primary_key=True)


async def test_a_model_without_a_key_gets_one(sample):
    collections = await read(Thing={"name": fields.TextField()})

    assert ("thing", "id") == (collections["thing"].name, collections["thing"].key.name)


async def test_a_secret_key_of_another_hides_the_relation_on_either_side():
    collections = await read(
        Person={"name": fields.TextField()},
        Report={
            "about": fields.ForeignKeyField("app.Person", related_name="reports"),
            "by": fields.ForeignKeyField("app.Person", related_name="written", null=True),
            "Bangpath": bangpath(secret=("by_id",)),
        },
    )

    assert {"about"} == collections["report"].relations.keys()
    assert {"reports"} == collections["person"].relations.keys()


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "two tables of one name",
        {"A": {"id": key(), "Meta": table("same")}, "B": {"id": key(), "Meta": table("same")}},
        "Models A and B both use the table 'same': rename",
    ),
    (
        "two names that are one on the wire",
        {"A": {"read_count": fields.IntField(), "readCount": fields.IntField()}},
        "A.read_count and .readCount are both 'readCount' outside: rename",
    ),
    (
        "a relation that is named like a column outside",
        {"A": {"b_s": fields.ForeignKeyField("app.B", related_name="a"), "bS": fields.IntField()}, "B": {"id": key()}},
        "A.b_s and .bS are both 'bS' outside: rename",
    ),
    ("a secret that is not there", {"A": {"Bangpath": bangpath(secret=("b",))}}, "'b', which is not a column"),
    (
        "a relation for a secret",
        {
            "A": {"b": fields.ForeignKeyField("app.B", related_name="a"), "Bangpath": bangpath(secret=("b",))},
            "B": {"id": key()},
        },
        "'b', which is not a column: correct it",
    ),
    ("a secret key", {"A": {"Bangpath": bangpath(secret=("id",))}}, "'id', which is the primary key: correct it"),
    (
        "a secret that nobody could give",
        {"A": {"code": fields.TextField(), "Bangpath": bangpath(secret=("code",))}},
        "A.code is secret, so no caller can give it, but a record needs it: give it a default",
    ),
    (
        "an acting user that is no relation",
        {"A": {"Bangpath": bangpath(acting_user="author")}},
        "A.Bangpath.acting_user names 'author', which is no foreign key",
    ),
    (
        "an acting user that is many",
        {
            "A": {"b": fields.ManyToManyField("app.B", related_name="a"), "Bangpath": bangpath(acting_user="b")},
            "B": {"id": key()},
        },
        "A.Bangpath.acting_user names 'b', which is no foreign key",
    ),
    (
        "a foreign key to an inherited key",
        {
            "A": {"id": key()},
            "B": {"a": fields.OneToOneField("app.A", related_name="b", primary_key=True)},
            "C": {"b": fields.ForeignKeyField("app.B", related_name="c")},
        },
        "C.b leads to B, whose primary key is a one-to-one relation",
    ),
    (
        "a foreign key to another column",
        {
            "A": {"code": fields.CharField(9, unique=True)},
            "B": {"a": fields.ForeignKeyField("app.A", related_name="b", to_field="code")},
        },
        "B.a uses to_field='code'",
    ),
    ("a column of a kind that is not served", {"A": {"x": fields.base.Field()}}, "A.x is a Field, which is not served"),
]


@pytest.mark.parametrize(("models", "message"), [pytest.param(row[1], row[2], id=row[0]) for row in REFUSED])
async def test_what_cannot_be_served_stops_the_start_with_one_clear_line(models, message):
    with pytest.raises(StartError) as error:
        await read(**models)

    assert message in str(error.value)
    assert 1 == len(str(error.value).splitlines())


MODULES = {
    "composite": (
        "a = fields.IntField(primary_key=True)\n    b = fields.IntField(primary_key=True)",
        "single primary key",
    ),
    "dangling": ("b = fields.ForeignKeyField('app.Missing')", "No model with name 'Missing'"),
    "taken": (
        "id = fields.IntField(primary_key=True)\n    class Meta:\n        table = 'Revoked_Tokens'",
        "'Revoked_Tokens'",
    ),
    "between": (
        "others = fields.ManyToManyField('app.Thing', through='users_roles', related_name='o')",
        "'users_roles'",
    ),
    "broken": ("x = 1 / 0", "ZeroDivisionError"),
}


@pytest.mark.parametrize("name", MODULES)
async def test_a_module_that_cannot_be_used_stops_the_start(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    body, message = MODULES[name]
    source = f"from tortoise import fields\nfrom tortoise.models import Model\n\n\nclass Thing(Model):\n    {body}\n"
    (tmp_path / f"models_{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        with pytest.raises(StartError, match=message) as error:
            await open_database(str(tmp_path / "x.sqlite3"), [f"models_{name}"])
    finally:  # a start that succeeds all the same would keep the tests from ending
        await close_database()

    assert 1 == len(str(error.value).splitlines())


def defaulting() -> dict[str, Any]:
    """Columns whose default is always the same, and others."""
    return {
        "title": fields.CharField(100, null=True),
        "status": fields.CharField(20, default="draft"),
        "code": fields.CharField(20, default=lambda: "made"),
        "size": fields.CharEnumField(Size, default=Size.SMALL),
        "extras": fields.JSONField(default=dict),
        "since": fields.DatetimeField(auto_now_add=True),
    }


async def test_defaults_that_are_always_the_same_are_known_before():
    [collection] = (await read(Plain=defaulting())).values()

    assert {"title": None, "status": "draft"} == collection.defaults


async def test_a_model_that_makes_its_instances_itself_is_told_only_what_is_given():
    def derive(self: Any, **given: Any) -> None:
        Model.__init__(self, **given)
        self.code = "given" if "status" in given else "derived"

    [collection] = (await read(Derived={**defaulting(), "__init__": derive})).values()

    assert {} == collection.defaults
