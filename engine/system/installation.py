"""The name that this installation has among others: other services know by it whose calls are the same."""

import uuid

from engine.system.models import Installation

THE_ONE = 1


async def installation_name() -> str:
    """The same in every process of a database, and in no other database but a copy of this one."""
    drawn = Installation(id=THE_ONE, name=uuid.uuid4().hex[:12])
    # Of processes that start at once the first draws for all.
    await Installation.bulk_create([drawn], ignore_conflicts=True)
    return (await Installation.get(id=THE_ONE)).name
