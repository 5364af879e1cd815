"""Known vulnerabilities fail the check; that nobody could be asked is said, and does not (attack J14)."""

import json
import re
from pathlib import Path

import pytest

from tests.dependencies import verdict

ROOT = Path(__file__).parents[1]
GOOD = {"name": "good", "version": "1.0", "vulns": []}
BAD = {"name": "bad", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}


def judge(*dependencies, errors=""):
    return verdict("a.lock", json.dumps({"dependencies": dependencies, "fixes": []}), errors)


def test_a_vulnerable_one_fails_with_its_name_and_remedy():
    found = judge(GOOD, BAD, UNKNOWN)

    assert found.failed
    assert "bad 2.0: PYSEC-1 (mended in 2.1)" in found.text


def test_good_ones_pass():
    assert (False, "a.lock: 1 dependencies, no known vulnerabilities.") == (judge(GOOD).failed, judge(GOOD).text)


def test_one_that_was_not_looked_up_among_others_fails():
    assert judge(GOOD, UNKNOWN).failed


@pytest.mark.parametrize(
    "found",
    [
        judge(UNKNOWN, UNKNOWN),
        verdict("a.lock", "", "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed"),
    ],
)
def test_nobody_to_ask_is_said_and_passes(found):
    assert not found.failed
    assert "NOT CHECKED" in found.text


@pytest.mark.parametrize("output", ["", "null", "[]", "{}", "x"])
def test_whatever_else_goes_wrong_fails(output):
    assert verdict("a.lock", output, "ERROR: invalid requirements input").failed


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_everything_is_pinned_with_hashes_and_names_no_host(name):
    lines = (ROOT / name).read_text().splitlines()
    pinned = [number for number, line in enumerate(lines) if re.match(r"[a-z0-9][\w.-]*==", line)]

    assert len(pinned) > 20
    assert all(lines[number + 1].strip().startswith("--hash=sha256:") for number in pinned)
    assert not [line for line in lines if "://" in line]
