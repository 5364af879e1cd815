"""The files of docker/, without an engine: the image is laid out as a directory, and its commands run as processes.

What is not tried here: what the base image brings, the user, and the installation, which `make serve` does as well.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import unknown_variables
from tests.containers import (
    DOCKER,
    ROOT,
    Image,
    arguments,
    files,
    health,
    instructions,
    make_image,
    own_check,
    running,
    until_healthy,
)


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return make_image(tmp_path)


def test_image_serves_until_the_signal_that_ends_containers(image: Image) -> None:
    """The command answers the health check, and ends with 0 at SIGTERM; the health check fails before and after."""
    assert 0 != health(image)

    with running(image) as process:
        until_healthy(image, process)

    assert 0 == process.returncode, image.output.read_text()
    assert 0 != health(image)


def test_image_keeps_its_data_in_the_volume(image: Image) -> None:
    """Database and secret are in the volume, and nothing is written anywhere else."""
    before = files(image.root)
    with running(image) as process:
        until_healthy(image, process)

    new = files(image.root) - before
    assert {"data/bangpath.db", "data/secret"} == {name for name in new if not name.endswith(("-wal", "-shm"))}


def test_models_of_a_mounted_directory_are_found_beside_its_own_api(image: Image) -> None:
    """The working directory is searched, and last: a package there that is named like one of ours does no harm."""
    mounted = Path(image.inside(arguments("WORKDIR")[0]))
    shutil.copy(ROOT / "tests" / "shop.py", mounted / "shop.py")
    (mounted / "api").mkdir()
    (mounted / "api" / "__init__.py").write_text("raise AssertionError('this is not the one')")
    image.environment["BANGPATH_MODELS"] = "shop"

    with running(image) as process:
        until_healthy(image, process)

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
    """Service and workers are of the one image, and what they ask each other for is there."""
    services = compose()["services"]
    ours = {name: service for name, service in services.items() if name != "database"}

    assert ["api", "worker"] == list(ours)
    for service in ours.values():
        build = service["build"]
        assert DOCKER / "Dockerfile" == (DOCKER / build["context"]).resolve() / build["dockerfile"]
        assert {"database": {"condition": "service_healthy"}} == service["depends_on"]
        assert "@database:5432/" in service["environment"]["BANGPATH_DATABASE_URL"]
    assert [f"127.0.0.1:3000:{arguments('EXPOSE')[0]}"] == services["api"]["ports"]
    assert all("ports" not in services[name] for name in ("database", "worker"))


def test_workers_of_the_compose_file_are_several_and_do_the_work() -> None:
    worker, api = (compose()["services"][name] for name in ("worker", "api"))

    assert worker["deploy"]["replicas"] > 1
    assert "off" == api["environment"]["BANGPATH_WORKER"]
    assert "BANGPATH_WORKER" not in worker["environment"]
    assert [*json.loads(arguments("CMD")[0])[:-1], "worker"] == worker["command"]
    assert [*own_check(), "worker"] == worker["healthcheck"]["test"][1:]


def test_compose_file_holds_no_secret_and_starts_with_none() -> None:
    """Each has to be given, and those of all processes are the same."""
    services = compose()["services"]
    given = re.compile(r"\$\{\w+:\?[^}]+\}")

    for name in ("PGPASSWORD", "BANGPATH_SECRET", "BANGPATH_ROOT_PASSWORD"):
        [value] = {services[each]["environment"][name] for each in ("api", "worker")}
        assert given.fullmatch(value)
    assert services["api"]["environment"]["PGPASSWORD"] == services["database"]["environment"]["POSTGRES_PASSWORD"]


def test_settings_in_the_files_exist() -> None:
    """No variable is misspelt: the service would only warn."""
    set_by_image = [variable.partition("=")[0] for variable in arguments("ENV")]
    set_by_compose = [name for service in compose()["services"].values() for name in service["environment"]]

    assert [] == unknown_variables([*set_by_image, *set_by_compose])
    assert "BANGPATH_HOST" in set_by_image


def compose() -> dict[str, Any]:
    """The compose file, its anchors followed."""
    read: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    return read
