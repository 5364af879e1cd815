"""The two doors as one object: a test says what is done, and learns what was answered, in the same words for both."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from engine.actions import Actor
from engine.data.collections import Collection, Collections
from engine.system.models import Role
from schema.permissions import may, seen_by
from schema.types.names import root_names

FIRED = "workflows { key association sync executionId status output messages { message } }"
WORKFLOW_ARGUMENTS = {"data": "JSON", "all": "Boolean"}
ABOUT = f"{FIRED} skipped {{ key association reason }} messages {{ message }}"


@dataclass(frozen=True)
class Answer:
    """What a door answered. `data` is a record, a list of records or a number, `count` how many a list is a part of."""

    status: int
    errors: list[dict[str, Any]] = field(default_factory=list)
    data: Any = None
    workflows: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    count: int | None = None

    @property
    def codes(self) -> list[str]:
        return [error["code"] for error in self.errors]

    @property
    def started(self) -> list[tuple[str, str | None]]:
        """The workflows that were started, each with its association."""
        return [(each["key"], each["association"]) for each in self.workflows]


class Door(ABC):
    """One way to ask. `triggers` are references as REST writes them: `key!path`; `zone` is what `X-Timezone` says.

    `options` of writes are `dry_run`, and of those with values `associations`: what REST calls
    `updateAssociationValues`.
    """

    zone: str | None = None

    def __init__(self, client: httpx.AsyncClient, token: str, collections: Collections) -> None:
        self.client = client
        self.token = token
        self.collections = collections

    def headers(self, role: str | None) -> dict[str, str]:
        told = {"X-Role": role, "X-Timezone": self.zone}
        return {"Authorization": f"Bearer {self.token}"} | {
            name: text for name, text in told.items() if text is not None
        }

    @abstractmethod
    async def create(
        self, collection: str, values: Any, *, triggers: Sequence[str] = (), role: str | None = None, **options: Any
    ) -> Answer:
        """A list of values creates many."""

    @abstractmethod
    async def find_or_create(
        self,
        action: str,
        collection: str,
        values: Any,
        keys: Sequence[str],
        *,
        triggers: Sequence[str] = (),
        role: str | None = None,
        **options: Any,
    ) -> Answer:
        """`action` is `firstOrCreate` or `updateOrCreate`; `keys` are the filter keys."""

    @abstractmethod
    async def update(
        self, collection: str, values: Any, *, triggers: Sequence[str] = (), role: str | None = None, **which: Any
    ) -> Answer:
        """`which` is `key` or `filter`, and options; `data` is always a list."""

    @abstractmethod
    async def destroy(
        self, collection: str, *, triggers: Sequence[str] = (), role: str | None = None, **which: Any
    ) -> Answer:
        """`which` as for an update."""

    @abstractmethod
    async def link(
        self,
        mode: str,
        collection: str,
        key: Any,
        relation: str,
        keys: Any = None,
        *,
        role: str | None = None,
        **options: Any,
    ) -> Answer:
        """`mode` is `add`, `set`, `remove` or `toggle`; `data` are the keys of what is linked then, as text."""

    @abstractmethod
    async def get(self, collection: str, key: Any, *, role: str | None = None) -> Answer: ...

    @abstractmethod
    async def page(self, collection: str, *, role: str | None = None, **wanted: Any) -> Answer:
        """`wanted` is any of `filter`, `sort`, `page`, `pageSize`; `data` is the list of records."""

    @abstractmethod
    async def workflow(
        self, action: str, *, key: Any = None, values: Any = None, role: str | None = None, **more: Any
    ) -> Answer:
        """An action on a workflow: `create`, `update`, `revise`, `execute` (`data=`) or `destroy` (`all=`)."""

    @abstractmethod
    async def execution(
        self, action: str, *, key: Any = None, filter: Any = None, role: str | None = None, **more: Any
    ) -> Answer:
        """`cancel` or `rerun`, with `fromNode` and `version`; by a `filter` `data` is a list."""


class RestDoor(Door):
    async def create(self, collection, values, *, triggers=(), role=None, **options):
        return await self._send("POST", f"{collection}:create", values, triggers, role, **_query(options))

    async def find_or_create(self, action, collection, values, keys, *, triggers=(), role=None, **options):
        query = {"filterKeys": ",".join(keys), **_query(options)}
        return await self._send("POST", f"{collection}:{action}", values, triggers, role, **query)

    async def link(self, mode, collection, key, relation, keys=None, *, role=None, **options):
        path = f"{collection}/{key}/{relation}:{mode}"
        answer = await self._send("POST", path, keys, (), role, **_query(options))
        return answer if answer.data is None else replace(answer, data=[str(each) for each in answer.data])

    async def update(self, collection, values, *, triggers=(), role=None, **which):
        return await self._send("POST", f"{collection}:update", values, triggers, role, **_query(which))

    async def destroy(self, collection, *, triggers=(), role=None, **which):
        return await self._send("POST", f"{collection}:destroy", None, triggers, role, **_query(which))

    async def get(self, collection, key, *, role=None):
        return await self._send("GET", f"{collection}:get", None, (), role, filterByTk=key)

    async def page(self, collection, *, role=None, **wanted):
        if "filter" in wanted:
            wanted["filter"] = json.dumps(wanted["filter"])
        if "sort" in wanted:
            wanted["sort"] = ",".join(wanted["sort"])
        return await self._send("GET", f"{collection}:list", None, (), role, **wanted)

    async def workflow(self, action, *, key=None, values=None, role=None, **more):
        name = {"revise": "revision"}.get(action, action)
        path = f"workflows:{name}" + ("" if key is None else f"/{key}")
        if action == "execute":
            return await self._send("POST", path, more, (), role)
        answer = await self._send("POST", path, values, (), role, **more)
        return replace(answer, data=answer.data[0]) if action == "update" and answer.data else answer

    async def execution(self, action, *, key=None, filter=None, role=None, **more):
        query = {} if filter is None else {"filter": json.dumps(filter)}
        path = f"executions:{action}" + ("" if key is None else f"/{key}")
        return await self._send("POST", path, more, (), role, **query)

    async def _send(self, method, path, values, triggers, role, **query) -> Answer:
        if triggers:
            query["triggerWorkflows"] = ",".join(triggers)
        body = {} if values is None else {"json": values}
        response = await self.client.request(method, f"/api/{path}", params=query, headers=self.headers(role), **body)
        answer = response.json()
        meta = answer.get("meta", {})
        return Answer(
            response.status_code,
            answer.get("errors", []),
            answer.get("data"),
            meta.get("workflows", []),
            meta.get("skipped", []),
            [each["message"] for each in answer.get("messages", [])],
            meta.get("count"),
        )


class GraphqlDoor(Door):
    async def create(self, collection, values, *, triggers=(), role=None, **options):
        many, names = isinstance(values, list), root_names(self.collections[collection])
        type_name = self._type(collection, "CreateInput!")
        arguments = {"values": (f"[{type_name}]!" if many else type_name, values), **_options(options)}
        return await self._mutate(f"create{names.many if many else names.one}", collection, arguments, triggers, role)

    async def find_or_create(self, action, collection, values, keys, *, triggers=(), role=None, **options):
        name = f"{action}{root_names(self.collections[collection]).one}"
        given = {"values": (self._type(collection, "CreateInput!"), values), "filterKeys": ("[String!]!", list(keys))}
        return await self._mutate(name, collection, {**given, **_options(options)}, triggers, role)

    async def update(self, collection, values, *, triggers=(), role=None, **which):
        names = root_names(self.collections[collection])
        arguments = {**self._which(collection, which), "values": (self._type(collection, "UpdateInput!"), values)}
        name = names.one if "key" in which else names.many
        answer = await self._mutate(f"update{name}", collection, {**arguments, **_options(which)}, triggers, role)
        return replace(answer, data=[answer.data]) if "key" in which and answer.data else answer

    async def destroy(self, collection, *, triggers=(), role=None, **which):
        names = root_names(self.collections[collection])
        name = names.one if "key" in which else names.many
        arguments = {**self._which(collection, which), **_options(which)}
        return await self._mutate(f"destroy{name}", collection, arguments, triggers, role)

    async def link(self, mode, collection, key, relation, keys=None, *, role=None, **options):
        name = f"{mode}{root_names(self.collections[collection]).one}{relation[0].upper()}{relation[1:]}"
        single = mode == "toggle" or not self.collections[collection].relations[relation].kind.to_many
        arguments = {"id": ("ID!", key), **_options(options)}
        if keys is not None:
            arguments |= {"key": ("ID!", keys[0])} if single else {"keys": ("[ID!]!", keys)}
        document = f"mutation({_declared(arguments)}) {{ it: {name}({_given(arguments)}) {{ keys }} }}"
        status, errors, data = await self._run(document, _variables(arguments), role)
        return Answer(status, errors, data and data["keys"])

    async def get(self, collection, key, *, role=None):
        name = root_names(self.collections[collection]).singular
        document = f"query($id: ID!) {{ it: {name}(id: $id) {{ {await self._columns(collection, role)} }} }}"
        status, errors, data = await self._run(document, {"id": key}, role)
        return Answer(status, errors, data)

    async def page(self, collection, *, role=None, **wanted):
        types = {"filter": self._type(collection, "Filter"), "sort": "[String!]", "page": "Int", "pageSize": "Int"}
        if "filter" in wanted:
            wanted["filter"] = typed_filter(wanted["filter"])
        declared = ", ".join(f"${name}: {types[name]}" for name in wanted)
        given = ", ".join(f"{name}: ${name}" for name in wanted)
        name = root_names(self.collections[collection]).plural
        document = (
            f"query{f'({declared})' if declared else ''} {{ it: {name}{f'({given})' if given else ''} "
            f"{{ count items {{ {await self._columns(collection, role)} }} }} }}"
        )
        status, errors, data = await self._run(document, wanted, role)
        return Answer(status, errors, data and data["items"], count=data and data["count"])

    async def workflow(self, action, *, key=None, values=None, role=None, **more):
        arguments = {} if key is None else {"id": ("ID!", key)}
        if values is not None:
            arguments["values"] = (f"Workflow{action.title()}Input!", values)
        arguments |= {name: (WORKFLOW_ARGUMENTS[name], value) for name, value in more.items()}
        answered = self.collections["executions" if action == "execute" else "workflows"]
        found = "count" if action == "destroy" else "record"
        inner = found if found == "count" else f"record {{ {columns(answered)} }}"
        document = f"mutation({_declared(arguments)}) {{ it: {action}Workflow({_given(arguments)}) {{ {inner} }} }}"
        status, errors, data = await self._run(document, _variables(arguments), role)
        return Answer(status, errors, data and data[found])

    async def execution(self, action, *, key=None, filter=None, role=None, **more):
        types = {"fromNode": "String", "version": "RerunVersion"}
        arguments = {name: (types[name], value) for name, value in more.items()}
        many = key is None
        if many:
            arguments["filter"] = ("ExecutionFilter!", typed_filter(filter or {}))
        else:
            arguments["id"] = ("ID!", key)
        found = "records" if many else "record"
        inner = f"{found} {{ {columns(self.collections['executions'])} }}"
        field = f"{action}Execution{'s' if many else ''}"
        document = f"mutation({_declared(arguments)}) {{ it: {field}({_given(arguments)}) {{ {inner} }} }}"
        status, errors, data = await self._run(document, _variables(arguments), role)
        return Answer(status, errors, data and data[found])

    async def _columns(self, collection: str, role: str | None) -> str:
        """The columns to ask for: those that the role sees, or all of a collection that it may not read."""
        held = await Role.get_or_none(name=role or "root")
        if held is None:
            return columns(self.collections[collection])
        actor = Actor(0, "", None, held.name, (held.name,), held.grants, None)
        seen = may(actor, collection, "read", self.collections[collection].system)
        return columns((seen_by(actor, self.collections) if seen else self.collections)[collection])

    def _type(self, collection: str, suffix: str) -> str:
        return f"{self.collections[collection].type_name}{suffix}"

    def _which(self, collection: str, which: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
        if "key" in which:
            return {"id": ("ID!", which["key"])}
        given = typed_filter(which["filter"]) if "filter" in which else None
        return {"filter": (self._type(collection, "Filter"), given)}

    async def _mutate(self, name, collection, arguments, triggers, role) -> Answer:
        if triggers:
            arguments["triggerWorkflows"] = ("[WorkflowTriggerInput!]", [typed(trigger) for trigger in triggers])
        many = name.endswith(root_names(self.collections[collection]).many)
        found = "count" if name.startswith("destroy") else "records" if many else "record"
        inner = found if found == "count" else f"{found} {{ {await self._columns(collection, role)} }}"
        document = f"mutation({_declared(arguments)}) {{ it: {name}({_given(arguments)}) {{ {inner} {ABOUT} }} }}"
        status, errors, data = await self._run(document, _variables(arguments), role)
        if data is None:
            return Answer(status, errors)
        messages = [each["message"] for each in data["messages"]]
        return Answer(status, errors, data[found], data["workflows"], data["skipped"], messages)

    async def _run(self, document: str, variables: Any, role: str | None) -> tuple[int, list[dict[str, Any]], Any]:
        body = {"query": document, "variables": variables}
        response = await self.client.post("/graphql", json=body, headers=self.headers(role))
        answer = response.json()
        errors = [
            {**(error.get("extensions") or error), "message": error["message"]} for error in answer.get("errors", [])
        ]
        return response.status_code, errors, (answer.get("data") or {}).get("it")


def columns(collection: Collection) -> str:
    return " ".join(field.name for field in collection.readable)


def typed(trigger: str) -> dict[str, str]:
    """`key!path` as GraphQL has it. A text without a `!` has no association."""
    key, bang, path = trigger.partition("!")
    return {"key": key, **({"association": path} if bang else {})}


def typed_filter(given: Any) -> Any:
    """A REST filter as a typed one: operators without `$`, a bare value is `eq`, `relation.$exists` a member."""
    if isinstance(given, list):
        return [typed_filter(item) for item in given]
    made = {}
    for name, condition in given.items():
        if name.startswith("$"):
            made[name.removeprefix("$")] = typed_filter(condition) if name in ("$and", "$or", "$not") else condition
        elif name.endswith(".$exists"):
            made[name.replace(".$exists", "Exists")] = condition
        else:
            made[name] = typed_filter(condition) if isinstance(condition, dict) else {"eq": condition}
    return made


def _query(given: Mapping[str, Any]) -> dict[str, Any]:
    """What says which records are meant, and the options of a write, as REST has them."""
    query: dict[str, Any] = {}
    if "key" in given:
        query["filterByTk"] = given["key"]
    if "filter" in given:
        query["filter"] = json.dumps(given["filter"])
    if given.get("dry_run"):
        query["dryRun"] = "true"
    if "associations" in given:
        query["updateAssociationValues"] = ",".join(given["associations"])
    return query


def _options(given: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """The options of a write as GraphQL has them: the type and the value of each argument."""
    arguments: dict[str, tuple[str, Any]] = {}
    if given.get("dry_run"):
        arguments["dryRun"] = ("Boolean", True)
    if "associations" in given:
        arguments["updateAssociationValues"] = ("[String!]", list(given["associations"]))
    return arguments


def _declared(arguments: Mapping[str, tuple[str, Any]]) -> str:
    return ", ".join(f"${name}: {kind}" for name, (kind, _) in arguments.items())


def _given(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: ${name}" for name in arguments)


def _variables(arguments: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, (_, value) in arguments.items()}
