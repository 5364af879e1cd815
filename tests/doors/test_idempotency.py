"""A write with an Idempotency-Key can be sent again: it is answered as the first time, and nothing happens twice."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.system.models import Execution, IdempotencyKey, Job, Role, Status, User, Workflow
from schema.sample.models import Post, Tag
from tests.doors.door import Door

HEADER = "Idempotency-Key"
SAY = {"key": "say", "type": "response_message", "config": {"message": "Stored {{$context.data.id}}"}}
NOTE = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": "a"}}}


@pytest.fixture
def keyed(door: Door) -> Door:
    """A door whose every request has the same key."""
    door.client.headers[HEADER] = "a-key"
    return door


async def test_the_same_request_is_answered_the_same(keyed, save):
    """One record, one execution."""
    await save("a")
    first = await keyed.create("posts", {"title": "a"}, triggers=["a"])
    second = await keyed.create("posts", {"title": "a"}, triggers=["a"])

    assert 200 == first.status
    assert first == second
    assert (1, 1) == (await Post.filter(title="a").count(), await Execution.filter(key="a").count())


async def test_what_workflows_said_is_said_again(keyed, save):
    """The answer is kept when the sync workflows have ended."""
    await save("a", sync=True, nodes=[NOTE, SAY])
    first = await keyed.create("posts", {"title": "a"}, triggers=["a"])
    second = await keyed.create("posts", {"title": "a"}, triggers=["a"])

    assert ("succeeded", [f"Stored {first.data['id']}"]) == (second.workflows[0]["status"], second.messages)
    assert first == second


@pytest.mark.parametrize("action", ["update", "destroy"])
async def test_updates_and_destroys_are_not_done_twice(keyed, action):
    """The second destroy would find nothing, but it is the same request."""
    post = await Post.create(title="a")
    values = [{"title": "b"}] if action == "update" else []
    first = await getattr(keyed, action)("posts", *values, key=post.id)
    await Post.filter(id=post.id).update(title="c")
    second = await getattr(keyed, action)("posts", *values, key=post.id)

    assert 200 == first.status
    assert first == second
    assert await Post.filter(title="c").exists() is (action == "update")


async def test_another_request_with_the_key_is_refused(keyed):
    """Nothing is written."""
    await keyed.create("posts", {"title": "a"})
    answer = await keyed.create("posts", {"title": "b"})

    assert ["IDEMPOTENCY_REUSED"] == answer.codes
    assert not await Post.filter(title="b").exists()


async def test_a_refused_request_takes_no_key(keyed):
    """It changed nothing, so a corrected one may have the key."""
    refused = await keyed.create("posts", {"title": None})
    answer = await keyed.create("posts", {"title": "a"})

    assert ["REQUIRED"] == refused.codes
    assert 200 == answer.status


async def test_an_atomic_refusal_takes_no_key(keyed, save):
    """The claim is undone with the write."""
    await save(
        "a", sync=True, options={"atomic": True}, nodes=[{"key": "e", "type": "end", "config": {"status": "failed"}}]
    )
    refused = await keyed.create("posts", {"title": "a"}, triggers=["a"])

    assert ["WORKFLOW_REJECTED"] == refused.codes
    assert 0 == await IdempotencyKey.all().count()


@pytest.mark.parametrize("narrowed", [{"fields": ["id"]}, {"filter": {"title": "b"}}], ids=["fields", "records"])
async def test_what_a_role_may_not_read_any_more_is_not_answered_again(keyed, narrowed, service):
    """Nor is it written again. Who asks for less of it then, as the GraphQL door does, sends another request."""
    first = await keyed.create("posts", {"title": "a"}, role="editor")
    await Role.filter(name="editor").update(grants={"posts": {"create": {}, "read": narrowed}})
    service.engine.accounts.forget()
    again = await keyed.create("posts", {"title": "a"}, role="editor")

    assert (200, None) == (first.status, again.data)
    assert again.codes in (["NO_PERMISSION"], ["IDEMPOTENCY_REUSED"])
    assert 1 == await Post.filter(title="a").count()


async def test_a_key_is_of_one_role(keyed):
    """Nobody is answered what they were in another role."""
    first = await keyed.create("posts", {"title": "a"}, role="root")
    second = await keyed.create("posts", {"title": "a"}, role="editor")

    assert first.data["id"] != second.data["id"]


async def test_who_lost_the_right_is_not_told_again(keyed, service):
    """The grant is looked at every time."""
    await keyed.create("posts", {"title": "a"}, role="editor")
    await (await User.get(username="root")).roles.remove(await Role.get(name="editor"))
    service.engine.accounts.forget()
    answer = await keyed.create("posts", {"title": "a"}, role="editor")

    assert ["ROLE_NOT_FOUND_FOR_USER"] == answer.codes


async def test_a_key_is_forgotten_after_a_day(keyed):
    await keyed.create("posts", {"title": "a"})
    await IdempotencyKey.all().update(created_at=datetime.now(UTC) - timedelta(hours=24))
    await keyed.create("posts", {"title": "a"})

    assert 2 == await Post.filter(title="a").count()
    assert 1 == await IdempotencyKey.all().count()


async def test_a_dry_run_takes_no_key(service, client, token):
    """It has changed nothing."""
    headers = {"Authorization": f"Bearer {token}", HEADER: "a-key"}
    response = await client.post("/api/posts:create?dryRun=true", json={"title": "a"}, headers=headers)

    assert 200 == response.status_code
    assert 0 == await IdempotencyKey.all().count()


async def test_what_the_process_did_not_live_to_say_is_put_together(keyed, save):
    """Killed between the commit and the end of its workflows, which another process has ended since."""
    await save("a", sync=True, nodes=[NOTE, SAY])
    first = await keyed.create("posts", {"title": "a"}, triggers=["a"])
    await as_committed(first.workflows[0]["executionId"])
    second = await keyed.create("posts", {"title": "a"}, triggers=["a"])

    assert first == second


async def test_while_workflows_run_the_answer_is_not_there_yet(keyed, save):
    """Asked again later it will be."""
    await save("a", sync=True, nodes=[NOTE, SAY])
    first = await keyed.create("posts", {"title": "a"}, triggers=["a"])
    await as_committed(first.workflows[0]["executionId"])
    await Execution.filter(key="a").update(status=Status.RUNNING, leased_until=datetime(2100, 1, 1, tzinfo=UTC))
    answer = await keyed.create("posts", {"title": "a"}, triggers=["a"])

    assert ["IDEMPOTENCY_IN_PROGRESS"] == answer.codes
    assert {"retryAfter": 1} == answer.errors[0]["details"]
    assert 1 == await Post.filter(title="a").count()


async def as_committed(execution: Any) -> None:
    """Make the kept answer what it was at the commit of the write."""
    row = await IdempotencyKey.get()
    rights, answer = json.loads(row.answer)
    answer["workflows"][0].update(status="running", messages=[])
    await IdempotencyKey.all().update(answer=json.dumps([rights, answer]), waits_for=[int(execution)])


async def test_workflows_are_made_once(keyed):
    """Also what no workflow follows can be sent again."""
    values = {"key": "b", "title": "b", "type": "action", "config": {"collection": "posts"}}
    first = await keyed.workflow("create", values=values)
    second = await keyed.workflow("create", values=values)

    assert 200 == first.status
    assert first == second
    assert 1 == await Workflow.filter(key="b").count()


async def test_workflows_are_executed_once(keyed, save):
    """The execution is answered as it is by then."""
    row = await save("b")
    first = await keyed.workflow("execute", key=row.id, data={"a": 1})
    second = await keyed.workflow("execute", key=row.id, data={"a": 1})

    assert first.data["id"] == second.data["id"]
    assert 1 == await Execution.filter(key="b").count()


@pytest.mark.parametrize("key", ["", " ", "a b", "ä".encode(), "x" * 256])
async def test_a_key_is_one_word(client, token, key, rows):
    """Anything else would be cut or read differently on the way."""
    before = await rows()
    headers = {"Authorization": f"Bearer {token}", HEADER: key}
    response = await client.post("/api/posts:create", json={"title": "a"}, headers=headers)

    assert (400, "BAD_VALUE") == (response.status_code, response.json()["errors"][0]["code"])
    assert before == await rows()


async def test_the_fields_of_a_mutation_are_repeated_each_for_itself(client, token):
    """What was refused the first time is tried again; what was written is not."""
    written = 'a: createTag(values: {name: "a"}) { record { id } } b: createTag(values: $tag) { record { id } }'
    headers = {"Authorization": f"Bearer {token}", HEADER: "a-key"}
    body = {"query": f"mutation($tag: TagCreateInput!) {{ {written} }}", "variables": {"tag": {"name": "b"}}}
    first = (await client.post("/graphql", json=body, headers=headers)).json()
    second = (await client.post("/graphql", json=body, headers=headers)).json()

    assert {"a", "b"} == first["data"].keys()
    assert first == second
    assert [1, 1] == [await Tag.filter(name=name).count() for name in ("a", "b")]


async def test_a_changed_document_is_another_request(client, token):
    """Also one that only adds a field."""
    headers = {"Authorization": f"Bearer {token}", HEADER: "a-key"}
    first = 'a: createTag(values: {name: "a"}) { record { id } }'
    more = 'b: createTag(values: {name: "b"}) { record { id } }'
    await client.post("/graphql", json={"query": f"mutation {{ {first} }}"}, headers=headers)
    answer = (await client.post("/graphql", json={"query": f"mutation {{ {first} {more} }}"}, headers=headers)).json()

    assert ["IDEMPOTENCY_REUSED"] * 2 == [error["extensions"]["code"] for error in answer["errors"]]
    assert not await Tag.filter(name="b").exists()


async def test_fifty_at_once_write_once(keyed: Door, save):
    """Whoever comes second waits for the first, and is told the same or to come again."""
    await save("a", sync=True, nodes=[NOTE])
    await save("b")
    answers = await asyncio.gather(*(keyed.create("posts", {"title": "a"}, triggers=["a", "b"]) for _ in range(50)))
    told = [answer for answer in answers if not answer.codes]

    assert (1, 1, 1) == (
        await Post.filter(title="a").count(),
        await Execution.filter(key="a").count(),
        await Execution.filter(key="b").count(),
    )
    assert 1 == await Job.filter(node_key="note", execution__key="a").count()
    assert {"IDEMPOTENCY_IN_PROGRESS"} >= {code for answer in answers for code in answer.codes}
    assert 1 == len({answer.data["id"] for answer in told})


async def test_links_are_not_toggled_back(client, token):
    """The second toggle is the first one, sent again."""
    post, tag = await Post.create(title="a"), await Tag.create(name="a")
    headers = {"Authorization": f"Bearer {token}", HEADER: "a-key"}
    path = f"/api/posts/{post.id}/tags:toggle"
    answers = [(await client.post(path, json=[tag.id], headers=headers)).json() for _ in range(2)]

    assert [{"data": [tag.id]}] * 2 == answers
    assert [tag.id] == await post.tags.all().values_list("id", flat=True)


async def test_what_was_created_first_is_told_as_created_again(client, token, save):
    """Its workflow ran, and is told of, though by now the record would be found."""
    await save("a")
    headers = {"Authorization": f"Bearer {token}", HEADER: "a-key"}
    path = "/api/posts:firstOrCreate?filterKeys=title&triggerWorkflows=a"
    answers = [(await client.post(path, json={"title": "a"}, headers=headers)).json() for _ in range(2)]

    assert ["a", "post-audit"] == [workflow["key"] for workflow in answers[0]["meta"]["workflows"]]
    assert answers[0] == answers[1]
