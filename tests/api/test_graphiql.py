"""GraphiQL's page as text: what it loads, from where, and whether the sample tabs fit the sample."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from graphql import build_schema, parse, validate
from starlette.applications import Starlette

from api.graphql import PAGE, PAGE_HEADERS
from api.static_files import static_route

FOLDER = PAGE.parent
VENDOR = FOLDER / "vendor"
TABS = sorted(FOLDER.glob("tabs/*.graphql"))
SCHEMA = Path(__file__).parents[2] / "docs" / "schema.graphql"


class Page(HTMLParser):
    """The elements of the page, each as its name and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(PAGE.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    @property
    def loaded(self) -> dict[str, str | None]:
        """What the page loads, by its address, with the hash it is pinned to."""
        return {
            address: attributes.get("integrity")
            for tag, attributes in self.elements
            if tag in ("script", "link", "img") and (address := attributes.get("src") or attributes.get("href"))
        }


def sha384(path: Path) -> str:
    return f"sha384-{base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()}"


def test_vendored_files_are_the_pinned_ones() -> None:
    pinned = {address: hash_ for address, hash_ in Page().loaded.items() if "/vendor/" in address}
    files = {f"static/graphiql/vendor/{path.name}": sha384(path) for path in VENDOR.iterdir() if path.suffix != ".md"}

    assert pinned == files


def test_vendored_files_have_their_licence_told() -> None:
    told = (VENDOR / "LICENSES.md").read_text("utf-8")

    assert {path.name for path in VENDOR.iterdir()} - {"LICENSES.md"} == set(re.findall(r"^\| `(.+?)`", told, re.M))


@pytest.mark.parametrize("address", Page().loaded)
async def test_page_loads_local_files_alone(address: str) -> None:
    transport = httpx.ASGITransport(Starlette(routes=[static_route()]))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get(urljoin("http://test/graphql", address))

    assert (200, "test") == (response.status_code, response.url.host)


def test_page_has_no_script_or_style_of_its_own() -> None:
    elements = Page().elements

    assert all("src" in attributes for tag, attributes in elements if tag == "script")
    assert "style" not in {tag for tag, _ in elements}
    assert [] == [name for _, attributes in elements for name in attributes if name == "style" or name.startswith("on")]


def test_policy_runs_our_own_files_alone() -> None:
    policy = dict(rule.strip().split(" ", 1) for rule in PAGE_HEADERS["Content-Security-Policy"].split(";"))

    assert "'none'" == policy["default-src"]
    assert "'self'" == policy["script-src"]
    assert "'self'" == policy["connect-src"]
    assert "'none'" == policy["frame-ancestors"]
    assert "unsafe" not in str(policy)


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
