"""Our pages as text: what they load, from where, and what their policies allow."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from starlette.applications import Starlette

from api import docs_page, graphql
from api.static_files import static_route

PAGES = {"graphql": (graphql.PAGE, graphql.PAGE_HEADERS), "docs": (docs_page.PAGE, docs_page.HEADERS)}
LICENCES = (".md", ".txt")

each_page = pytest.mark.parametrize(("page", "headers"), PAGES.values(), ids=PAGES)


class Elements(HTMLParser):
    """The elements of a page, each as its name and attributes."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    @property
    def loaded(self) -> dict[str, str | None]:
        """What the page loads, by its address, with the hash it is pinned to."""
        return {
            address: attributes.get("integrity")
            for tag, attributes in self.found
            if tag in ("script", "link", "img") and (address := attributes.get("src") or attributes.get("href"))
        }


def sha384(path: Path) -> str:
    return f"sha384-{base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()}"


@each_page
def test_vendored_files_are_the_pinned_ones(page, headers):
    pinned = {address: hash_ for address, hash_ in Elements(page).loaded.items() if "/vendor/" in address}
    vendored = [path for path in (page.parent / "vendor").iterdir() if path.suffix not in LICENCES]

    assert pinned == {f"static/{page.parent.name}/vendor/{path.name}": sha384(path) for path in vendored}


@each_page
def test_vendored_files_have_their_licence_told(page, headers):
    vendor = page.parent / "vendor"
    told = (vendor / "LICENSES.md").read_text("utf-8")

    assert {path.name for path in vendor.iterdir()} - {"LICENSES.md"} == set(re.findall(r"^\| `(.+?)`", told, re.M))


@pytest.mark.parametrize(
    ("at", "address"), [(name, address) for name, (page, _) in PAGES.items() for address in Elements(page).loaded]
)
async def test_page_loads_local_files_alone(at, address):
    transport = httpx.ASGITransport(Starlette(routes=[static_route()]))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get(urljoin(f"http://test/{at}", address))

    assert (200, "test") == (response.status_code, response.url.host)


@each_page
def test_page_has_no_script_or_style_of_its_own(page, headers):
    elements = Elements(page).found

    assert all("src" in attributes for tag, attributes in elements if tag == "script")
    assert "style" not in {tag for tag, _ in elements}
    assert [] == [name for _, attributes in elements for name in attributes if name == "style" or name.startswith("on")]


@each_page
def test_policy_runs_our_own_files_alone(page, headers):
    policy = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))

    assert "'none'" == policy["default-src"]
    assert "'self'" == policy["script-src"]
    assert "'self'" == policy["connect-src"]
    assert "'none'" == policy["frame-ancestors"]
    assert "unsafe" not in str(policy)
