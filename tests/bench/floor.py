"""The least that a hand-written program does for the same requests: it is what the service is measured against.

It has the same server with the same settings, verifies the same tokens, says what `_cases.py` has to the database, and
answers the same JSON. It checks nothing, knows no roles, reads only those parameters that the cases have, and runs no
workflow but by the statements that are written down for it.
"""

import os
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import jwt
import msgspec
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.logs import write_logs
from api.server import Server, listen
from engine.identity.tokens import ALGORITHM, ISSUER, Tokens
from tests.bench import _cases as sql
from tests.bench._drivers import Driver, Rows, Say, Values, now, opened

DATABASE, SECRET = "FLOOR_DATABASE", "FLOOR_SECRET"
LEASE = timedelta(seconds=10)
_ENCODE, _DECODE = msgspec.json.encode, msgspec.json.decode
_DOCUMENTS = {key: _ENCODE(started.document(key)).decode() for key, started in sql.WORKFLOWS.items()}


class Floor:
    """The handlers, over one database."""

    def __init__(self, database: Driver, secret: str, workflows: dict[str, int]) -> None:
        self._database = database
        self._key = secret.encode()
        self._audience = Tokens(secret).audience
        self._workflows = workflows

    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/posts:create", self.create, methods=["POST"]),
                Route("/api/posts:get/{key:int}", self.get),
                Route("/api/posts:list", self.list),
                Route("/graphql", self.graphql, methods=["POST"]),
            ]
        )

    async def create(self, request: Request) -> Response:
        user = self._user(request)
        values = _DECODE(await request.body())
        row, started = await self._created(values, user, request.query_params.get("triggerWorkflows"))
        body: dict[str, Any] = {"data": self._post(row)}
        if started:
            body["meta"] = {"workflows": [started], "skipped": []}
        return _json(body)

    async def get(self, request: Request) -> Response:
        self._user(request)
        async with self._database.reading() as say:
            [row] = await say(sql.GET_POST, {"id": request.path_params["key"]})
        return _json({"data": self._post(row)})

    async def list(self, request: Request) -> Response:
        self._user(request)
        asked = request.query_params
        size = int(asked.get("pageSize", 20))
        filtered = _DECODE(asked["filter"]) if "filter" in asked else {}
        async with self._database.reading() as say:
            count, rows = await _page(say, size, filtered.get("author.username"))
            authors, tags = await _related(say, rows) if "appends" in asked else ({}, {})
        records = [self._post(row) for row in rows]
        if "appends" in asked:
            shown = {key: self._author(author) for key, author in authors.items()}
            for record in records:
                record["author"] = shown.get(record["authorId"])
                record["tags"] = [{"id": tag["id"], "name": tag["name"]} for tag in tags.get(record["id"], ())]
        meta = {"count": count, "page": 1, "pageSize": size, "totalPage": -(-count // size)}
        return _json({"data": records, "meta": meta})

    async def graphql(self, request: Request) -> Response:
        user = self._user(request)
        body = _DECODE(await request.body())
        variables = body["variables"]
        match body["operationName"]:
            case "Create":
                row, _ = await self._created(variables["values"], user, None)
                return _json({"data": {"createPost": {"record": self._node(row)}}})
            case "Get":
                async with self._database.reading() as say:
                    [row] = await say(sql.GET_POST, {"id": int(variables["id"])})
                return _json({"data": {"post": self._node(row)}})
        async with self._database.reading() as say:
            count, rows = await _page(say, variables["size"], None)
            authors, tags = await _related(say, rows)
        items = [self._node(row) for row in rows]
        for row, item in zip(rows, items, strict=True):
            author = authors.get(row["author_id"])
            item["author"] = author and {
                "id": str(author["id"]),
                "username": author["username"],
                "nickname": author["nickname"],
            }
            item["tags"] = [{"id": str(tag["id"]), "name": tag["name"]} for tag in tags.get(row["id"], ())]
        return _json({"data": {"posts": {"count": count, "items": items}}})

    def _user(self, request: Request) -> int:
        token = request.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, self._key, algorithms=[ALGORITHM], audience=self._audience, issuer=ISSUER)
        return int(claims["sub"])

    async def _created(self, values: Any, user: int, workflow: str | None) -> tuple[Any, Any]:
        """The row of the new record, and what is told of the workflow."""
        moment = self._database.moment(now())
        known = {"title": None, "content": None, "status": "draft", **values, "user": user, "now": moment}
        started = sql.WORKFLOWS[workflow] if workflow else None
        async with self._database.writing() as say:
            [row] = await say(sql.INSERT_POST, known)
            if workflow and started:
                known |= self._execution(workflow, started.sync, row)
                [inserted] = await say(sql.INSERT_EXECUTION, known)
                known |= _after(inserted["id"], row["id"])
                await self._say_all(say, started.inside, known)
        if not started:
            return row, None
        if started.afterwards:
            async with self._database.writing() as say:
                await self._say_all(say, started.afterwards, known)
        told = {"key": workflow, "association": None, "sync": started.sync, "executionId": known["execution"]}
        return row, {**told, "status": "succeeded" if started.sync else "queued", "output": None, "messages": []}

    async def _say_all(self, say: Say, statements: tuple[str, ...], known: Values) -> None:
        for statement in statements:
            if statement != sql.INSERT_QUEUED or self._database.has_queue:
                await say(statement, known)

    def _execution(self, key: str, sync: bool, row: Any) -> dict[str, Any]:
        event, moment = uuid.uuid4().hex, now()
        context = {"data": self._post(row), "previous": None, "changed": list(sql.VALUES), "action": "create"}
        return {
            "once": f"{event}:{self._workflows[key]}::{row['id']}",
            "key": key,
            "workflow": self._workflows[key],
            "document": _DOCUMENTS[key],
            "state": "running" if sync else "queued",
            "sync": sync,
            "manual": False,
            "record_key": str(row["id"]),
            "context": _ENCODE(context).decode(),
            "request": uuid.uuid4().hex,
            "origin": event,
            "attempt": int(sync),
            "lease": uuid.uuid4().hex if sync else None,
            "until": self._database.moment(moment + LEASE) if sync else None,
            "started": self._database.moment(moment) if sync else None,
        }

    def _post(self, row: Any) -> dict[str, Any]:
        return {
            "id": row["id"],
            "title": row["title"],
            "content": row["content"],
            "status": row["status"],
            "readCount": row["read_count"],
            "secretNote": row["secret_note"],
            "createdAt": self._moment(row["created_at"]),
            "updatedAt": self._moment(row["updated_at"]),
            "authorId": row["author_id"],
            "categoryId": row["category_id"],
        }

    def _node(self, row: Any) -> dict[str, Any]:
        """A post as the documents of the cases ask for it."""
        post = self._post(row)
        del post["authorId"], post["categoryId"]
        return {**post, "id": str(post["id"])}

    def _author(self, row: Any) -> dict[str, Any]:
        return {
            "id": row["id"],
            "username": row["username"],
            "email": row["email"],
            "nickname": row["nickname"],
            "suspended": bool(row["suspended"]),
            "defaultRole": row["default_role"],
            "createdAt": self._moment(row["created_at"]),
            "updatedAt": self._moment(row["updated_at"]),
        }

    def _moment(self, value: Any) -> str:
        return self._database.read(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _after(execution: int, post: int) -> dict[str, Any]:
    return {
        "execution": execution,
        "id": post,
        "payload": str(execution).encode(),
        "dedupe": str(execution),
        "text": "x",
        "input": '{"collection":"notes","values":{"text":"x"}}',
        "result": '{"id":1,"text":"x"}',
        "stops": False,
    }


async def _page(say: Say, size: int, username: str | None) -> tuple[int, Rows]:
    count, found = (
        (sql.COUNT_BY_AUTHOR, sql.LIST_BY_AUTHOR) if username is not None else (sql.COUNT_POSTS, sql.LIST_POSTS)
    )
    known = {"limit": size, "offset": 0, "username": username}
    [counted] = await say(count, known)
    return counted["count"], await say(found, known)


async def _related(say: Say, posts: Rows) -> tuple[dict[int, Any], dict[int, list[Any]]]:
    """The authors by their keys, and the tags by the keys of the posts."""
    authors = await _all(say, sql.AUTHORS, {post["author_id"] for post in posts} - {None})
    pairs = await _all(say, sql.PAIRS, {post["id"] for post in posts})
    tags = await _all(say, sql.TAGS, {pair["tag_id"] for pair in pairs})
    of_post: dict[int, list[Any]] = {}
    named = {tag["id"]: tag for tag in tags}
    for pair in sorted(pairs, key=lambda pair: pair["tag_id"]):
        of_post.setdefault(pair["post_id"], []).append(named[pair["tag_id"]])
    return {author["id"]: author for author in authors}, of_post


async def _all(say: Say, statement: str, keys: set[int]) -> Rows:
    values = {f"k{number}": key for number, key in enumerate(sorted(keys))}
    rows: Rows = await say(statement.format(", ".join(f":{name}" for name in values)), values)
    return rows


def _json(body: Any) -> Response:
    return Response(_ENCODE(body), media_type="application/json")


async def make_floor(database: Driver, secret: str) -> Starlette:
    async with database.reading() as say:
        known = {row["key"]: row["id"] for row in await say("SELECT id, key FROM workflows", {})}
    return Floor(database, secret, known).asgi()


async def main(ready: Callable[[str], None]) -> None:
    with closing(listen("127.0.0.1", 0)) as listener:
        async with opened(os.environ[DATABASE]) as database:
            app = await make_floor(database, os.environ[SECRET])
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            await Server(app, ready=lambda: ready(url)).serve(sockets=[listener])


if __name__ == "__main__":
    write_logs()
    uvloop.run(main(lambda url: print(url, flush=True)))
