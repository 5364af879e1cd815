"""Asks what is known against the pinned dependencies: `python -m tests.dependencies requirements.lock …`.

It may say that it could not ask, as on a machine without a network. What it was told it never passes over: pip-audit by
itself counts a dependency that its database does not know, which is what a mirror answers for each, as a good one.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AWAY = (
    "ConnectionError",
    "Could not connect",
    "is not redirecting properly",
    "Max retries exceeded",
    "Tried to connect",
)


@dataclass(frozen=True)
class Verdict:
    """What is to be said, and whether the check has failed."""

    text: str
    failed: bool = False


def ask(file: Path) -> Verdict:
    """What pip-audit finds in one file; its versions are pinned with hashes, so nothing is installed or resolved."""
    command = ["pip_audit", "-r", str(file), "--require-hashes", "--disable-pip", "--format", "json"]
    done = subprocess.run([sys.executable, "-m", *command, "--progress-spinner", "off"], capture_output=True, text=True)
    return verdict(str(file), done.stdout, done.stderr)


def verdict(file: str, output: str, errors: str) -> Verdict:
    """Judge by what was looked up, and not by the exit code: that one is the same for a find and for no network."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        if any(sign in errors for sign in AWAY):
            return Verdict(f"{file}: NOT CHECKED, the database of vulnerabilities cannot be reached.")
        return Verdict(f"{file}: pip-audit has failed:\n{errors}", failed=True)
    known = [each for each in dependencies if "vulns" in each]
    if found := [_found(each) for each in known if each["vulns"]]:
        return Verdict(f"{file}: vulnerable:\n" + "\n".join(found), failed=True)
    if not known:
        return Verdict(f"{file}: NOT CHECKED, the database of vulnerabilities knows none of these packages.")
    if missed := [each["name"] for each in dependencies if "vulns" not in each]:
        return Verdict(f"{file}: not all were checked: {', '.join(missed)}", failed=True)
    return Verdict(f"{file}: {len(known)} dependencies, no known vulnerabilities.")


def _found(dependency: dict[str, Any]) -> str:
    told = (f"{each['id']} (mended in {', '.join(each['fix_versions']) or 'none'})" for each in dependency["vulns"])
    return f"  {dependency['name']} {dependency['version']}: {'; '.join(told)}"


def main(files: Sequence[str]) -> int:
    verdicts = [ask(Path(file)) for file in files]
    for each in verdicts:
        print(each.text, file=sys.stderr if each.failed else sys.stdout)
    return int(any(each.failed for each in verdicts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
