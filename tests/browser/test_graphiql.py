"""GraphiQL in a real Chromium on a real service: signing in, the four sample tabs, and what the page must not keep."""

import os
from typing import Any

from tests.browser.graphiql import GraphiQL
from tests.browser.process import until

TABS = ["CreateAndFire", "HandOverTheCategory", "RefusedManyToOne", "WhatRan"]
KEPT = """async () => ({
  local: localStorage.length,
  session: sessionStorage.length,
  cookies: document.cookie,
  databases: (await indexedDB.databases()).length,
  caches: (await caches.keys()).length,
  search: location.search,
  hash: location.hash,
  state: history.state,
})"""
NOTHING_KEPT = {
    "local": 0,
    "session": 0,
    "cookies": "",
    "databases": 0,
    "caches": 0,
    "search": "",
    "hash": "",
    "state": None,
}


def token_of(graphiql: GraphiQL) -> str:
    return graphiql.headers["authorization"].removeprefix("Bearer ")


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


def test_page_needs_no_token_and_asks_for_nothing(graphiql: GraphiQL) -> None:
    assert TABS == graphiql.tabs
    assert [] == graphiql.watch.posted


def test_who_has_not_signed_in_is_told_so(graphiql: GraphiQL) -> None:
    assert ["EMPTY_TOKEN"] == codes(graphiql.run("WhatRan"))
    assert "authorization" not in graphiql.headers


def test_wrong_password_is_told(graphiql: GraphiQL) -> None:
    graphiql.sign_in("wrong")
    graphiql.page.get_by_role("alert").filter(has_text="password").wait_for()

    assert "" == graphiql.page.get_by_label("Password").input_value()
    assert 1 == len(graphiql.watch.posted)


def test_refusal_of_the_service_is_text_not_markup(graphiql: GraphiQL) -> None:
    message = "<img src=x onerror=alert()>"
    answer = {"data": {"signIn": None}, "errors": [{"message": message}]}
    graphiql.page.route("**/graphql", lambda route: route.fulfill(json=answer))
    graphiql.sign_in("wrong")
    alert = graphiql.page.get_by_role("alert").filter(has_text=message)
    alert.wait_for()

    assert message == alert.inner_text()


def test_sign_in_loads_the_schema_and_offers_the_roles(graphiql: GraphiQL) -> None:
    graphiql.sign_in()
    graphiql.page.get_by_label("Show Documentation Explorer").click()
    graphiql.page.get_by_role("link", name="Mutation").wait_for()

    assert ["admin", "editor", "member", "root"] == graphiql.roles
    assert "root" == graphiql.page.get_by_label("Role").input_value()


def test_create_and_fire(graphiql: GraphiQL) -> None:
    graphiql.sign_in()
    created = graphiql.run("CreateAndFire")["data"]["createPost"]

    assert "Hello, world!" == created["record"]["title"]
    assert ["post-created", "post-audit"] == [workflow["key"] for workflow in created["workflows"]]


def test_hand_over_the_category(graphiql: GraphiQL) -> None:
    graphiql.sign_in()
    created = graphiql.run("HandOverTheCategory")["data"]["createPost"]

    assert "Test category" == created["record"]["category"]["title"]
    assert {"category-created": "category", "post-audit": None} == {
        workflow["key"]: workflow["association"] for workflow in created["workflows"]
    }


def test_refused_many_to_one(graphiql: GraphiQL) -> None:
    graphiql.sign_in()
    answer = graphiql.run("RefusedManyToOne")

    assert {"createPost": None} == answer["data"]
    assert ["TRIGGER_MANY_TO_ONE"] == codes(answer)


def test_what_ran_shows_the_execution_and_its_jobs(graphiql: GraphiQL) -> None:
    graphiql.sign_in()
    written = graphiql.run("HandOverTheCategory")["data"]["createPost"]
    id_ = next(workflow["executionId"] for workflow in written["workflows"] if workflow["association"])

    def ended() -> dict[str, Any] | None:
        items = graphiql.run("WhatRan")["data"]["executions"]["items"]
        return next((item for item in items if item["id"] == id_ and item["status"] not in ("queued", "running")), None)

    execution = until(ended)
    if file := os.environ.get("BANGPATH_SCREENSHOT"):
        graphiql.page.screenshot(path=file)

    assert ("category-created", "succeeded") == (execution["key"], execution["status"])
    assert written["record"]["category"]["id"] == execution["recordKey"]
    assert "Test category" == execution["context"]["data"]["title"]
    assert ["note"] == [job["nodeKey"] for job in execution["jobs"]]


def test_another_role_asks_from_then_on(graphiql: GraphiQL) -> None:
    graphiql.sign_in()
    graphiql.choose("member")
    answer = graphiql.run("WhatRan")

    assert "member" == graphiql.headers["x-role"]
    assert ["NO_PERMISSION"] == codes(answer)


def test_nothing_outlives_the_page(graphiql: GraphiQL) -> None:
    graphiql.sign_in()
    graphiql.run("CreateAndFire")
    token = token_of(graphiql)

    assert NOTHING_KEPT == graphiql.page.evaluate(KEPT)
    assert token not in graphiql.page.content()
    assert [] == [request.url for request in graphiql.watch.requests if token in request.url]


def test_sign_out_ends_the_token_and_clears_the_answers(graphiql: GraphiQL) -> None:
    graphiql.sign_in()
    graphiql.run("CreateAndFire")
    token = token_of(graphiql)
    graphiql.sign_out()
    query = {"query": "{ __typename }"}
    response = graphiql.page.request.post(
        f"{graphiql.watch.url}/graphql", data=query, headers={"Authorization": f"Bearer {token}"}
    )

    assert 401 == response.status
    assert "" == graphiql.shown
    assert TABS == graphiql.tabs


def test_sign_out_keeps_the_documents_and_the_colours(graphiql: GraphiQL) -> None:
    graphiql.sign_in()
    graphiql.page.get_by_label("Open settings dialog").click()
    graphiql.page.get_by_role("button", name="Dark").click()
    graphiql.page.keyboard.press("Escape")
    graphiql.page.get_by_label("Add tab").click()
    graphiql.page.locator(".graphiql-query-editor textarea").fill("query Mine { tags { count } }")
    graphiql.page.locator(".graphiql-tab-button", has_text="Mine").wait_for()
    graphiql.sign_out()

    assert [*TABS, "Mine"] == graphiql.tabs
    assert "graphiql-dark" in graphiql.page.locator("body").get_attribute("class").split()


def test_token_that_ended_elsewhere_leads_back_to_the_form(graphiql: GraphiQL) -> None:
    graphiql.sign_in()
    graphiql.page.request.post(
        f"{graphiql.watch.url}/graphql",
        data={"query": "mutation { signOut }"},
        headers={"Authorization": f"Bearer {token_of(graphiql)}"},
    )
    graphiql.run("CreateAndFire")
    graphiql.page.get_by_role("alert").filter(has_text="Your session has ended").wait_for()

    assert graphiql.page.get_by_label("Password").is_visible()


def test_service_that_is_away_is_told(graphiql: GraphiQL) -> None:
    graphiql.page.route("**/graphql", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    graphiql.sign_in("wrong")

    graphiql.page.get_by_role("alert").filter(has_text="answered 502 with something that is not JSON").wait_for()


def test_dialogs_of_graphiql_keep_to_the_policy(graphiql: GraphiQL) -> None:
    """The one style element that GraphiQL makes is the one that the policy names."""
    graphiql.page.get_by_label("Open settings dialog").click()
    graphiql.page.get_by_role("button", name="Dark").click()

    assert "graphiql-dark" in graphiql.page.locator("body").get_attribute("class").split()
