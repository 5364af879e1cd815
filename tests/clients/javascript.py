"""Runs JavaScript beside a service, with the packages that `make test-clients` installs."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.process.served import PASSWORD

FOLDER = Path(__file__).parent / "node"
SECONDS = 120.0


def node(*arguments: str, url: str, sdk: str = "@nocobase/sdk") -> "subprocess.CompletedProcess[str]":
    """Run `node` to its end, with what it writes to either place in `stdout`."""
    command = shutil.which("node")
    assert command, "node is missing: apt-get install nodejs npm"
    assert (FOLDER / "node_modules").is_dir(), "its packages are missing: make test-clients"
    return subprocess.run(
        [command, *arguments],
        cwd=FOLDER,
        env={**os.environ, "BANGPATH_URL": url, "PASSWORD": PASSWORD, "SDK": sdk, "FORCE_COLOR": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
