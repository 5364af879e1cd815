"""Reads the members of one object of a workflow's document; whatever is wrong with them becomes a complaint."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.data.collections import Collection, Collections
from engine.data.filters import did_you_mean
from engine.workflow.complaints import Complaints

Chosen = TypeVar("Chosen", bound=str)
Default = TypeVar("Default", float, None)


@dataclass(frozen=True, slots=True)
class Members:
    """A member that is null counts as absent. What cannot be read is None, or empty, after a complaint."""

    given: Mapping[str, Any]
    complaints: Complaints

    def refuse_others(self, *known: str) -> None:
        """Complain about every member that is none of these."""
        for name in self.given:
            if name not in known:
                self.complaints.add(f"There is no member '{name}' here.{did_you_mean(name, known)}", name)

    def text(self, name: str) -> str | None:
        """A text that must be there and not be blank."""
        value = self.given.get(name)
        if value is None:
            self.complaints.add(f"'{name}' is required.", name)
        elif not isinstance(value, str) or not value.strip():
            self.complaints.add(f"'{name}' must be a text that is not blank.", name)
        else:
            return value
        return None

    def flag(self, name: str) -> bool:
        """A boolean, false by default."""
        value = self.given.get(name)
        if value is not None and not isinstance(value, bool):
            self.complaints.add(f"'{name}' must be true or false.", name)
        return value is True

    def number(self, name: str, least: int, most: int, default: int) -> int:
        """An integer in these bounds."""
        value = self.given.get(name)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.complaints.add(f"'{name}' must be an integer from {least} to {most}.", name)
        return default

    def seconds(self, name: str, most: int, default: Default) -> float | Default:
        """A time in seconds, more than none."""
        value = self.given.get(name)
        if value is None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= most:
            return value
        self.complaints.add(f"'{name}' must be a number of seconds, more than 0 and at most {most}.", name)
        return default

    def choice(self, name: str, choices: Iterable[Chosen], default: Chosen | None = None) -> Chosen | None:
        """One of a few words, required where there is no default."""
        value = self.given.get(name, default)
        by_word = {str(choice): choice for choice in choices}
        if isinstance(value, str) and value in by_word:
            return by_word[value]
        hint = did_you_mean(value, by_word) if isinstance(value, str) else ""
        self.complaints.add(f"'{name}' must be one of {', '.join(by_word)}.{hint}", name)
        return None

    def object(self, name: str, *, required: bool = False) -> Mapping[str, Any]:
        """An object, empty by default; a required one must have members."""
        value = self.given.get(name)
        if value is not None and not isinstance(value, Mapping):
            self.complaints.add(f"'{name}' must be an object.", name)
        elif required and not value:
            self.complaints.add(f"'{name}' is required and must not be empty.", name)
        return value if isinstance(value, Mapping) else {}

    def list(self, name: str) -> tuple[Any, ...]:
        """A list of anything, empty by default."""
        value = self.given.get(name)
        if value is not None and not isinstance(value, list | tuple):
            self.complaints.add(f"'{name}' must be a list.", name)
        return tuple(value) if isinstance(value, list | tuple) else ()

    def names(self, name: str) -> tuple[str, ...]:
        """A list of texts, empty by default."""
        listed = self.list(name)
        for index, item in enumerate(listed):
            if not isinstance(item, str):
                self.complaints.add(f"'{name}' must be a list of texts.", name, index)
        return tuple(item for item in listed if isinstance(item, str))

    def collection(self, collections: Collections) -> Collection | None:
        """The data collection that the member `collection` names. The service's own tables are not for workflows."""
        name = self.text("collection")
        if name is None:
            return None
        found = collections.get(name)
        if found is None or found.system:
            served = [collection.name for collection in collections.values() if not collection.system]
            self.complaints.add(f"'{name}' is not a collection of data.{did_you_mean(name, served)}", "collection")
            return None
        return found
