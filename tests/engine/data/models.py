"""Modules of Tortoise models made at random, with what their relations are known to be from how they were made."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

from hypothesis import strategies as st
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model

from engine.data.relations import RelationKind

Known: TypeAlias = dict[str, dict[str, tuple[RelationKind, str]]]
"""Table → relation → its kind and the table it leads to."""

MODULE = "drawn_models"

# A field's kind as its owner sees it, and as the other side does.
_SEEN = {
    "one": (RelationKind.ONE_TO_ONE, RelationKind.ONE_TO_ONE),
    "foreign": (RelationKind.MANY_TO_ONE, RelationKind.ONE_TO_MANY),
    "many": (RelationKind.MANY_TO_MANY, RelationKind.MANY_TO_MANY),
}


@dataclass(frozen=True)
class Declared:
    """One relation as somebody wrote it down. `back` is its `related_name`: None leaves it to Tortoise."""

    kind: str
    target: int
    back: str | bool | None
    null: bool
    unique: bool
    source: bool
    by_class: bool


@dataclass(frozen=True)
class Drawn:
    """A set of models. `heirs` have the key of an earlier model as their own, by the first of their relations."""

    keys: tuple[str, ...]
    heirs: dict[int, int]
    relations: tuple[tuple[Declared, ...], ...]

    def known(self) -> Known:
        """What every relation is, worked out without Tortoise."""
        known: Known = {table(owner): {} for owner in range(len(self.keys))}
        for owner, target in self.heirs.items():
            known[table(owner)]["heir"] = (RelationKind.ONE_TO_ONE, table(target))
            known[table(target)][f"heir{owner}"] = (RelationKind.ONE_TO_ONE, table(owner))
        for owner, declared in enumerate(self.relations):
            for number, relation in enumerate(declared):
                ours, theirs = _SEEN[relation.kind]
                known[table(owner)][f"to{number}"] = (ours, table(relation.target))
                if relation.back is not False:
                    back = relation.back or f"{table(owner)}s"
                    known[table(relation.target)][str(back)] = (theirs, table(owner))
        return known


def table(number: int) -> str:
    return f"table{number}"


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    """A random set of models, all of which Tortoise accepts."""
    count = draw(st.integers(1, 4))
    heirs: dict[int, int] = {}
    for number in range(1, count):
        # Tortoise knows an inherited key only once it has read its model, so nobody inherits an inherited one.
        if draw(st.integers(0, 3)) == 0 and (ancestors := [n for n in range(number) if n not in heirs]):
            heirs[number] = draw(st.sampled_from(ancestors))
    relations = []
    for owner in range(count):
        declared: list[Declared] = []
        for number in range(draw(st.integers(0, 3))):
            kind = draw(st.sampled_from(sorted(_SEEN)))
            # A column cannot hold an inherited key (see `declarations.refuse_unusable`), a table between two can.
            targets = [n for n in range(count) if n not in heirs or (kind == "many" and n < owner)]
            declared.append(draw(_declared(owner, number, kind, targets, declared)))
        relations.append(tuple(declared))
    keys = tuple(draw(st.sampled_from(["int", "uuid", "char"])) for _ in range(count))
    return Drawn(keys, heirs, tuple(relations))


@st.composite
def _declared(
    draw: st.DrawFn, owner: int, number: int, kind: str, targets: list[int], before: list[Declared]
) -> Declared:
    target = draw(st.sampled_from(targets))
    backs: list[str | bool | None] = [f"from{owner}x{number}"]
    if kind != "many":
        backs.append(False)
    if all((relation.target, relation.back) != (target, None) for relation in before):
        backs.append(None)
    return Declared(
        kind,
        target,
        draw(st.sampled_from(backs)),
        null=draw(st.booleans()),
        unique=kind == "foreign" and draw(st.booleans()),
        source=draw(st.booleans()),
        by_class=target < owner and draw(st.booleans()),
    )


@asynccontextmanager
async def initialised(drawn: Drawn) -> AsyncIterator[list[type[Model]]]:
    """The models as Tortoise knows them after its start, without a database."""
    models: list[type[Model]] = []
    for number in range(len(drawn.keys)):
        models.append(_model(drawn, number, models))
    module = ModuleType(MODULE)
    for model in models:
        setattr(module, model.__name__, model)
    sys.modules[MODULE] = module
    try:
        async with TortoiseContext() as context:
            await context.init(db_url="sqlite://:memory:", modules={"app": [MODULE]})
            yield models
    finally:
        del sys.modules[MODULE]


def _model(drawn: Drawn, number: int, earlier: list[type[Model]]) -> type[Model]:
    attributes: dict[str, Any] = {"__module__": MODULE, "__qualname__": f"Model{number}"}
    attributes["Meta"] = type("Meta", (), {"table": table(number)})
    if number in drawn.heirs:
        target = f"app.Model{drawn.heirs[number]}"
        attributes["heir"] = fields.OneToOneField(target, related_name=f"heir{number}", primary_key=True)
    else:
        attributes["id"] = _KEYS[drawn.keys[number]]()
    for index, declared in enumerate(drawn.relations[number]):
        attributes[f"to{index}"] = _field(declared, f"{number}x{index}", earlier)
    return type(f"Model{number}", (Model,), attributes)


_KEYS: dict[str, Any] = {
    "int": lambda: fields.IntField(primary_key=True),
    "uuid": lambda: fields.UUIDField(primary_key=True),
    "char": lambda: fields.CharField(16, primary_key=True),
}


def _field(declared: Declared, name: str, earlier: list[type[Model]]) -> Any:
    target: Any = earlier[declared.target] if declared.by_class else f"app.Model{declared.target}"
    back: Any = declared.back
    if declared.kind == "many":
        return fields.ManyToManyField(target, through=f"through{name}", related_name=back or "")
    options: dict[str, Any] = {"related_name": back, "null": declared.null}
    if declared.source:
        options["source_field"] = f"column{name}"
    if declared.kind == "one":
        return fields.OneToOneField(target, **options)
    return fields.ForeignKeyField(target, unique=declared.unique, **options)
