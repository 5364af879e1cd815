"""The lookups that ignore case, on PostgreSQL."""

from typing import Any

from pypika_tortoise.context import SqlContext
from pypika_tortoise.enums import SqlTypes
from pypika_tortoise.functions import Cast, Upper
from pypika_tortoise.terms import Criterion, Term
from tortoise.filters import (
    Like,
    escape_like,
    insensitive_contains,
    insensitive_ends_with,
    insensitive_exact,
    insensitive_starts_with,
)


class _Folded(Upper):
    """Upper case by Unicode's rules, whatever the locale of the database: in `C` its own knows ASCII alone."""

    def get_special_params_sql(self, ctx: SqlContext) -> str:
        return 'COLLATE "und-x-icu"'


def _folded_like(before: str, behind: str) -> Any:
    def compare(field: Term, value: str) -> Criterion:
        pattern = f"{before}{escape_like(value)}{behind}"
        return Like(_folded(field), field.wrap_constant(_Folded(pattern)))

    return compare


def _folded_equal(field: Term, value: str) -> Criterion:
    return _folded(field).eq(_Folded(str(value)))


def _folded(field: Term) -> Term:
    return _Folded(Cast(field, SqlTypes.VARCHAR))


IGNORING_CASE = {
    insensitive_contains: _folded_like("%", "%"),
    insensitive_starts_with: _folded_like("", "%"),
    insensitive_ends_with: _folded_like("%", ""),
    insensitive_exact: _folded_equal,
}
