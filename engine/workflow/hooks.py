"""Follows executions that did not succeed: a line in the log, and the workflows that are there to tell somebody."""

import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from engine.data.collections import Collections
from engine.data.snapshots import snapshot
from engine.data.unit import after_commit
from engine.system.models import Execution, Status, WorkflowType
from engine.workflow.catalog import Catalog
from engine.workflow.causes import BOUNDS, Bounds, Cause, Lineage
from engine.workflow.definition import Definition
from engine.workflow.events import Pending, Planned, context_of, within
from engine.workflow.triggers.execution import EXECUTIONS, STATUSES

log = logging.getLogger("bangpath.workflow")


@dataclass(frozen=True, slots=True)
class Hooks:
    """`start` inserts executions in the unit that is open: in the one in which the other has ended, so that no crash
    comes between."""

    collections: Collections
    catalog: Catalog
    start: Callable[[Planned], Awaitable[Any]]
    bounds: Bounds = BOUNDS

    async def ended(self, execution: int, key: str, status: Status) -> None:
        """To be called in the unit in which an execution ends."""
        if status not in STATUSES:
            return
        # What it failed of may quote values: that is in its history, which not everybody reads.
        message = "execution %s of workflow '%s' ended as %s, its history says why"
        after_commit(partial(log.warning, message, execution, key, status.value))
        if not (hooks := self.catalog.hooks(key, status)):
            return
        row = await Execution.get(id=execution)
        if row.document["type"] != WorkflowType.EXECUTION:
            await self._start(row, hooks)

    async def _start(self, row: Execution, hooks: Sequence[Definition]) -> None:
        event, now = uuid.uuid4().hex, datetime.now(UTC)
        told, chain = row.context, (*row.chain, row.key)
        cause = Cause(told["user"], row.role_name, row.request_id, "update", chain, row.origin, row.id)
        found = await snapshot(self.collections, self.collections[EXECUTIONS], [row.id])
        context = {**context_of(cause, event, now, EXECUTIONS), "data": found[row.id]}
        pendings = [_pending(hook, event, context, row, cause) for hook in hooks]
        await self.start(Planned(tuple(await within(pendings, cause, self.bounds)), ()))


def _pending(hook: Definition, event: str, context: dict[str, Any], row: Execution, cause: Cause) -> Pending:
    return Pending(
        definition=hook,
        once=f"{event}:{hook.id}::{row.id}",
        context=context,
        collection=EXECUTIONS,
        record_key=str(row.id),
        association=None,
        user=row.user_id,
        role=row.role_name,
        request_id=row.request_id,
        lineage=Lineage(cause.chain, row.id, row.origin or event),
    )
