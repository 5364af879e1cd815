"""The image of docker/ without an engine: laid out as a directory, and its commands run as processes."""

import json
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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


def make_image(folder: Path) -> Image:
    """What the last stage copies and makes, and a port that is free."""
    made = Image(folder / "image", {}, folder / "output.txt")
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


@contextmanager
def running(image: Image, command: Sequence[str] = ()) -> "Iterator[subprocess.Popen[bytes]]":
    """A container of the image, with its own command or another one, until the signal that ends containers."""
    process = image.run([*json.loads(arguments("ENTRYPOINT")[0]), *(command or json.loads(arguments("CMD")[0]))])
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)


def until_healthy(image: Image, process: "subprocess.Popen[bytes]", check: Sequence[str] = ()) -> None:
    deadline = time.monotonic() + SECONDS
    while health(image, check) != 0:
        assert process.poll() is None, image.output.read_text()
        assert time.monotonic() < deadline


def health(image: Image, check: Sequence[str] = ()) -> int:
    """The exit code of the health check, of the image's own or another one."""
    return image.run([*(check or own_check())]).wait(SECONDS)


def own_check() -> list[str]:
    """The command of the image's health check."""
    return [str(part) for part in json.loads(arguments("HEALTHCHECK")[0].partition(" CMD ")[2])]


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and ".venv" not in path.parts}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
