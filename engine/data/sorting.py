"""Names to sort by → the order of a query."""

from collections.abc import Iterable, Sequence
from typing import Any

from pypika_tortoise import terms as sql
from pypika_tortoise.context import SqlContext
from pypika_tortoise.enums import Dialects
from tortoise.expressions import Case, Function, Q, When
from tortoise.fields import CharField, TextField

from engine.data.collections import Collection
from engine.data.filters import did_you_mean
from engine.errors import Code, Complaint


def read_sort(collection: Collection, sort: Iterable[str]) -> tuple[list[tuple[str, bool]], list[Complaint]]:
    """Attributes to sort by, each with whether it descends."""
    order, complaints = [], []
    columns = {column.name: column for column in collection.comparable}
    for index, given in enumerate(sort):
        name = given.removeprefix("-")
        if column := columns.get(name):
            order.append((column.attribute, given.startswith("-")))
        else:
            message = f"'{name}' is not a field of '{collection.name}' to sort by.{did_you_mean(name, columns)}"
            complaints.append(Complaint(Code.UNKNOWN_FIELD, message, ("sort", index)))
    return order, complaints


def in_order(found: Any, collection: Collection, order: Sequence[tuple[str, bool]]) -> Any:
    """NULLs last in either direction, and the key as the last resort, so that pages neither repeat nor miss a row."""
    added: dict[str, Case | _CodePoints] = {}
    terms: list[str] = []
    for attribute, descending in [*order, (collection.key.attribute, False)]:
        column = collection.model._meta.fields_map[attribute]
        if column.null:
            missing: dict[str, Any] = {f"{attribute}__isnull": True}
            added[f"null_{attribute}"] = Case(When(Q(**missing), then="1"), default="0")
            terms.append(f"null_{attribute}")
        name = attribute
        if isinstance(column, CharField | TextField):
            name = f"text_{attribute}"
            added[name] = _CodePoints(attribute)
        terms.append(f"-{name}" if descending else name)
    return found.annotate(**added).order_by(*dict.fromkeys(terms))


class _CodePointsSql(sql.Function):
    def __init__(self, text: sql.Term) -> None:
        super().__init__("", text)

    def get_function_sql(self, ctx: SqlContext) -> str:
        collation = ' COLLATE "C"' if ctx.dialect is Dialects.POSTGRESQL else ""
        return f"{self.get_arg_sql(self.args[0], ctx)}{collation}"


class _CodePoints(Function):
    """A text to sort by its code points, whatever collation the database has: as SQLite does."""

    database_func = _CodePointsSql
