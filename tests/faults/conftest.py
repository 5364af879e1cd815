"""A site for each run, and the table of the figures."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.conftest import MakeSettings
from tests.databases import SERVER
from tests.faults.site import Site

LONG = bool(os.environ.get("BANGPATH_TEST_FAULTS"))
"""Whether the runs are those of `make faults`; in the suite they are short."""

# What is about PostgreSQL alone needs a server, or at least its programs.
_NEED_SERVER = ["test_x03_database_restarts.py", "test_x13_small_pool.py", "test_x29_stopped.py"]
collect_ignore = [] if SERVER else _NEED_SERVER

Sizes: TypeAlias = Callable[[int, int], int]
Tell: TypeAlias = Callable[..., None]

_TABLE = "figures of faults"


@pytest.fixture
def sized() -> Sizes:
    """The size of a run: `sized(short, long)`."""
    return lambda short, long: long if LONG else short


@pytest.fixture
async def site(make_settings: MakeSettings, tmp_path: Path, seed: int) -> AsyncIterator[Site]:
    """Without a service yet; nothing that was started on it stays."""
    # It asks PostgreSQL in a loop of its own.
    site = await asyncio.to_thread(Site, tmp_path, (await make_settings()).database_url, seed)
    yield site
    site.close()


@pytest.fixture
def tell(request: pytest.FixtureRequest, record_property: Callable[[str, object], None], seed: int) -> Tell:
    """Puts a line into the table at the end."""

    def tell(**figures: object) -> None:
        record_property(_TABLE, {"run": request.node.name, "seed": seed, **figures})

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.getreports(kind)]
    lines = [figures for each in reports for name, figures in each.user_properties if name == _TABLE]
    if LONG and lines:
        terminalreporter.section(_TABLE)
    for figures in lines if LONG else ():
        terminalreporter.line("  ".join(f"{name}: {value}" for name, value in figures.items()))
