"""Homes, and services that are gone when their test is over."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.process.served import PASSWORD, Served, command

Serve: TypeAlias = Callable[..., Served]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after its first start, whose root has `PASSWORD`; to be copied."""
    home = tmp_path_factory.mktemp("filled") / "home"
    done = command(home, "migrate", root_password=PASSWORD)
    assert 0 == done.returncode, done.stderr
    return home


@pytest.fixture
def home(tmp_path: Path, filled: Path) -> Path:
    """A home of one's own, filled already."""
    return shutil.copytree(filled, tmp_path / "home")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts services over a home, with settings in small letters."""
    started: list[Served] = []

    def serve(home: Path, **settings: Any) -> Served:
        started.append(Served(home, **settings))
        return started[-1]

    yield serve
    for served in started:
        served.client.close()
        served.process.kill()
        served.process.wait()
