"""The plug is pulled: whatever was answered with success is there after the next start, and happened once."""

import os
import signal
import subprocess
import threading
from collections import Counter

import httpx
import pytest

from engine.workflow.journal import LEASE
from tests.process.notes import NODES, began, ended, expected, notes, noting
from tests.process.served import BANGPATH, ROOT, rows, until

WRITES = 5


def nobody_holds_any(home):
    """As if the lease of the dead process had run out meanwhile; that it does is tested by itself."""
    rows(home, "UPDATE executions SET leased_until = '2020-01-01 00:00:00+00:00' WHERE lease IS NOT NULL")


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
def test_writes_that_were_answered_have_their_executions(serve, home, sync):
    served = serve(home)
    served.post("workflows:create", noting("one", 1, sync=sync))
    for i in range(WRITES):
        served.post("posts:create?triggerWorkflows=one", {"title": f"x{i}"})
    served.kill()
    nobody_holds_any(home)
    serve(home)
    statuses = until(lambda: ended(home, 2 * WRITES))

    assert {"succeeded"} == set(statuses)
    # One each of the workflow that was named, and of the sample's global one.
    assert 2 * WRITES == notes(home).total()
    assert {1} == set(notes(home).values())


def test_a_write_answered_a_moment_before_is_not_lost(serve, home):
    """Nothing is between the first byte of the answer and the kill."""
    served = serve(home)
    served.post("workflows:create", noting("many"))
    with served.client.stream("POST", "/api/posts:create?triggerWorkflows=many", json={"title": "x"}) as answer:
        served.process.kill()
        served.process.wait()
    [post] = rows(home, "SELECT id FROM posts WHERE title = 'x'")
    nobody_holds_any(home)
    serve(home)

    assert 200 == answer.status_code
    assert ["succeeded"] * 2 == until(lambda: ended(home, 2))
    assert expected(post) + Counter([f"create of post {post} by root"]) == notes(home)


def test_a_killed_execution_goes_on_behind_the_last_recorded_node(serve, home):
    served = serve(home)
    served.post("workflows:create", noting("many"))
    post = served.post("posts:create?triggerWorkflows=many", {"title": "x"})["data"]["id"]
    until(lambda: began(home), pause=0.001)
    served.kill()
    before = began(home)
    nobody_holds_any(home)
    serve(home)
    until(lambda: ended(home, 2))

    assert 0 < before < NODES, "it was killed too early or too late to show anything"
    assert expected(post) + Counter([f"create of post {post} by root"]) == notes(home)
    assert [f"n{i}" for i in range(NODES)] == rows(
        home, "SELECT path FROM jobs JOIN executions e ON e.id = execution_id WHERE e.key = 'many' ORDER BY jobs.id"
    )


def test_a_sync_execution_that_was_cut_short_is_finished(serve, home):
    """Its caller got no answer, so the write may have been or not; this one was."""
    served = serve(home)
    served.post("workflows:create", noting("many", sync=True))
    answers = []

    def write():
        try:
            answers.append(served.client.post("/api/posts:create?triggerWorkflows=many", json={"title": "x"}))
        except httpx.TransportError as error:
            answers.append(error)

    writing = threading.Thread(target=write)
    writing.start()
    until(lambda: 1 < began(home), pause=0.001)
    served.process.kill()
    served.process.wait()
    writing.join()
    [post] = rows(home, "SELECT id FROM posts WHERE title = 'x'")
    nobody_holds_any(home)
    serve(home)

    assert isinstance(answers[0], httpx.TransportError)
    assert ["succeeded"] * 2 == until(lambda: ended(home, 2))
    assert expected(post) + Counter([f"create of post {post} by root"]) == notes(home)


def test_the_executions_of_a_dead_process_are_taken_over_when_its_lease_ends(serve, home):
    """The one test that waits for a real lease, and 5 s for others to see that it is over."""
    served = serve(home)
    served.post("workflows:create", noting("many"))
    served.post("posts:create?triggerWorkflows=many", {"title": "x"})
    until(lambda: began(home), pause=0.001)
    served.kill()
    interrupted = rows(home, "SELECT count(*) FROM executions WHERE status = 'running'")
    serve(home)

    assert [0] != interrupted
    assert ["succeeded"] * 2 == until(lambda: ended(home, 2), seconds=LEASE.total_seconds() + 5)


def test_an_execution_that_has_killed_three_processes_is_given_up(serve, home):
    served = serve(home)
    served.post("posts:create", {"title": "x"})
    served.end(signal.SIGTERM)
    rows(home, "DELETE FROM jobs")
    rows(home, "UPDATE executions SET status = 'running', attempt = 3, lease = 'dead', finished_at = NULL")
    nobody_holds_any(home)
    before = notes(home)
    serve(home)

    assert ["error"] == until(lambda: ended(home))
    assert ["3 processes have ended while they ran it."] == rows(home, "SELECT error FROM executions")
    assert before == notes(home)


def test_two_processes_over_one_database_run_each_execution_once(serve, home):
    served = serve(home)
    served.post("workflows:create", noting("ten", 10))
    for i in range(10):
        served.client.post("/api/posts:create?triggerWorkflows=ten", json={"title": f"x{i}"})
    served.end(signal.SIGTERM)
    rows(home, "DELETE FROM jobs")
    rows(home, "DELETE FROM notes")
    rows(home, "UPDATE executions SET status = 'queued', attempt = 0, lease = NULL, leased_until = NULL")
    serve(home), serve(home)

    assert ["succeeded"] * 20 == until(lambda: ended(home, 20))
    assert 10 * 11 == notes(home).total()
    assert {1} == set(notes(home).values())
    assert {1} == set(rows(home, "SELECT attempt FROM executions"))


def test_a_refused_write_leaves_no_execution_over_a_restart(serve, home):
    """A unique link that is taken is found after the nested category and its workflow were known."""
    served = serve(home)
    served.post("workflows:create", noting("strict", 1, sync=True, options={"atomic": True}) | never())
    first = served.post("posts:create", {"title": "x", "category": {"title": "only one"}})["data"]
    until(lambda: ended(home))
    counted = [count(home, table) for table in ("posts", "categories", "notes", "executions", "jobs")]
    taken = served.client.post("/api/posts:create", json=[{"title": "y", "category": {"title": "z"}}, linked(first)])
    rejected = served.client.post("/api/posts:create?triggerWorkflows=strict", json={"title": "y"})
    served.kill()
    serve(home)

    assert [409, 422] == [taken.status_code, rejected.status_code]
    assert counted == [count(home, table) for table in ("posts", "categories", "notes", "executions", "jobs")]


def never():
    """Nodes that write, and then end as failed."""
    write = {"key": "note", "type": "create", "config": {"collection": "notes", "values": {"text": "never"}}}
    return {"nodes": [write, {"key": "no", "type": "end", "config": {"status": "failed"}}]}


def linked(post):
    return {"title": "thief", "category": post["categoryId"]}


def count(home, table):
    return rows(home, f"SELECT count(*) FROM {table}")[0]


@pytest.mark.parametrize("moment", [0.3, 0.9], ids=lambda moment: f"{moment:g} s")
def test_a_first_start_that_was_killed_can_be_repeated(serve, tmp_path, moment):
    """Wherever it was killed, in migrations for instance, the next one is a first start or keeps what there is."""
    home = tmp_path / "home"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BANGPATH_HOME": str(home), "BANGPATH_PORT": "0"}
    with subprocess.Popen(
        [*BANGPATH, "serve"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()
    served = serve(home)

    assert 2 == served.client.get("/api/posts:list").json()["meta"]["count"]
    assert [1] == rows(home, "SELECT count(*) FROM users")
