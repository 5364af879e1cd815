"""GraphiQL's page as a person uses it, and what a person does not see of it: requests, complaints of the browser."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Request, Response, Route

from tests.browser.process import PASSWORD, until

# Asked again and again by `until`: Playwright's own waiting for a condition calls `eval`, which the policy forbids.
SHOWN = "document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue() ?? ''"
OPENED = "(tab) => document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.operationName === tab"


@dataclass
class Watch:
    """Hears everything that a browser sends and complains of; what would leave this service is stopped."""

    url: str
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self.requests.append(request))
        context.on("console", lambda message: self._complain(message.type, message.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.route("**/*", self._let_through)

    @property
    def posted(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    @property
    def places(self) -> set[str]:
        """The hosts that were asked; a `data:` address is none."""
        return {urlsplit(request.url).netloc for request in self.requests} - {""}

    def _let_through(self, route: Route) -> None:
        if urlsplit(route.request.url).netloc == urlsplit(self.url).netloc:
            route.continue_()
        else:
            route.abort()

    def _complain(self, kind: str, text: str) -> None:
        # Chromium reports each 4xx of the network as an error; that one is the service's to give.
        if kind in ("error", "warning") and "the server responded with a status of" not in text:
            self.complaints.append(text)


class GraphiQL:
    """The page, opened and not signed in."""

    def __init__(self, page: Page, watch: Watch) -> None:
        self.page = page
        self.watch = watch
        page.goto(f"{watch.url}/graphql")
        page.locator(".graphiql-query-editor .CodeMirror").wait_for()

    @property
    def tabs(self) -> list[str]:
        return self.page.locator(".graphiql-tab-button").all_inner_texts()

    @property
    def roles(self) -> list[str]:
        return self.page.get_by_label("Role").locator("option").all_inner_texts()

    @property
    def shown(self) -> str:
        """The text in the pane of the answer."""
        text: str = self.page.evaluate(SHOWN)
        return text

    @property
    def headers(self) -> dict[str, str]:
        """Those of the last document that was sent."""
        return self.watch.posted[-1].all_headers()

    def sign_in(self, password: str = PASSWORD) -> None:
        """As root; when the password is right, the schema is there afterwards."""
        self.page.get_by_label("Account").fill("root")
        self.page.get_by_label("Password").fill(password)
        with self.page.expect_response(_is_schema if password == PASSWORD else _is_posted):
            self.page.get_by_role("button", name="Sign in").click()

    def choose(self, role: str) -> None:
        with self.page.expect_response(_is_schema):
            self.page.get_by_label("Role").select_option(role)

    def sign_out(self) -> None:
        """Afterwards there is a new GraphiQL, which has nothing of the old one's answers."""
        self.page.locator(".graphiql-container").evaluate("(element) => element.setAttribute('data-left', '')")
        with self.page.expect_response(_is_posted):
            self.page.get_by_role("button", name="Sign out").click()
        self.page.locator(".graphiql-container:not([data-left])").wait_for()

    def run(self, tab: str) -> dict[str, Any]:
        """Open a tab, run what is in it; answers what is shown."""
        self.page.locator(".graphiql-tab-button", has_text=tab).click()
        # GraphiQL reads the name of the operation a tenth of a second after the document changed, and sends it along.
        until(lambda: self.page.evaluate(OPENED, tab))
        with self.page.expect_response(_is_posted):
            self.page.locator("button.graphiql-execute-button").click()
        return until(lambda: _answer(self.shown))


def _answer(shown: str) -> dict[str, Any] | None:
    """None while the pane is empty, and when it holds what is no answer."""
    return json.loads(shown) if shown.startswith("{") else None


def _is_posted(response: Response) -> bool:
    return response.request.method == "POST"


def _is_schema(response: Response) -> bool:
    return _is_posted(response) and "IntrospectionQuery" in (response.request.post_data or "")
