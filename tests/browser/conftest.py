"""One service and one browser for all tests; to each test a page that has never been anywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.graphiql import GraphiQL, Watch
from tests.browser.process import served

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",  # root may not have one, and that is who runs this in a container
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # Whatever Chromium wants of its own accord finds no way out.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), "chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def graphiql(service: str, browser: Browser) -> Iterator[GraphiQL]:
    """The page; whatever was done on it, nothing was asked of others and the browser had nothing to complain of."""
    watch = Watch(service)
    with browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light") as context:
        context.set_default_timeout(20_000)
        watch.over(context)
        yield GraphiQL(context.new_page(), watch)
    assert {service.removeprefix("http://")} == watch.places
    assert [] == watch.complaints
