"""What is measured, and who may see it (attack J09)."""

import re

import pytest

from engine.system.models import Execution, Status
from tests.api.sockets import open_socket, serve
from tests.doors.conftest import give_role
from tests.until import until


@pytest.fixture
def figures(client, token):
    """The figures as a role may see them that sees nothing else."""

    async def figures() -> dict[str, float]:
        answer = await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert 200 == answer.status_code, answer.text
        return {name: float(value) for name, value in re.findall(r"^(\w.*) (\S+)$", answer.text, re.M)}

    return figures


async def test_it_takes_a_role_with_the_grant_and_no_other(client, token):
    await give_role("scraper", {"/metrics": {"read": {}}})
    await give_role("everything", {"*": {"read": {}, "create": {}}, "users": {"read": {}}})
    asked = [{}, *({"Authorization": f"Bearer {token}", "X-Role": role} for role in ("scraper", "everything"))]
    answers = [await client.get("/metrics", headers=headers) for headers in asked]

    assert [401, 200, 403] == [answer.status_code for answer in answers]
    assert answers[1].headers["content-type"].startswith("text/plain")
    assert "bangpath" not in answers[0].text + answers[2].text


@pytest.mark.parametrize(("role", "status"), [("root", 200), ("admin", 200), ("editor", 403), ("member", 403)])
async def test_roles_of_the_sample(client, token, role, status):
    headers = {"Authorization": f"Bearer {token}", "X-Role": role}

    assert status == (await client.get("/metrics", headers=headers)).status_code


@pytest.mark.parametrize("granted", [{"update": {}}, {"read": {"fields": ["id"]}}, {}, {"read": {}, "create": {}}, 1])
async def test_the_grant_is_whole_or_not_at_all(client, token, granted):
    headers = {"Authorization": f"Bearer {token}"}
    values = {"name": "scraper", "grants": {"/metrics": granted}}
    answer = await client.post("/api/roles:create", json=values, headers=headers)

    assert (400, "ROLE_INVALID") == (answer.status_code, answer.json()["errors"][0]["code"])


async def test_requests_are_counted_by_what_was_asked_for(client, token, figures):
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("posts:list", "posts", "posts:get/1", "posts:get/999", "nothing", "../../made/up"):
        await client.get(f"/api/{path}", headers=headers)
    await client.request("HACK", "/api/posts", headers=headers)
    await client.post("/graphql", json={"query": "{ posts { count } }"}, headers=headers)
    await client.get("/health/live")
    found = await figures()
    counted = {
        match[1]: value
        for name, value in found.items()
        if (match := re.match(r"bangpath_request_seconds_count\{(.*)\}$", name))
    }

    assert 2 == counted['method="GET",route="posts:list",status="200"']
    assert 1 == counted['method="GET",route="posts:get",status="404"']
    assert 1 == counted['method="POST",route="/graphql",status="200"']
    assert 1 == counted['method="GET",route="/health/live",status="200"']
    assert 1 == counted['method="other",route="/api/{path:path}",status="405"']
    assert not [name for name in found if "made" in name]


async def test_executions_are_counted_as_they_change_and_as_they_stand(door, figures, save):
    end = {"key": "end", "type": "end", "config": {"status": "failed"}}
    await save("fails", "tags", nodes=[end])
    await door.create("tags", {"name": "a"}, triggers=["fails"])
    await until(lambda: Execution.exists(status=Status.FAILED))
    found = await figures()

    assert 1 == found['bangpath_executions_total{status="failed"}']
    assert 1 == found['bangpath_executions_now{status="failed"}']
    assert 0 == found['bangpath_executions_now{status="queued"}'] == found["bangpath_oldest_queued_seconds"]


async def test_what_is_rolled_back_is_not_counted(door, figures, save):
    await save("pure", "tags", sync=True)
    await door.create("tags", {"name": "a"}, triggers=["pure"], dry_run=True)

    assert not [name for name in await figures() if name.startswith("bangpath_executions_total")]


async def test_open_sockets_are_counted(service, token, figures):
    async with serve(service.asgi) as url, open_socket(url) as peer:
        await peer.begin(token)

        assert 1 == (await figures())["bangpath_sockets"]
