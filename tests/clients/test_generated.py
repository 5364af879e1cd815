"""A client that is generated from the description of the REST door, in Python, and used."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.process.served import PASSWORD, Served

HERE = Path(__file__).parent / "generated"
TOOLS = HERE / ".venv" / "bin"
SECONDS = 120


def run(*command: str | Path, folder: Path) -> str:
    """What a program prints that ends well; it finds the generator's tools, and the client in the folder."""
    environment = {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=SECONDS
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def client(served: Served, token: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the package `bangpath_client`. A description that is not wholly understood is a failure."""
    folder = tmp_path_factory.mktemp("generated")
    described = served.client.get("/openapi.json", headers={"Authorization": f"Bearer {token}"})
    (folder / "openapi.json").write_text(described.text)
    arguments = ("--meta", "none", "--output-path", "bangpath_client", "--fail-on-warning")
    run(TOOLS / "openapi-python-client", "generate", "--path", "openapi.json", *arguments, folder=folder)
    return folder


def test_a_generated_client_reads_writes_and_triggers(served: Served, client: Path) -> None:
    saw: dict[str, Any] = json.loads(run(TOOLS / "python", HERE / "use.py", served.url, PASSWORD, folder=client))
    started = saw.pop("started")

    assert ["post-created", None] in started
    assert ["category-created", "category"] in started
    assert saw.pop("year") >= 2024
    assert saw == {
        "created": "From a client",
        "listed": [["From a client", "Made on the way"]],
        "count": 1,
        "got": "draft",
        "updated": ["PUBLISHED"],
        "destroyed": 1,
        "gone": True,
        "refused": [400, ["TRIGGER_UNKNOWN"]],
    }
