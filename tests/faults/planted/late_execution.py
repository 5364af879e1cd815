"""The execution's row is written after the commit of the record, in a transaction of its own."""

import asyncio
from typing import Any

from engine.data.unit import after_commit, outside_unit, unit_of_work
from engine.workflow.dispatcher import Dispatcher, Started


def plant() -> None:
    start = Dispatcher.start

    async def start_later(self: Dispatcher, planned: Any) -> Started:
        async def insert() -> None:
            async with unit_of_work():
                await start(self, planned)

        after_commit(lambda: asyncio.create_task(insert(), context=outside_unit()))
        return Started(skipped=planned.skipped)

    Dispatcher.start = start_later
