"""How soon after the answer of an async write its execution starts and has had its first effect.

Writes come one after the other from one client: idle, each when all that ran has ended; busy, each when the one before
is answered, so that executions wait for others, and for the writes beside them. The answer's moment is when the client
has read it, the others are those that the database holds; it is one clock, that of this machine. An execution does not
wait for the answer, it starts with the commit, so that the difference may be negative: it had started before the client
knew.
"""

import signal
import tempfile
import time
from datetime import datetime
from pathlib import Path

from tests.bench._figures import show
from tests.process.served import PASSWORD, Served, rows, until

WRITES = 50
WARM_UP = 5
COLUMNS = ("executions.created_at", "executions.started_at", "jobs.finished_at")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        served = Served(Path(folder) / "home", root_password=PASSWORD, address_rate="0", user_rate="0", user_rows="0")
        for _ in range(WARM_UP):
            write(served)
        for name, rest in (("idle", True), ("busy", False)):
            answered = {}
            for _ in range(WRITES):
                if rest:
                    until(lambda: ended(served))
                key, moment = write(served)
                answered[key] = moment
            until(lambda: ended(served))
            tell(name, served, answered)
        assert 0 == served.end(signal.SIGTERM)


def tell(name: str, served: Served, answered: dict[int, float]) -> None:
    inserted, started, effect = (moments(served.home, column) for column in COLUMNS)
    after_answer = [started[key] - answered[key] for key in answered]
    after_insert = [started[key] - inserted[key] for key in answered]
    show(f"{name}: start of the execution, after the answer was read", after_answer, "ms")
    show(f"{name}: start of the execution, after its row was inserted", after_insert, "ms")
    show(
        f"{name}: first effect is stored, after the answer was read", [effect[k] - answered[k] for k in answered], "ms"
    )
    early = sum(difference < 0 for difference in after_answer)
    print(f"{name}: {early} of {len(after_answer)} had started before the answer was read")


def ended(served: Served) -> bool:
    return not rows(served.home, "SELECT 1 FROM executions WHERE finished_at IS NULL")


def write(served: Served) -> tuple[int, float]:
    """The execution that a write has started, and when the client had the answer, in milliseconds."""
    response = served.client.post("/api/posts:create?triggerWorkflows=post-created", json={"title": "x"})
    moment = time.time() * 1000
    return response.json()["meta"]["workflows"][0]["executionId"], moment


def moments(home: Path, column: str) -> dict[int, float]:
    """What a column of every execution says, in milliseconds."""
    found = rows(home, f"SELECT executions.id, {column} FROM executions JOIN jobs ON execution_id = executions.id")
    return {key: datetime.fromisoformat(text).timestamp() * 1000 for key, text in found}


if __name__ == "__main__":
    main()
