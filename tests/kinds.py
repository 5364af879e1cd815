"""One model with a column of every kind, all of which may be NULL, and a relation of every kind to itself."""

from enum import IntEnum, StrEnum

from tortoise import fields
from tortoise.models import Model


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Grade(IntEnum):
    LOW = 1
    HIGH = 2


class Thing(Model):
    id = fields.IntField(primary_key=True)
    text = fields.TextField(null=True)
    whole = fields.IntField(null=True)
    big = fields.BigIntField(null=True)
    ratio = fields.FloatField(null=True)
    amount = fields.DecimalField(max_digits=10, decimal_places=2, null=True)
    flag = fields.BooleanField(null=True)
    moment = fields.DatetimeField(null=True)
    day = fields.DateField(null=True)
    clock = fields.TimeField(null=True)
    span = fields.TimeDeltaField(null=True)
    mark = fields.UUIDField(null=True)
    size = fields.CharEnumField(Size, null=True)
    grade = fields.IntEnumField(Grade, null=True)
    extras: object = fields.JSONField(null=True)
    picture = fields.BinaryField(null=True)
    parent: fields.ForeignKeyNullableRelation["Thing"] = fields.ForeignKeyField(
        "app.Thing", related_name="children", null=True, on_delete=fields.SET_NULL
    )
    twin: fields.OneToOneNullableRelation["Thing"] = fields.OneToOneField(
        "app.Thing", related_name="other", null=True, on_delete=fields.SET_NULL
    )
    friends: fields.ManyToManyRelation["Thing"] = fields.ManyToManyField("app.Thing", related_name="admirers")

    class Meta:
        table = "things"
