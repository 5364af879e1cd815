"""What ran on a record, and what a request has caused, in both doors."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import httpx
import pytest

from engine.system.models import Execution
from schema.resolvers.history import has_history
from schema.sample.models import Note, Post
from tests.doors.conftest import give_role
from tests.doors.door import Door
from tests.until import until

NOTE = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": "a"}}}
ARCHIVE = {
    "key": "archive",
    "type": "update",
    "config": {
        "collection": "posts",
        "filter": {"id": "{{$context.data.id}}"},
        "values": {"status": "archived"},
    },
}

TREE = "execution { id key jobs { path status } } records { collection key path }"

Ask: TypeAlias = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def rest(client: httpx.AsyncClient, token: str) -> Ask:
    async def ask(path: str, role: str = "root", **query: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}", "X-Role": role}
        return (await client.get(f"/api/{path}", headers=headers, params=query)).json()

    return ask


@pytest.fixture
def graphql(client: httpx.AsyncClient, token: str) -> Ask:
    async def ask(query: str, role: str = "root", **variables: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}", "X-Role": role}
        return (await client.post("/graphql", headers=headers, json={"query": query, "variables": variables})).json()

    return ask


async def wrote(door: Door, request_id: str, *triggers: str) -> Any:
    """A post that was created by this request, when everything that it started has ended."""
    door.client.headers["X-Request-Id"] = request_id
    answer = await door.create("posts", {"title": "a"}, triggers=triggers)
    await until(lambda: ended(request_id))
    del door.client.headers["X-Request-Id"]
    return answer.data["id"]


async def ended(request_id: str) -> bool:
    return not await Execution.filter(request_id=request_id, finished_at=None).exists()


async def test_a_request_tells_what_it_caused(door, save, rest, graphql):
    """Executions in order, with the jobs they had and the records these wrote; whichever door the write came by."""
    await save("a", nodes=[NOTE, ARCHIVE])
    post = await wrote(door, "r-1", "a")
    note = await Note.filter(text="a").order_by("-id").first()
    by_rest = (await rest("requests:get/r-1"))["data"]
    by_graphql = (await graphql(f'{{ request(id: "r-1") {{ id truncated executions {{ {TREE} }} }} }}'))["data"]
    written = [
        {"collection": "notes", "key": str(note.id), "path": "note"},
        {"collection": "posts", "key": str(post), "path": "archive"},
    ]

    assert ("r-1", False) == (by_rest["id"], by_rest["truncated"])
    assert ["a", "post-audit"] == [execution["key"] for execution in by_rest["executions"]]
    assert ["note", "archive"] == [job["path"] for job in by_rest["executions"][0]["jobs"]]
    assert written == by_rest["executions"][0]["records"]
    assert written == by_graphql["request"]["executions"][0]["records"]
    assert by_rest["executions"][0]["id"] == int(by_graphql["request"]["executions"][0]["execution"]["id"])


async def test_what_executions_caused_hangs_on_them(door, save, rest):
    """By the column `cause`."""
    await save("a")
    await wrote(door, "r-1", "a")
    first, second = await Execution.filter(request_id="r-1").order_by("id")
    await Execution.filter(id=second.id).update(cause=first.id)
    [told] = (await rest("requests:get/r-1"))["data"]["executions"]

    assert first.id == told["id"]
    assert [second.id] == [execution["id"] for execution in told["executions"]]


async def test_other_requests_are_not_told_of(door, save, rest):
    """Each has its own."""
    await wrote(door, "r-1")
    await wrote(door, "r-2")
    told = (await rest("requests:get/r-2"))["data"]["executions"]

    assert ["r-2"] == [execution["requestId"] for execution in told]


async def test_a_request_that_caused_nothing_is_not_found(rest, graphql):
    by_rest = await rest("requests:get/none")
    by_graphql = await graphql('{ request(id: "none") { id } }')

    assert "NOT_FOUND" == by_rest["errors"][0]["code"]
    assert "NOT_FOUND" == by_graphql["errors"][0]["extensions"]["code"]


async def test_history_takes_the_right_to_read_executions(door, rest, graphql):
    """A member sees neither; the post itself stays readable."""
    await give_role("reader", {"posts": {"read": {}}})
    post = await wrote(door, "r-1")
    document = f"{{ post(id: {post}) {{ title executions {{ id }} }} }}"
    answers = [await rest("requests:get/r-1", "reader"), await rest(f"posts/{post}/executions:list", "reader")]
    by_graphql = await graphql(document, "reader")

    assert ["NO_PERMISSION"] * 2 == [answer["errors"][0]["code"] for answer in answers]
    assert {"title": "a", "executions": None} == by_graphql["data"]["post"]
    assert "NO_PERMISSION" == by_graphql["errors"][0]["extensions"]["code"]


async def test_history_of_a_record_takes_the_right_to_read_it(door, rest):
    """Whoever sees executions alone is not led to records."""
    await give_role("auditor", {"executions": {"read": {}}})
    post = await wrote(door, "r-1")
    answer = await rest(f"posts/{post}/executions:list", "auditor")

    assert "NO_PERMISSION" == answer["errors"][0]["code"]


async def test_what_ran_on_a_record(door, save, rest, graphql):
    """All of it and nothing of others, the last first where asked."""
    await save("a")
    post = await wrote(door, "r-1", "a")
    await wrote(door, "r-2", "a")
    by_rest = await rest(f"posts/{post}/executions:list", sort="-id", fields="key,recordKey")
    by_graphql = await graphql(f"{{ post(id: {post}) {{ executions {{ key recordKey }} }} }}")
    expected = [{"key": key, "recordKey": str(post)} for key in ("post-audit", "a")]

    assert expected == by_rest["data"]
    assert 2 == by_rest["meta"]["count"]
    assert expected == by_graphql["data"]["post"]["executions"]


async def test_the_history_of_a_record_outlives_it(door, rest):
    post = await wrote(door, "r-1")
    await Post.filter(id=post).delete()

    assert ["post-audit"] == [each["key"] for each in (await rest(f"posts/{post}/executions:list"))["data"]]


async def test_the_plain_spelling_lists_too(door, rest):
    post = await wrote(door, "r-1")

    assert 1 == (await rest(f"posts/{post}/executions"))["meta"]["count"]


async def test_history_is_narrowed_by_filters(door, rest):
    """A caller's filter cannot widen it to other records."""
    post = await wrote(door, "r-1")
    await wrote(door, "r-2")
    everything = '{"$or":[{"id":{"$gt":0}}]}'

    assert 1 == (await rest(f"posts/{post}/executions:list", filter=everything))["meta"]["count"]
    assert 0 == (await rest(f"posts/{post}/executions:list", **{"filter[status]": "error"}))["meta"]["count"]


@pytest.mark.parametrize("path", ["posts/abc/executions:list", "posts/1/executions:create", "posts/1/executions:get/1"])
async def test_a_wrong_key_or_action_is_refused(rest, path):
    answer = await rest(path)

    assert answer["errors"][0]["code"] in ("BAD_KEY", "NOT_FOUND")


async def test_pages_go_on_behind_the_last_one(door, rest, graphql):
    """Without counting, from the end; nothing is told twice and nothing left out."""
    post = await wrote(door, "r-1")
    [row] = await Execution.filter(request_id="r-1")
    copied = {name: getattr(row, name) for name in row._meta.db_fields - {"id", "once"}}
    await Execution.bulk_create([Execution(**copied, once=str(number)) for number in range(4)])
    numbers = sorted(await Execution.filter(record_key=str(post)).values_list("id", flat=True), reverse=True)
    inner = "executions(pageSize: 2, before: $before) { id }"
    query = f"query($before: ID) {{ post(id: {post}) {{ {inner} }} }}"
    seen: list[int] = []
    while page := (await graphql(query, before=seen[-1] if seen else None))["data"]["post"]["executions"]:
        seen += [int(execution["id"]) for execution in page]
    behind = await rest("executions:list", sort="-id", paginate="false", pageSize=2, **{"filter[id][$lt]": numbers[0]})

    assert numbers == seen
    assert numbers[1:3] == [execution["id"] for execution in behind["data"]]
    assert "meta" not in behind


async def test_ours_have_no_history_of_their_own(service):
    """Users and workflows are not handed to workflows."""
    found = {name for name, collection in service.engine.collections.items() if has_history(collection)}

    assert {"posts", "notes"} <= found
    assert not {"users", "roles", "workflows", "executions", "jobs"} & found
