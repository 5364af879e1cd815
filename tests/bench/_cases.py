"""What is asked of the service and of the floor, and what the floor says to the database for it.

A statement names its values as `:name`; the floor turns them into what each driver takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.queue.pgqueuer_tables import TABLE

POSTS = 200
VALUES = {"title": "A title of some length", "content": "Some words of content, as somebody may write them."}
FIELDS = "id title content status readCount secretNote createdAt updatedAt"

INSERT_POST = """INSERT INTO posts (title, content, status, read_count, secret_note, created_at, updated_at, author_id,
category_id) VALUES (:title, :content, :status, 0, NULL, :now, :now, :user, NULL) RETURNING *"""
GET_POST = "SELECT * FROM posts WHERE id = :id"
COUNT_POSTS = "SELECT count(*) AS count FROM posts"
LIST_POSTS = "SELECT * FROM posts ORDER BY id LIMIT :limit OFFSET :offset"
# Those of `IN` are filled in: each number of keys is another statement, as it is for the service.
AUTHORS = "SELECT * FROM users WHERE id IN ({}) ORDER BY id"
PAIRS = "SELECT post_id, tag_id FROM posts_tags WHERE post_id IN ({})"
TAGS = "SELECT id, name FROM tags WHERE id IN ({}) ORDER BY id"
_BY_AUTHOR = "posts WHERE author_id IN (SELECT id FROM users WHERE username = :username)"
COUNT_BY_AUTHOR = f"SELECT count(*) AS count FROM {_BY_AUTHOR}"
LIST_BY_AUTHOR = f"SELECT * FROM {_BY_AUTHOR} ORDER BY id LIMIT :limit OFFSET :offset"

INSERT_EXECUTION = """INSERT INTO executions (once, key, workflow_id, version, document, status, sync, manual,
collection, record_key, context, user_id, role_name, request_id, chain, origin, attempt, messages, lease, leased_until,
created_at, started_at) VALUES (:once, :key, :workflow, 1, :document, :state, :sync, :manual, 'posts', :record_key,
:context, :user, 'root', :request, '[]', :origin, :attempt, '[]', :lease, :until, :now, :started) RETURNING id"""
# On PostgreSQL alone: on SQLite the row of the execution is what is queued.
INSERT_QUEUED = f"""INSERT INTO {TABLE} (priority, entrypoint, payload, status, dedupe_key)
VALUES (0, :key, :payload, 'queued', :dedupe)"""
INSERT_NOTE = "INSERT INTO notes (text) VALUES (:text) RETURNING id"
UPDATE_POST = "UPDATE posts SET status = 'seen', updated_at = :now WHERE id = :id"
INSERT_JOB = """INSERT INTO jobs (node_key, path, status, input, result, leave, stops, attempt, started_at, finished_at,
execution_id) VALUES ('node', 'node', 'succeeded', :input, :result, NULL, :stops, 1, :now, :now, :execution)"""
END_EXECUTION = """UPDATE executions SET status = 'succeeded', messages = '[]', lease = NULL, leased_until = NULL,
finished_at = :now WHERE id = :execution AND lease = :lease"""

_NOTE = {"key": "node", "type": "create", "config": {"collection": "notes", "values": {"text": "x"}}}
_UPDATE = {
    "key": "node",
    "type": "update",
    "config": {"collection": "posts", "filter": {"id": "{{$context.data.id}}"}, "values": {"status": "seen"}},
}


@dataclass(frozen=True, slots=True)
class Started:
    """A workflow, and what the floor says after the insert of its execution: in that transaction, and after it."""

    nodes: tuple[Mapping[str, Any], ...] = ()
    sync: bool = False
    inside: tuple[str, ...] = ()
    afterwards: tuple[str, ...] = ()

    def document(self, key: str) -> dict[str, Any]:
        known = {"type": "action", "sync": self.sync, "config": {"collection": "posts"}, "options": {}}
        return {"key": key, "title": key, **known, "nodes": list(self.nodes)}


# One that only computes runs inside the transaction of the write, one that writes after it.
WORKFLOWS = {
    "async-none": Started(inside=(INSERT_QUEUED,)),
    "async-create": Started((_NOTE,), inside=(INSERT_QUEUED,)),
    "sync-none": Started(sync=True, inside=(END_EXECUTION,)),
    "sync-create": Started((_NOTE,), sync=True, afterwards=(INSERT_NOTE, INSERT_JOB, END_EXECUTION)),
    "sync-update": Started((_UPDATE,), sync=True, afterwards=(UPDATE_POST, INSERT_JOB, END_EXECUTION)),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One request, sent again and again; `queues` is whether it leaves executions for a worker."""

    name: str
    method: str
    path: str
    body: Any = field(default=None, hash=False)
    queues: bool = False


def _create(name: str, workflow: str) -> Case:
    path = f"/api/posts:create?triggerWorkflows={workflow}"
    return Case(name, "POST", path, VALUES, queues=not WORKFLOWS[workflow].sync)


def _graphql(name: str, operation: str, document: str, **variables: Any) -> Case:
    return Case(name, "POST", "/graphql", {"query": document, "operationName": operation, "variables": variables})


CREATE = Case("REST create", "POST", "/api/posts:create", VALUES)
ASYNC = _create("REST create, async workflow, no nodes", "async-none")
ASYNC_CREATE = _create("REST create, async workflow, one create node", "async-create")
SYNC = _create("REST create, sync workflow, no nodes", "sync-none")
SYNC_CREATE = _create("REST create, sync workflow, one create node", "sync-create")
SYNC_UPDATE = _create("REST create, sync workflow, one update node", "sync-update")
GET = Case("REST get", "GET", "/api/posts:get/1")
LIST = Case("REST list of 50, two appends", "GET", "/api/posts:list?pageSize=50&appends=author,tags")
FILTER = Case(
    "REST list of 20, filter on a relation", "GET", "/api/posts:list?filter=%7B%22author.username%22%3A%22root%22%7D"
)
GRAPHQL_CREATE = _graphql(
    "GraphQL create",
    "Create",
    f"mutation Create($values: PostCreateInput!) {{ createPost(values: $values) {{ record {{ {FIELDS} }} }} }}",
    values=VALUES,
)
GRAPHQL_GET = _graphql("GraphQL get", "Get", f"query Get($id: ID!) {{ post(id: $id) {{ {FIELDS} }} }}", id="1")
GRAPHQL_LIST = _graphql(
    "GraphQL list of 50, two relations",
    "List",
    f"query List($size: Int!) {{ posts(pageSize: $size) {{ count items {{ {FIELDS} "
    "author { id username nickname } tags { id name } } } }",
    size=50,
)
# Those that only read come first: whoever answers more creates would have more rows to count.
CASES = (
    *(GET, LIST, FILTER, GRAPHQL_GET, GRAPHQL_LIST),
    *(CREATE, GRAPHQL_CREATE, ASYNC, ASYNC_CREATE, SYNC, SYNC_CREATE, SYNC_UPDATE),
)
