"""The lists in docs/ are whole, and have nothing that is gone."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("api", "schema", "engine")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def test_architecture_lists_every_file_once() -> None:
    """Every module of the three packages has its line; an `__init__.py` only if there is something in it."""
    listed = re.findall(r"^- `(\S+\.py)`: \S", ARCHITECTURE, re.MULTILINE)
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.stat().st_size]

    assert sorted(str(path.relative_to(ROOT)) for path in files) == sorted(listed)


def test_architecture_names_files_that_are_there() -> None:
    """What is told around the list leads somewhere, too."""
    named = set(re.findall(r"`((?:api|schema|engine)/\S+\.py)`", ARCHITECTURE))

    assert set() == {name for name in named if not (ROOT / name).is_file()}
    assert named


def test_architecture_gives_a_reason_for_every_dependency() -> None:
    """Each library that is installed with the service or one of its extras has its line, and no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [requirement for extra in project.get("optional-dependencies", {}).values() for requirement in extra]
    needed = {re.split(r"[^\w-]", requirement)[0] for requirement in [*project["dependencies"], *extras]}
    explained = ARCHITECTURE.partition("## Dependencies")[2]

    assert needed == set(re.findall(r"^\| `([\w-]+)` \| \S", explained, re.MULTILINE))


def test_changelog_has_the_version() -> None:
    """Who upgrades finds the version that the code says it is."""
    version = re.search(r'VERSION = "(\S+)"', (ROOT / "api" / "version.py").read_text())

    assert version
    assert re.search(rf"^## {re.escape(version[1])}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
