"""Reads executions that were claimed together from the database together."""

import asyncio
from collections.abc import Mapping, Sequence

from engine.data.unit import outside_unit
from engine.queue.base import Claim
from engine.workflow.journal import Journal, LostLease, Unreadable
from engine.workflow.processor import Run


class Loading:
    """Runs of these claims, all of which are read when the first is asked for."""

    def __init__(self, journal: Journal, claims: Sequence[Claim]) -> None:
        self._journal = journal
        self._claims = claims
        self._reading: asyncio.Task[Mapping[int, Run | Unreadable]] | None = None

    async def run(self, claim: Claim) -> Run:
        """What is to be run of one; raises `LostLease` and `Unreadable`."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._journal.load(self._claims), context=outside_unit())
        # Whoever is cancelled must not take the others along.
        found = (await asyncio.shield(self._reading)).get(claim.execution)
        if found is None:
            raise LostLease
        if isinstance(found, Unreadable):
            raise found
        return found
