"""Answers a request that comes again with what it was answered the first time, and does nothing a second time."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import asdict, replace
from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet

from engine.actions import Actor, Repetition
from engine.data.unit import unit_of_work
from engine.errors import Code, refuse
from engine.outcomes import SkippedTrigger, SkipReason, TriggeredWorkflow, Written
from engine.system.models import Execution, IdempotencyKey, Status

log = logging.getLogger("bangpath.idempotency")

KEPT = timedelta(hours=24)
PURGE_SECONDS = 60.0
PURGED_AT_ONCE = 500

HEADER = "Idempotency-Key"

_ENDED = [status for status in Status if status.terminal]


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered. It is not `settled` where a process died before it could say what became of workflows."""

    answer: Any
    settled: bool


class Taken(Exception):
    """The same request was carried out since it was looked for."""


class Repetitions:
    """Keeps answers for 24 hours, each committed with what it tells of. Refusals are not kept: they changed nothing.

    What a request says is kept as a digest with the `secret` of the service: some say passwords, which who reads the
    database could guess at otherwise.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._purged = 0.0

    def repetition(self, actor: Actor, route: str, key: str, said: list[Any]) -> Repetition:
        """What makes a request the same as another: JSON values. Nobody is answered what somebody else was, and nobody
        in one role what they were in another."""
        scope = self._digest([actor.key, actor.role, route, key])
        return Repetition(scope, self._digest(said), self._digest([actor.grants]))

    def at(self, repetition: Repetition, field: str) -> Repetition:
        """The same request, for one of the writes in it."""
        return replace(repetition, field=self._digest([field]))

    def _digest(self, values: list[Any]) -> str:
        return hmac.new(self._secret, json.dumps(values, sort_keys=True).encode(), hashlib.sha256).hexdigest()

    async def once(self, repetition: Repetition | None, work: Callable[[], Awaitable[Any]]) -> Any:
        """What `work` answers, JSON values, or has answered; it writes in the unit that is open around it."""
        if repetition is None:
            return await work()
        if kept := await self.find(repetition):
            return kept.answer
        try:
            async with unit_of_work():
                await self.claim(repetition)
                answer = await work()
                await self.keep(repetition, answer)
        except Taken:
            return (await self.found(repetition)).answer
        return answer

    async def find(self, repetition: Repetition) -> Kept | None:
        """What this request was answered; raises a refusal when its key belongs to another, or while it is answered."""
        rows = await IdempotencyKey.filter(scope=repetition.scope, created_at__gt=datetime.now(UTC) - KEPT)
        if any(row.fingerprint != repetition.fingerprint for row in rows):
            raise refuse(Code.IDEMPOTENCY_REUSED, f"This {HEADER} came with another request: take a new one.", HEADER)
        row = next((row for row in rows if row.field == repetition.field), None)
        if row is None:
            return None
        if row.waits_for and await Execution.filter(id__in=row.waits_for).exclude(status__in=_ENDED).exists():
            message = f"The request with this {HEADER} is written, and its workflows still run: ask again."
            raise refuse(Code.IDEMPOTENCY_IN_PROGRESS, message, HEADER, retryAfter=1)
        rights, answer = json.loads(row.answer)
        if rights != repetition.rights:
            # It may tell of fields and records that the role does not read any more.
            message = (
                "This request is done. Its answer is not repeated, for your role may not do the same as then: read it."
            )
            raise refuse(Code.NO_PERMISSION, message, HEADER)
        return Kept(answer, settled=not row.waits_for)

    async def found(self, repetition: Repetition) -> Kept:
        """What the request was answered that came in between."""
        kept = await self.find(repetition)
        assert kept is not None, "who has taken a key has committed its answer"
        return kept

    async def claim(self, repetition: Repetition) -> None:
        """Take the key, inside the unit of the write and before all else; raises `Taken`.

        Where two do so at once, the second one's insert waits for the end of the first.
        """
        now = datetime.now(UTC)
        await self._row(repetition).filter(created_at__lte=now - KEPT).delete()
        await self._purge(now)
        try:
            async with unit_of_work():
                await IdempotencyKey.create(
                    scope=repetition.scope, field=repetition.field, fingerprint=repetition.fingerprint, answer=""
                )
        except IntegrityError:
            raise Taken from None

    async def keep(self, repetition: Repetition, answer: Any, waits_for: list[int] | None = None) -> None:
        """Store the answer of a claimed key; it is not whole as long as the executions `waits_for` run."""
        await self._row(repetition).update(answer=json.dumps([repetition.rights, answer]), waits_for=waits_for or [])

    async def settle(self, repetition: Repetition, answer: Any) -> None:
        """Store the whole answer, after the commit. Without it the answer is put together anew, so nothing is lost."""
        try:
            await self._row(repetition).update(answer=json.dumps([repetition.rights, answer]), waits_for=[])
        except Exception:
            log.exception("the answer of a write could not be completed")

    def _row(self, repetition: Repetition) -> QuerySet[IdempotencyKey]:
        return IdempotencyKey.filter(scope=repetition.scope, field=repetition.field)

    async def _purge(self, now: datetime) -> None:
        """End what is too old, a part of it and now and then: this is in somebody's write."""
        if time.monotonic() - self._purged < PURGE_SECONDS:
            return
        self._purged = time.monotonic()
        old = await IdempotencyKey.filter(created_at__lte=now - KEPT).limit(PURGED_AT_ONCE).values_list("id", flat=True)
        if old:
            await IdempotencyKey.filter(id__in=old).delete()


def to_json(written: Written) -> Any:
    """The outcome of a write as it is kept."""
    return {
        "records": written.records,
        "count": written.count,
        "workflows": [asdict(each) for each in written.workflows],
        "skipped": [asdict(each) for each in written.skipped],
    }


def from_json(kept: Any) -> Written:
    """The outcome that was kept."""
    workflows = [{**each, "messages": tuple(each["messages"])} for each in kept["workflows"]]
    skipped = [{**each, "reason": SkipReason(each["reason"])} for each in kept["skipped"]]
    return Written(
        kept["records"],
        kept["count"],
        tuple(TriggeredWorkflow(**each) for each in workflows),
        tuple(SkippedTrigger(**each) for each in skipped),
    )
