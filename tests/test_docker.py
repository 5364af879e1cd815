"""The files of docker/, without an engine: the image is laid out as a directory, and its commands run as processes.

What is not tried here: what the base image brings, the user, and the installation, which `make serve` does as well.
"""

import json
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import unknown_variables

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line of the Dockerfile."""

    name: str
    argument: str


def instructions() -> list[Instruction]:
    lines = [line for line in (DOCKER / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
    return [Instruction(*line.split(maxsplit=1)) for line in lines]


def last_stage() -> list[Instruction]:
    listed = instructions()
    start = max(index for index, instruction in enumerate(listed) if instruction.name == "FROM")
    return listed[start:]


def arguments(name: str) -> list[str]:
    return [instruction.argument for instruction in last_stage() if instruction.name == name]


@dataclass(frozen=True, slots=True)
class Image:
    """The image as a directory."""

    root: Path
    environment: dict[str, str]
    output: Path

    def run(self, command: list[str]) -> "subprocess.Popen[bytes]":
        """Start a command as a container does: nothing in its environment but what the image and its caller set."""
        with self.output.open("ab") as writing:
            return subprocess.Popen(
                [self.inside(part) for part in command],
                cwd=self.inside(arguments("WORKDIR")[0]),
                env=self.environment,
                stdout=writing,
                stderr=subprocess.STDOUT,
            )

    def inside(self, text: str) -> str:
        """A text with the image's paths where they are here."""
        return re.sub(r"(?<![\w.])/(?=opt/bangpath|data|srv)", f"{self.root}/", text)


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """What the last stage copies and makes, and a port that is free."""
    made = Image(tmp_path / "image", {}, tmp_path / "output.txt")
    for copied in arguments("COPY"):
        *_, source, target = copied.split()
        place = Path(made.inside(target))
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.endswith(".venv"):
            place.symlink_to(ROOT / ".venv")
        elif (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, place)
    for directory in [*arguments("WORKDIR"), *arguments("VOLUME")]:
        Path(made.inside(directory)).mkdir(parents=True)
    for variable in arguments("ENV"):
        name, value = variable.split("=", 1)
        made.environment[name] = made.inside(value)
    made.environment["BANGPATH_HOST"] = "127.0.0.1"
    made.environment["BANGPATH_PORT"] = str(_free_port())
    return made


def test_image_serves_until_the_signal_that_ends_containers(image: Image) -> None:
    """The command answers the health check, and ends with 0 at SIGTERM; the health check fails before and after."""
    assert 0 != _health(image)

    with _running(image) as process:
        _until_healthy(image, process)

    assert 0 == process.returncode, image.output.read_text()
    assert 0 != _health(image)


def test_image_keeps_its_data_in_the_volume(image: Image) -> None:
    """Database and secret are in the volume, and nothing is written anywhere else."""
    before = _files(image.root)
    with _running(image) as process:
        _until_healthy(image, process)

    new = _files(image.root) - before
    assert {"data/bangpath.db", "data/secret"} == {name for name in new if not name.endswith(("-wal", "-shm"))}


def test_models_of_a_mounted_directory_are_found_beside_its_own_api(image: Image) -> None:
    """The working directory is searched, and last: a package there that is named like one of ours does no harm."""
    mounted = Path(image.inside(arguments("WORKDIR")[0]))
    shutil.copy(ROOT / "tests" / "shop.py", mounted / "shop.py")
    (mounted / "api").mkdir()
    (mounted / "api" / "__init__.py").write_text("raise AssertionError('this is not the one')")
    image.environment["BANGPATH_MODELS"] = "shop"

    with _running(image) as process:
        _until_healthy(image, process)

    assert 0 == process.returncode


def test_image_is_made_in_stages_for_a_user_without_power() -> None:
    """What builds is not what is shipped, and neither root nor a shell runs the service."""
    stages = [instruction.argument for instruction in instructions() if instruction.name == "FROM"]

    assert 2 == len(stages)
    assert all("-slim-" in stage for stage in stages)
    assert ["bangpath"] == arguments("USER")
    assert isinstance(json.loads(arguments("CMD")[0]), list)


def test_installation_takes_what_is_pinned_alone() -> None:
    """The command that installs demands hashes and builds nothing."""
    (command,) = [one.argument for one in instructions() if one.name == "RUN" and " pip install " in one.argument]

    assert {"--require-hashes", "--only-binary"} <= set(command.split())
    assert command.endswith("/requirements.lock")


def test_context_holds_what_is_copied_and_no_more() -> None:
    """Every source is there, and is let in by the ignore file, which lets in nothing else."""
    copied = {
        line.argument.split()[0] for line in instructions() if line.name == "COPY" and "--from" not in line.argument
    }
    ignore = [
        line for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] not in ("", "#")
    ]

    assert all((ROOT / source).exists() for source in copied)
    assert copied == {line[1:] for line in ignore if line.startswith("!")}
    assert "*" == ignore[0]


def test_compose_file_fits_the_image() -> None:
    """One service, from this Dockerfile, its port on this machine alone, its data on a named volume."""
    compose: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    ((name, service),) = compose["services"].items()

    assert "bangpath" == name
    assert DOCKER / "Dockerfile" == (DOCKER / service["build"]["context"]).resolve() / service["build"]["dockerfile"]
    assert [f"data:{arguments('VOLUME')[0]}"] == service["volumes"]
    assert ["data"] == list(compose["volumes"])
    assert [f"127.0.0.1:3000:{arguments('EXPOSE')[0]}"] == service["ports"]


def test_settings_in_the_files_exist() -> None:
    """No variable is misspelt: the service would only warn."""
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    set_by_image = [variable.partition("=")[0] for variable in arguments("ENV")]

    assert [] == unknown_variables([*set_by_image, *compose["services"]["bangpath"]["environment"]])
    assert "BANGPATH_HOST" in set_by_image


@contextmanager
def _running(image: Image) -> "Iterator[subprocess.Popen[bytes]]":
    process = image.run(json.loads(arguments("CMD")[0]))
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)


def _until_healthy(image: Image, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS
    while _health(image) != 0:
        assert process.poll() is None, image.output.read_text()
        assert time.monotonic() < deadline


def _health(image: Image) -> int:
    """The exit code of the health check."""
    command = arguments("HEALTHCHECK")[0].partition(" CMD ")[2]
    return image.run(json.loads(command)).wait(SECONDS)


def _files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and ".venv" not in path.parts}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
