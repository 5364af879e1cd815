"""The history of executions as it is told to readers: no more of any record than they may read by themselves."""

from typing import Any

import httpx
import pytest

from api.app import Service
from engine.system.models import Execution, Role, Status, User
from schema.sample.models import Post, Tag
from tests.api.sockets import open_socket, serve
from tests.conftest import PASSWORD
from tests.doors.conftest import Rows, Save, give_role
from tests.doors.door import Door
from tests.until import until

SHOWN = ["title", "author", "tags"]
# Reads every execution, of posts a part, and of tags all but some.
READER: dict[str, Any] = {
    "executions": {"read": {}, "update": {}},
    "posts": {"read": {"fields": SHOWN, "filter": {"title": {"$ne": "hidden"}}}},
    "tags": {"read": {"filter": {"name": {"$ne": "hidden"}}}},
    "users": {"read": {"fields": ["nickname"]}},
}
# Reads everything that the workflow of these tests reaches, and nothing else.
ENOUGH: dict[str, Any] = {
    "executions": {"read": {}, "update": {}},
    **{name: {"read": {}} for name in ("posts", "tags", "users", "notes")},
}
OWN = {"executions": {"read": {"filter": {"userId": "{{$user.id}}"}}, "update": {}}, "posts": {"read": {}}}
COLUMNS: dict[str, Any] = {"executions": {"read": {}}, "posts": {"create": {}, "read": {"fields": ["title"]}}}
ROLES = {
    "reader": READER,
    "enough": ENOUGH,
    "own": OWN,
    "columns": COLUMNS,
    "other columns": COLUMNS,
    "auditor": {"executions": {"read": {}}},
}
NOTE = {"collection": "notes", "values": {"text": "{{$context.data.secretNote}}"}}
NODES = [
    {"key": "note", "type": "create", "config": NOTE},
    {"key": "say", "type": "response_message", "config": {"message": "It says {{$context.data.secretNote}}"}},
]
SECRET = "psst"


@pytest.fixture
async def roles(service: Service) -> None:
    for name, grants in ROLES.items():
        await give_role(name, grants)


@pytest.fixture
async def execution(roles: None, door: Door, save: Save) -> int:
    """Somebody wrote a post, and its workflow has ended."""
    await save("w", config={"appends": ["author", "tags"]}, nodes=NODES)
    tags = [await Tag.create(name=name) for name in ("seen", "hidden")]
    values = {"title": "shown", "secretNote": SECRET, "tags": [{"id": tag.id} for tag in tags]}
    answer = await door.create("posts", values, triggers=["w"])
    return await ended(next(each["executionId"] for each in answer.workflows if each["key"] == "w"))


async def ended(execution: Any) -> int:
    async def look() -> bool:
        return (await Execution.get(id=execution)).status.terminal

    await until(look)
    return int(execution)


@pytest.fixture
def ask(client: httpx.AsyncClient, token: str) -> Any:
    """Asks as `reader`: a path of REST, or a document of GraphQL; answers the body."""

    async def ask(what: str, body: Any = None, role: str = "reader", **params: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}", "X-Role": role}
        if what.startswith("/"):
            method, sent = ("GET", {}) if body is None else ("POST", {"json": body})
            response = await client.request(method, f"/api{what}", headers=headers, params=params or None, **sent)
        else:
            response = await client.post("/graphql", json={"query": what, "variables": params}, headers=headers)
        return response.json()

    return ask


# --- what is told of records


async def test_the_record_of_a_context_is_cut_to_what_may_be_read(execution, door: Door):
    whole = await door.get("executions", execution)
    cut = await door.get("executions", execution, role="reader")

    data = cut.data["context"]["data"]
    assert SECRET in str(whole.data)
    assert SECRET not in str(cut.data)
    assert {"id", "title", "authorId", "author", "tags"} == data.keys()
    assert {"id", "nickname"} == data["author"].keys()
    assert ["seen"] == [tag["name"] for tag in data["tags"]]
    assert {"id": data["authorId"], "nickname": "Root"} == cut.data["context"]["user"]


async def test_what_a_record_was_is_cut_too(execution, door: Door, save: Save):
    post = await Post.get(title="shown")
    answer = await door.update("posts", {"title": "new", "secretNote": "hush"}, key=post.id, triggers=["w"])
    again = await ended(answer.workflows[0]["executionId"])

    context = (await door.get("executions", again, role="reader")).data["context"]

    assert {"id", "title", "authorId"} == context["previous"].keys()
    assert ["title"] == context["changed"]


async def test_a_record_that_is_hidden_by_now_is_not_told_of(execution, door: Door):
    await Post.filter(title="shown").update(title="hidden")

    context = (await door.get("executions", execution, role="reader")).data["context"]

    assert (None, None, []) == (context["data"], context["previous"], context["changed"])


async def test_a_record_that_has_ended_is_told_to_those_from_whom_no_row_is_hidden(execution, door: Door):
    await Post.filter(title="shown").delete()

    told = [(await door.get("executions", execution, role=role)).data["context"] for role in ("columns", "reader")]

    assert [{"id", "title"}, None] == [each["data"] and set(each["data"]) for each in told]


async def test_who_may_read_no_records_is_told_of_none(execution, door: Door):
    told = (await door.get("executions", execution, role="auditor")).data

    assert ("w", "succeeded") == (told["key"], told["status"])
    assert (None, None) == (told["context"]["data"], told["context"]["user"])


# --- what cannot be told apart


@pytest.mark.parametrize(("role", "told"), [("reader", False), ("enough", True), ("root", True)])
async def test_what_nodes_did_is_told_to_who_may_read_all_that_the_workflow_reaches(execution, door, role, told):
    [note, _] = (await door.page("jobs", role=role, filter={"executionId": execution}, sort=["id"])).data

    assert ("note", "succeeded") == (note["nodeKey"], note["status"])
    assert told == (SECRET in str(note["input"]))
    assert told == (SECRET in str(note["result"]))


@pytest.mark.parametrize(("role", "told"), [("reader", None), ("enough", "NOT NULL")])
async def test_why_it_failed_is_told_to_them_too(execution, door: Door, role: str, told: str | None):
    """An error may quote what it failed of."""
    await Execution.filter(id=execution).update(status=Status.ERROR, error=f"NOT NULL {SECRET}", output={"a": SECRET})

    answer = await door.get("executions", execution, role=role)

    assert told == (answer.data["error"] and answer.data["error"].removesuffix(f" {SECRET}"))
    assert (told is not None) == (SECRET in str(answer.data["output"]))


@pytest.mark.parametrize(
    "reached",
    [
        {"config": {"appends": ["category"]}},
        {"config": {"condition": {"category": {"title": "x"}}}},
        {"nodes": [{"key": "q", "type": "query", "config": {"collection": "comments"}}]},
        {"nodes": [{"key": "q", "type": "query", "config": {"collection": "tags", "appends": ["posts.comments"]}}]},
        {"nodes": [{"key": "q", "type": "query", "config": {"collection": "posts", "filter": {"comments.id": 1}}}]},
    ],
)
async def test_whatever_a_workflow_reaches_counts(execution, door: Door, reached: dict[str, Any]):
    row = await Execution.get(id=execution)
    document = {**row.document, **reached}
    document["config"] = {**row.document["config"], **reached.get("config", {})}
    await Execution.filter(id=execution).update(document=document)

    jobs = (await door.page("jobs", role="enough", filter={"executionId": execution})).data

    assert 2 == len(jobs)
    assert SECRET not in str(jobs)


async def test_what_was_handed_over_by_hand_is_told_to_them_alone(execution, door: Door, service: Service):
    row = await Execution.get(id=execution)
    answer = await door.workflow("execute", key=row.workflow_id, data={"title": "x", "secretNote": SECRET})
    by_hand = await ended(answer.data["id"])

    told = [(await door.get("executions", by_hand, role=role)).data["context"]["data"] for role in ("reader", "enough")]

    assert [None, {"title": "x", "secretNote": SECRET}] == told


async def test_messages_are_for_whoever_caused_it(roles, door: Door, ask, save: Save):
    """They are what the author of a workflow wants its caller to know."""
    await save("w", sync=True, nodes=[NODES[1]])
    made = await ask("/posts:create?triggerWorkflows=w", {"title": "mine", "secretNote": SECRET}, role="columns")
    number = next(each["executionId"] for each in made["meta"]["workflows"] if each["key"] == "w")

    told = [(await door.get("executions", number, role=role)).data["messages"] for role in ("columns", "other columns")]

    assert [[f"It says {SECRET}"], []] == told


# --- every way to it


@pytest.mark.parametrize(
    "path",
    [
        "/executions:list",
        "/executions:list?appends=jobs",
        "/executions:get/{}?appends=jobs.execution",
        "/executions:get/{}?fields=context,jobs.result,error",
        "/executions:get/{}?except=id",
        "/executions/{}/jobs:list",
        "/executions/{}/jobs:list?appends=execution",
        "/jobs:list",
        "/jobs:list?fields=result,input",
        "/jobs:list?fields=execution.context",
        "/posts/{post}/executions:list?appends=jobs",
        "/requests:get/{request}",
        "{{ execution(id: {}) {{ context messages output error jobs {{ input error execution {{ context }} }} }} }}",
        "{{ executions {{ items {{ context jobs {{ result }} }} }} }}",
        "{{ jobs {{ items {{ input result execution {{ context messages }} }} }} }}",
        "{{ post(id: {post}) {{ executions {{ context jobs {{ result input }} }} }} }}",
        '{{ request(id: "{request}") {{ executions {{ execution {{ context jobs {{ input result }} }} }} }} }}',
    ],
)
async def test_no_way_leads_to_what_is_hidden(execution, ask, path: str):
    row = await Execution.get(id=execution)
    asked = path.format(execution, post=row.record_key, request=row.request_id)

    cut, whole = await ask(asked), await ask(asked, role="root")

    assert SECRET not in str(cut)
    assert "errors" not in cut
    assert SECRET in str(whole)


@pytest.mark.parametrize("action", ["rerun", "cancel"])
async def test_the_answer_of_a_change_is_cut_too(execution, door: Door, ask, action: str):
    if action == "cancel":
        await Execution.filter(id=execution).update(status=Status.WAITING)

    by_rest = await ask(f"/executions:{action}/{execution}", {})
    document = "mutation {{ {}Execution(id: {}) {{ record {{ context messages error jobs {{ result }} }} }} }}"
    if action == "cancel":
        await Execution.filter(id=execution).update(status=Status.WAITING)
    by_graphql = await ask(document.format(action, execution))

    assert "shown" == by_rest["data"]["context"]["data"]["title"]
    assert "shown" in str(by_graphql)
    assert SECRET not in str((by_rest, by_graphql))


async def test_the_answer_of_a_run_by_hand_is_cut_too(execution, service: Service, door: Door, ask):
    await Role.filter(name="reader").update(grants={**READER, "workflows": {"update": {}}})
    service.engine.accounts.forget()
    row = await Execution.get(id=execution)

    answer = await ask(f"/workflows:execute/{row.workflow_id}", {"data": int(row.record_key)})

    assert "shown" == answer["data"]["context"]["data"]["title"]
    assert SECRET not in str(answer)


async def test_who_follows_an_execution_is_told_no_more(execution, service: Service, token: str):
    followed = "subscription ($id: ID!) { executionChanged(id: $id) { context messages error jobs { result input } } }"
    told = []
    async with serve(service.asgi) as url:
        for role in ("reader", "root"):
            async with open_socket(url) as peer:
                await peer.begin(token, **{"X-Role": role})
                await peer.subscribe("1", followed, id=execution)
                told.append(str(await peer.receive()))

    assert [False, True] == [SECRET in each for each in told]
    assert "shown" in told[0]


# --- oracles


@pytest.mark.parametrize(
    ("collection", "name"),
    [
        *(("executions", name) for name in ("context", "output", "messages", "error")),
        ("jobs", "result"),
        ("jobs", "error"),
    ],
)
async def test_what_is_told_in_part_is_neither_filtered_nor_sorted_by(execution, ask, collection, name):
    """Comparing would tell the rest. The columns are told like unknown ones."""
    paths = [
        f"/{collection}:list?sort={name}",
        f"/{collection}:list?filter[{name}][$exists]=true",
        f"/{collection}:count?filter[$not][{name}.$empty]=true",
        f"/{'jobs' if collection == 'executions' else 'executions'}:list?filter"
        f"[{'execution' if collection == 'executions' else 'jobs'}][{name}][$notEmpty]=true",
    ]

    answers = [await ask(path) for path in paths]
    mutation = await ask(
        f'mutation {{ rerunExecutions(filter: {{ error: {{ includes: "{SECRET}" }} }}) {{ records {{ id }} }} }}'
    )

    assert [["UNKNOWN_FIELD"]] * 4 == [[error["code"] for error in answer["errors"]] for answer in answers]
    assert "UNKNOWN_FIELD" == mutation["errors"][0]["extensions"]["code"]
    assert "Did you mean" not in str(answers)


async def test_who_may_read_everything_filters_by_it(execution, ask):
    found = await ask("/executions:list", role="root", filter='{"error": null, "key": "w"}', sort="error")

    assert 1 == found["meta"]["count"]


# --- only one's own


async def test_others_executions_are_not_there(execution, service: Service, door: Door, rows: Rows):
    """Attack C09: they are neither read, nor ended, nor run again."""
    user = await User.create(username="clerk", nickname="Clerk", password_hash=PASSWORD, default_role="own")
    await user.roles.add(await Role.get(name="own"))
    door.token = await service.issue_token("clerk", 1)
    before = await rows()

    answers = [
        await door.get("executions", execution, role="own"),
        await door.execution("cancel", key=execution, role="own"),
        await door.execution("rerun", key=execution, role="own"),
    ]
    missing = [await door.execution(action, key=10**6, role="own") for action in ("cancel", "rerun")]
    many = await door.execution("rerun", filter={"key": {"$eq": "w"}}, role="own")

    assert [["NOT_FOUND"]] * 3 == [answer.codes for answer in answers]
    assert [each.errors[0]["message"].replace(str(10**6), str(execution)) for each in missing] == [
        each.errors[0]["message"] for each in answers[1:]
    ]
    assert [] == many.data
    assert [] == (await door.page("jobs", role="own")).data
    assert before == await rows()


async def test_ones_own_are_there(execution, door: Door):
    """The role is held by root here, whose write it was."""
    again = await door.execution("rerun", key=execution, role="own")

    assert execution == int(again.data["rerunOf"])
    assert ["w", "w"] == [each["key"] for each in (await door.page("executions", role="own", filter={"key": "w"})).data]


# --- refusals


@pytest.mark.parametrize(("role", "told"), [("columns", False), ("root", True)])
async def test_why_an_atomic_workflow_failed_is_told_to_who_may_know(roles, door: Door, save: Save, role, told):
    values = {"title": "x", "categoryId": "{{$context.data.secretNote}}"}
    failing = {"key": "fails", "type": "create", "config": {"collection": "posts", "values": values}}
    say = {"key": "say", "type": "response_message", "config": {"message": "Ask an editor."}}
    await save("w", sync=True, options={"atomic": True}, nodes=[say, failing])

    answer = await door.create("posts", {"title": "mine", "secretNote": SECRET}, triggers=["w"], role=role)

    [error] = answer.errors
    assert ("WORKFLOW_REJECTED", "fails", ["Ask an editor."]) == (
        error["code"],
        error["details"]["node"],
        error["details"]["messages"],
    )
    assert told == (error["details"]["error"] is not None)
    assert "Ask an editor." in error["message"]
