"""The page of the REST door in a real Chromium: nothing before somebody signs in, then what their role may ask."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.graphiql import Watch
from tests.browser.process import PASSWORD


@pytest.fixture
def watch(service: str) -> Watch:
    return Watch(service)


@pytest.fixture
def docs(service: str, browser: Browser, watch: Watch) -> Iterator[Page]:
    """The page; whatever was done on it, nothing was asked of others and the browser had nothing to complain of."""
    with browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light") as context:
        context.set_default_timeout(20_000)
        watch.over(context)
        page = context.new_page()
        page.goto(f"{service}/docs")
        yield page
    assert {service.removeprefix("http://")} == watch.places
    assert [] == watch.complaints


def sign_in(docs: Page) -> None:
    docs.get_by_label("Account").fill("root")
    docs.get_by_label("Password").fill(PASSWORD)
    docs.get_by_role("button", name="Sign in").click()
    docs.locator(".opblock-tag").first.wait_for()


def opened(docs: Page, operation: str) -> Locator:
    """An operation on posts, to be filled in."""
    docs.locator("[data-tag=posts]").click()
    block = docs.locator(f"#operations-posts-posts_{operation}")
    block.locator(".opblock-summary-control").click()
    return block


def test_nothing_is_shown_to_nobody(docs: Page, watch: Watch) -> None:
    docs.get_by_text("Sign in to see what the service offers.").wait_for()

    assert [] == [request.url for request in watch.requests if "openapi.json" in request.url]


def test_operations_are_shown_and_can_be_tried(docs: Page) -> None:
    sign_in(docs)
    block = opened(docs, "list")
    block.get_by_role("button", name="Execute").click()

    expect(block.locator(".live-responses-table")).to_contain_text("A write that fires a workflow")


def test_the_token_is_shown_nowhere(docs: Page, watch: Watch) -> None:
    """It goes out with the request, and is not in the command that the page shows for it."""
    sign_in(docs)
    block = opened(docs, "count")
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".curl-command")).to_contain_text("/api/posts:count")
    [asked] = [request for request in watch.requests if "/api/" in request.url]
    token = asked.all_headers()["authorization"].removeprefix("Bearer ")

    assert token not in docs.content()
    assert token not in asked.url


def test_another_role_sees_less(docs: Page) -> None:
    sign_in(docs)
    expect(docs.locator("[data-tag=roles]")).to_be_visible()
    docs.get_by_label("Role").select_option("member")

    expect(docs.locator("[data-tag=roles]")).to_have_count(0)
    expect(docs.locator("[data-tag=posts]")).to_be_visible()


def test_signing_out_clears_the_page(docs: Page) -> None:
    sign_in(docs)
    docs.get_by_role("button", name="Sign out").click()
    docs.get_by_label("Password").wait_for()

    assert "posts" not in docs.content()
    assert re.search(r"^\s*$", docs.locator("#docs").inner_text())
