"""NocoBase's own client for JavaScript: what it sends is understood. The tests themselves are in `node/`."""

import re

import pytest

from tests.clients.javascript import FOLDER, node
from tests.process.served import Served

FILES = sorted(path.name for path in FOLDER.glob("*.test.js"))


@pytest.mark.parametrize("sdk", ["@nocobase/sdk", "@nocobase/sdk-newest"])
@pytest.mark.parametrize("file", FILES)
def test_the_sdk_is_understood(served: Served, file: str, sdk: str) -> None:
    """Every test of the file passes, with the last SDK that loads by itself and with the newest; none is left out."""
    done = node("--test", "--test-reporter=spec", file, url=served.url, sdk=sdk)

    assert 0 == done.returncode, done.stdout
    assert [("skipped", "0"), ("todo", "0")] == re.findall(r"^ℹ (skipped|todo) (\d+)$", done.stdout, re.MULTILINE)
    assert re.search(r"^ℹ pass [1-9]", done.stdout, re.MULTILINE)


def test_there_are_tests() -> None:
    assert {"records.test.js", "relations.test.js", "sign-in.test.js", "workflows.test.js"} <= set(FILES)
