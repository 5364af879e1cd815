"""Names to sort by → the order of a query."""

from collections.abc import Iterable, Sequence
from typing import Any

from tortoise.expressions import Case, Q, When

from engine.data.collections import Collection
from engine.data.filters import did_you_mean
from engine.errors import Code, Complaint


def read_sort(collection: Collection, sort: Iterable[str]) -> tuple[list[tuple[str, bool]], list[Complaint]]:
    """Attributes to sort by, each with whether it descends."""
    order, complaints = [], []
    columns = {column.name: column for column in collection.readable}
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
    flags: dict[str, Case] = {}
    terms: list[str] = []
    for attribute, descending in order:
        if collection.model._meta.fields_map[attribute].null:
            missing: dict[str, Any] = {f"{attribute}__isnull": True}
            flags[f"null_{attribute}"] = Case(When(Q(**missing), then="1"), default="0")
            terms.append(f"null_{attribute}")
        terms.append(f"-{attribute}" if descending else attribute)
    annotated = found.annotate(**flags) if flags else found
    return annotated.order_by(*dict.fromkeys([*terms, collection.key.attribute]))
