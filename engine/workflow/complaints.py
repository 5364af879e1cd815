"""Collects what is wrong with a workflow's document, each complaint with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.errors import Code, Complaint


@dataclass(slots=True)
class Complaints:
    """All complaints about one document. `place` is where this part of it stands: `("nodes", 0, "config")`."""

    place: tuple[str | int, ...] = ()
    found: list[Complaint] = field(default_factory=list)

    def at(self, *steps: str | int) -> Complaints:
        """The same list, for a part of the document further in."""
        return Complaints((*self.place, *steps), self.found)

    def add(self, message: str, *steps: str | int) -> None:
        self.found.append(Complaint(Code.WORKFLOW_INVALID, message, (*self.place, *steps)))

    def take(self, others: Iterable[Complaint]) -> None:
        """Complaints of another kind, about a filter or the values of a record, as complaints about this part."""
        for other in others:
            self.add(other.message, *other.path)
