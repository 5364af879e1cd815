"""How soon after the answer of an async write its execution starts and has had its first effect.

Writes come one after the other from one client: idle, each when all that ran has ended; busy, each when the one before
is answered, so that executions wait for others, and for the writes beside them. The answer's moment is when the client
has read it, the others are those that the database holds; it is one clock, that of this machine. An execution does not
wait for the answer, it starts with the commit, so that the difference may be negative: it had started before the client
knew.
"""

import asyncio
import signal
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bench._figures import show
from tests.databases import address, databases_in
from tests.faults.database import Database
from tests.process.served import PASSWORD, Served, until

WRITES = 50
WARM_UP = 5
COLUMNS = ("executions.created_at", "executions.started_at", "jobs.finished_at")


@dataclass(frozen=True, slots=True)
class Latencies:
    """Milliseconds of each execution: from the answer, and from its insert, to its start; then to its effect."""

    after_answer: list[float]
    after_insert: list[float]
    effect: list[float]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        databases = databases_in(Path(folder))
        made = asyncio.run(databases.empty())
        settings = {"database_url": address(made), "address_rate": "0", "user_rate": "0", "user_rows": "0"}
        served = Served(Path(folder) / "home", root_password=PASSWORD, **settings)
        for name, rest in (("idle", True), ("busy", False)):
            tell(name, measure(served, Database(address(made)), rest=rest))
        assert 0 == served.end(signal.SIGTERM)
        asyncio.run(databases.drop(made))


def measure(served: Served, database: Database, *, rest: bool, workflow: str = "post-created") -> Latencies:
    """Write, with a `rest` after each until nothing runs. The workflow has a node."""
    for _ in range(WARM_UP):
        write(served, workflow)
    until(database.is_settled)
    answered = {}
    for _ in range(WRITES):
        if rest:
            until(database.is_settled)
        key, moment = write(served, workflow)
        answered[key] = moment
    until(database.is_settled)
    inserted, started, effect = (moments(database, column) for column in COLUMNS)
    return Latencies(
        [started[key] - answered[key] for key in answered],
        [started[key] - inserted[key] for key in answered],
        [effect[key] - answered[key] for key in answered],
    )


def tell(name: str, measured: Latencies) -> None:
    show(f"{name}: start of the execution, after the answer was read", measured.after_answer, "ms")
    show(f"{name}: start of the execution, after its row was inserted", measured.after_insert, "ms")
    show(f"{name}: first effect is stored, after the answer was read", measured.effect, "ms")
    early = sum(difference < 0 for difference in measured.after_answer)
    print(f"{name}: {early} of {len(measured.after_answer)} had started before the answer was read")


def write(served: Served, workflow: str) -> tuple[int, float]:
    """The execution that a write has started, and when the client had the answer, in milliseconds."""
    response = served.client.post(f"/api/posts:create?triggerWorkflows={workflow}", json={"title": "x"})
    moment = time.time() * 1000
    return response.json()["meta"]["workflows"][0]["executionId"], moment


def moments(database: Database, column: str) -> dict[int, float]:
    """What a column of every execution says, in milliseconds."""
    found = database.rows(f"SELECT executions.id, {column} FROM executions JOIN jobs ON execution_id = executions.id")
    return {key: milliseconds(value) for key, value in found}


def milliseconds(value: Any) -> float:
    """SQLite keeps moments as text."""
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).timestamp() * 1000


if __name__ == "__main__":
    main()
