"""Asks for one case again and again with wrk, and reads what that costs the process that answers."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench._cases import Case

SCRIPT = Path(__file__).with_name("load.lua")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody who answers: where, in which process, and the token to show."""

    url: str
    process: int
    token: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: requests a second, milliseconds, and seconds of the process's CPU for 1,000 requests."""

    rate: float
    p50: float
    p99: float
    cpu: float


def need_wrk() -> None:
    """End with one line where there is no wrk."""
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")


def load(case: Case, target: Target, connections: int, seconds: int) -> Sample:
    """Ask by so many connections for so long. Every answer has to be a success."""
    asked = [case.method, target.token, *([json.dumps(case.body)] if case.body is not None else [])]
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT)]
    before = cpu_seconds(target.process)
    done = subprocess.run(
        ["wrk", *options, target.url + case.path, "--", *asked], capture_output=True, text=True, check=True
    )
    spent = cpu_seconds(target.process) - before
    found = json.loads(done.stdout.splitlines()[-1])
    if found["refused"] or found["broken"] or not found["requests"]:
        sys.exit(f"{case.name} was not answered as it should be: {found}")
    count = found["requests"]
    rate = count / found["microseconds"] * 1_000_000
    return Sample(rate, found["p50"] / 1000, found["p99"] / 1000, spent / count * 1000)


def cpu_seconds(process: int) -> float:
    """What a process has had of the CPU so far, all its threads together."""
    # The name, in brackets, may have blanks in it.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident(process: int) -> float:
    """MiB of a process that are in memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
