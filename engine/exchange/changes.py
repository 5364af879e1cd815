"""What processes remember of the database, and how each learns that another one has changed it."""

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import TypeAlias

from engine.data.unit import connection, is_inside_unit
from engine.system.models import Revision

log = logging.getLogger("bangpath.exchange")

CHANNEL = "bangpath_changes"

Forget: TypeAlias = Callable[[], Awaitable[None]]
"""Drops what is remembered, or reads it anew."""


class Topic(StrEnum):
    """Of what processes have copies in memory."""

    WORKFLOWS = "workflows"


async def announce(topic: Topic) -> None:
    """Let every process know that this is not what it was, with the commit of the unit that is open.

    The last thing in a unit: others who announce the same wait for its end. The process itself is told like any other,
    a moment later: what must hold at once here is done with `after_commit`.
    """
    assert is_inside_unit(), "what is announced is committed with what has changed"
    # A mark that is new each time, not a number: it can be set without being read, and only differs.
    mark = Revision(topic=topic.value, mark=uuid.uuid4().hex)
    await Revision.bulk_create([mark], on_conflict=["topic"], update_fields=["mark"])
    if connection().capabilities.dialect == "postgres":
        # It takes a lock of the whole database at the commit, which these changes are rare enough for.
        await connection().execute_query("SELECT pg_notify($1, '')", [CHANNEL])


async def marks() -> dict[str, str]:
    """The mark of each topic that was ever announced; another one than before says that there was a change."""
    return {row.topic: row.mark for row in await Revision.all()}


class Changes:
    """Calls those who remember something when it has changed, whichever process has done that."""

    def __init__(self) -> None:
        self._forgets: dict[Topic, list[Forget]] = {topic: [] for topic in Topic}
        self._known: dict[Topic, str | None] = {}

    def on(self, topic: Topic, forget: Forget) -> None:
        """Let this be awaited after each change, within a second. It may be called too often."""
        self._forgets[topic].append(forget)

    def begin(self, marks: Mapping[str, str]) -> None:
        """Start from these, which were read before anything that is remembered."""
        self._known = {topic: marks.get(topic) for topic in Topic}

    async def compare(self, marks: Mapping[str, str]) -> None:
        """Look which topics have changed since the last time, and call those whom that concerns.

        One that fails is called again at the next look.
        """
        for topic, forgets in self._forgets.items():
            mark = marks.get(topic)
            if self._known.get(topic) == mark:
                continue
            try:
                for forget in forgets:
                    await forget()
            except Exception:
                log.exception("a change of %s could not be taken over, trying again", topic)
            else:
                self._known[topic] = mark
