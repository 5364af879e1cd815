"""GraphiQL's sample tabs: whether they fit the sample, and the page."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from api.graphql import PAGE

FOLDER = PAGE.parent
TABS = sorted(FOLDER.glob("tabs/*.graphql"))
SCHEMA = Path(__file__).parents[2] / "docs" / "schema.graphql"


@pytest.mark.parametrize("tab", TABS, ids=lambda path: path.stem)
def test_sample_tab_fits_the_sample(tab: Path) -> None:
    complaints = validate(build_schema(SCHEMA.read_text("utf-8")), parse(tab.read_text("utf-8")))

    assert [] == complaints


@pytest.mark.parametrize("tab", TABS, ids=lambda path: path.stem)
def test_sample_tab_is_read_without_scrolling_sideways(tab: Path) -> None:
    """In the editor's half of a window 1280 pixels wide."""
    assert 46 >= max(len(line) for line in tab.read_text("utf-8").splitlines())


def test_sample_tabs_are_the_four_that_the_page_opens() -> None:
    [listed] = re.findall(r"const TABS = \[(.+?)\]", (FOLDER / "page.js").read_text("utf-8"))

    assert [tab.stem for tab in TABS] == sorted(re.findall(r'"(.+?)"', listed))
    assert 4 == len(TABS)
