"""What clients did and were told, as they saw it: a file of JSON lines."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

INVOKE, OK, FAIL, INFO = "invoke", "ok", "fail", "info"
"""`fail` is known not to have happened; of an `info` nobody knows, and nobody may guess."""


class History:
    """`invoke`, and later one of `ok`, `fail` and `info`, for each operation; and what was done to processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def note(self, kind: str, op: str, **more: Any) -> None:
        """Add a line. `op` is the operation, or what was done to a process."""
        with self._lock:
            self._file.write(json.dumps({"at": time.time(), "kind": kind, "op": op, **more}) + "\n")

    def lines(self) -> Iterator[Mapping[str, Any]]:
        yield from map(json.loads, self.path.read_text().splitlines())

    def outcomes(self) -> dict[str, str]:
        """What came of each operation that was begun; one that nobody was told of is an `info`."""
        found: dict[str, str] = {}
        for line in self.lines():
            if line["kind"] == INVOKE:
                found[line["op"]] = INFO
            elif line["kind"] in (OK, FAIL, INFO):
                found[line["op"]] = line["kind"]
        return found

    def moments(self, *deeds: str) -> list[float]:
        """When something was done to processes, `kill` for instance."""
        return [line["at"] for line in self.lines() if line["kind"] == "nemesis" and line["op"] in deeds]

    def close(self) -> None:
        self._file.close()
