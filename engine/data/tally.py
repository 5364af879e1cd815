"""Counts what a write plans and collects what is wrong with it, both up to a bound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from engine.data.collections import Collection
from engine.data.filters import did_you_mean
from engine.data.plans import MAX_COMPLAINTS, MAX_RECORDS, Path
from engine.errors import Code, Complaint


@dataclass(slots=True)
class Tally:
    """Of one write, whose records share it."""

    complaints: list[Complaint] = field(default_factory=list)
    planned: int = 0

    @property
    def full(self) -> bool:
        return len(self.complaints) >= MAX_COMPLAINTS or self.planned > MAX_RECORDS

    def count(self) -> bool:
        """Whether there is room for one record or link more in this write."""
        self.planned += 1
        if self.planned <= MAX_RECORDS:
            return True
        return self.bad(f"One write may store and link {MAX_RECORDS} records.", (), once=True)

    def bad(self, message: str, path: Path, code: Code = Code.BAD_VALUE, *, once: bool = False) -> Literal[False]:
        if not once or all(complaint.message != message for complaint in self.complaints):
            self.complaints.append(Complaint(code, message, path))
        return False

    def refuse_unknown(self, collection: Collection, names: Iterable[str], path: Path) -> None:
        known = [*(column.name for column in collection.readable), *collection.relations]
        for name in names:
            if name not in known:
                message = f"'{name}' is not a field of '{collection.name}'.{did_you_mean(str(name), known)}"
                self.bad(message, (*path, name), Code.UNKNOWN_FIELD)
            if self.full:
                break
