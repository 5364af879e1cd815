"""How long an installed service takes from its start to the first answered request, and the memory it then holds."""

import re
import signal
import tempfile
import time
from pathlib import Path

from tests.bench._figures import show
from tests.process.served import PASSWORD, Served

STARTS = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = [start(Path(folder) / f"home{number}") for number in range(STARTS)]
        again = [start(Path(folder) / "home0") for _ in range(STARTS)]
    show("first start, migrated and filled, to the first answer", [seconds * 1000 for seconds, _ in first], "ms")
    show("later start, to the first answer", [seconds * 1000 for seconds, _ in again], "ms")
    show("resident after a later start and that answer", [memory for _, memory in again], "MiB")


def start(home: Path) -> tuple[float, float]:
    """Seconds until a list of posts is answered, and the MiB that are resident then."""
    begun = time.perf_counter()
    served = Served(home, root_password=PASSWORD)
    assert 200 == served.client.get("/api/posts:list").status_code
    seconds = time.perf_counter() - begun
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    resident = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert 0 == served.end(signal.SIGTERM)
    assert resident, "Linux says it"
    return seconds, int(resident[1]) / 1024


if __name__ == "__main__":
    main()
