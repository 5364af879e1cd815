"""Modules of models, as many as one wants, for a service of many collections."""

_HEAD = "from tortoise import fields\nfrom tortoise.models import Model\n"
_MODEL = """
class Thing{number}(Model):
    id = fields.IntField(primary_key=True)
    title = fields.CharField(255)
    amount = fields.IntField(default=0)
    other = fields.ForeignKeyField("app.Thing0", related_name="others{number}", null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "things{number}"
"""


def models(amount: int) -> str:
    """The text of a module of so many; all refer to the first."""
    return _HEAD + "".join(_MODEL.format(number=number) for number in range(amount))
