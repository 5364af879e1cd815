"""Modules of models, as many as one wants, for a service of many collections."""

from pathlib import Path

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


MODELS_OF_EACH = 40
"""Tortoise reads the source of a module anew for each model in it, so one of hundreds takes long to import."""


def modules(folder: Path, amount: int) -> str:
    """Write modules of so many models into a folder; answers their names. All models refer to the first."""
    names = []
    for first in range(0, amount, MODELS_OF_EACH):
        names.append(f"many{amount}_{first}")
        numbers = range(first, min(first + MODELS_OF_EACH, amount))
        text = _HEAD + "".join(_MODEL.format(number=number) for number in numbers)
        (folder / f"{names[-1]}.py").write_text(text)
    return ",".join(names)
