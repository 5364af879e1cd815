"""One record while it is planned: what it is given, which of its columns may be, and what it lacks; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.data import values
from engine.data.collections import Collection, Field, Relation
from engine.data.plans import Link, Path, Plan
from engine.data.tally import Tally
from engine.errors import Code


@dataclass(slots=True)
class Drawing:
    """A plan being made: `came` is the column through which the record it is nested in fills this one, if it does.

    The `collection` is as the role may write it; `whole` has what is hidden from the role, too.
    """

    collection: Collection
    given: Mapping[str, Any]
    creating: bool
    came: str | None
    whole: Collection
    tally: Tally
    columns: dict[str, Any] = field(default_factory=dict)
    to_one: list[tuple[Relation, Plan | Link | None]] = field(default_factory=list)
    to_other: list[tuple[Relation, tuple[Plan | Link, ...]]] = field(default_factory=list)

    def plan(self, path: Path) -> Plan:
        return Plan(self.whole, self.columns, tuple(self.to_one), tuple(self.to_other), path)

    def put(self, column: Field, value: Any, path: Path) -> None:
        """Give a column a value of its own."""
        try:
            self.columns[column.attribute] = values.parse(column, value)
        except ValueError as error:
            self.tally.bad(f"'{column.name}' {error}.", path)

    def put_null(self, column: Field, path: Path) -> None:
        if not column.null:
            self.tally.bad(f"'{column.name}' must not be null.", path, Code.REQUIRED)
        self.columns[column.attribute] = None

    def refuse_unwritable(self, name: str, path: Path) -> None:
        column = self.whole.fields.get(name)
        filled = column is not None and not column.writable
        message = "is filled by the service and cannot be written" if filled else "cannot be written by your role"
        self.tally.bad(f"'{name}' {message}.", path, Code.FIELD_NOT_WRITABLE)

    def is_free(self, name: str, attribute: str | None, path: Path) -> bool:
        """Whether a column may be given a value here."""
        if attribute is not None and attribute == self.came:
            return self.tally.bad(f"'{name}' is the record this one is nested in: leave it out.", path)
        if attribute == self.collection.key.attribute and not self.creating:
            return self.tally.bad(f"'{name}' is the record's key and never changes.", path, Code.FIELD_NOT_WRITABLE)
        return True

    def refuse_lacks(self, path: Path) -> None:
        """Complain about what a new record needs and has not been given."""
        filled = self._filled()
        for column in self.whole.readable:
            if not column.required or column.attribute in filled or self.given.keys() & _names(column):
                continue
            known = self.collection.fields.get(column.name)
            if known and known.writable:
                self.tally.bad(f"'{column.name}' is required.", (*path, column.name), Code.REQUIRED)
            else:
                name = self.collection.name
                message = f"Your role may not give all that a new record of '{name}' needs."
                self.tally.bad(message, path, Code.NO_PERMISSION, once=True)

    def _filled(self) -> set[str | None]:
        """The columns that need no value of their own any more."""
        acting = self.collection.acting_user
        return {
            *self.columns,
            *(relation.column for relation, _ in self.to_one),
            self.came,
            acting.column if acting else None,
        }


def _names(column: Field) -> set[str]:
    return {column.name, column.relation} if column.relation else {column.name}
