"""Models that have nothing to do with the sample: every kind of key, column and relation that it lacks."""

from enum import IntEnum, StrEnum

from tortoise import fields
from tortoise.models import Model


class Status(StrEnum):
    """Where an order stands."""

    OPEN = "open"
    PAID = "paid"


class Size(StrEnum):
    SMALL = "very small"
    LARGE = "large"


class Grade(IntEnum):
    LOW = 1
    HIGH = 2


class Customer(Model):
    """Somebody who buys."""

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(255)
    invited_by: fields.ForeignKeyNullableRelation["Customer"] = fields.ForeignKeyField(
        "app.Customer", related_name="invited", null=True, on_delete=fields.SET_NULL
    )

    class Meta:
        table = "shop_customers"


class Address(Model):
    """Where a customer lives: has the customer's key as its own."""

    customer: fields.OneToOneRelation[Customer] = fields.OneToOneField(
        "app.Customer", related_name="address", primary_key=True, on_delete=fields.RESTRICT
    )
    street = fields.CharField(255, source_field="street_name")

    class Meta:
        table = "addresses"


class Coupon(Model):
    """Meant for one customer, but declared as a foreign key that says unique."""

    code = fields.CharField(16, primary_key=True)
    customer: fields.ForeignKeyNullableRelation[Customer] = fields.ForeignKeyField(
        "app.Customer", related_name="coupons", null=True, unique=True, on_delete=fields.SET_NULL
    )

    class Meta:
        table = "coupons"


class Product(Model):
    sku = fields.CharField(32, primary_key=True, description="As printed on the box")
    price = fields.DecimalField(max_digits=10, decimal_places=2)
    weight = fields.FloatField(null=True)
    stock = fields.BigIntField(default=0)
    size = fields.CharEnumField(Size, default=Size.SMALL)
    grade = fields.IntEnumField(Grade, null=True)
    launched = fields.DateField(null=True)
    opens = fields.TimeField(null=True)
    lasts = fields.TimeDeltaField(null=True)
    batch = fields.UUIDField(null=True)
    picture = fields.BinaryField(null=True)
    extras: object = fields.JSONField(null=True)
    supplier_code = fields.CharField(32, null=True)

    class Meta:
        table = "products"

    class Bangpath:
        secret = ("supplier_code",)


class Order(Model):
    id = fields.BigIntField(primary_key=True)
    status = fields.CharEnumField(Status, default=Status.OPEN)
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "app.Customer", related_name="orders", on_delete=fields.RESTRICT
    )
    products: fields.ManyToManyRelation[Product] = fields.ManyToManyField("app.Product", related_name="orders")

    class Meta:
        table = "order"


class Parcel(Model):
    """An order on its way: there is none without its order."""

    number = fields.IntField(primary_key=True, generated=False)
    order: fields.OneToOneRelation[Order] = fields.OneToOneField(
        "app.Order", related_name="parcel", source_field="order_no", on_delete=fields.RESTRICT
    )
    sent_at = fields.DatetimeField(null=True)
    insured = fields.BooleanField(default=False)

    class Meta:
        table = "parcels"
