"""The parameters of requests → what the document says of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from api.params import PAGE_SIZE
from api.shapes import records
from api.shapes.components import Components, Schema
from api.shapes.filters import filter_of
from engine.data.collections import Collection
from engine.workflow.references import MAX_TRIGGERS

_DEEPER = r"(\..+)?"
_LONGEST_PAGE = 999_999_999

KEYS = "filterByTk"


@dataclass(frozen=True, slots=True)
class Parameters:
    """The named parameters of one document, whose reader may ask in these `roles`.

    Those of a collection have its name in front: `posts.filter`.
    """

    components: Components
    roles: Sequence[str] = ()
    named: dict[str, Schema] = field(default_factory=dict)

    def of(self, resource: str, names: Iterable[str], *, several: bool) -> list[Schema]:
        """Those of an operation on a resource; `several`: it takes more than one key."""
        return [reference for name in names for reference in self._one(resource, name, several=several)]

    def headers(self, names: Iterable[str], *, writes: bool) -> list[Schema]:
        """The headers that an operation with these parameters takes."""
        roles: Schema = {"type": "string", **({"enum": [*self.roles]} if self.roles else {})}
        role: Schema = {
            "description": "The role to ask in, one of the user's; else their default role.",
            "schema": roles,
        }
        days = {"X-Timezone": _ZONE} if "filter" in names else {}
        headers = {"X-Role": role, "X-Request-Id": _REQUEST_ID, **days, **(_WRITING if writes else {})}
        return [self._ref(name, {"name": name, "in": "header", **header}) for name, header in headers.items()]

    def key(self, place: str, resource: str) -> Schema:
        """A key in the path."""
        is_collection = resource in self.components.collections
        schema: Schema = records.key(self.components, resource) if is_collection else {"type": "string"}
        parameter = {"name": place, "in": "path", "required": True, "schema": schema}
        return self._ref(f"{resource}.{place}", {**parameter, "description": f"A key of {resource}."})

    def _one(self, resource: str, name: str, *, several: bool) -> list[Schema]:
        if name in _PLAIN:
            return [self._ref(name, {"name": name, "in": "query", **_PLAIN[name]})]
        collection = self.components.collections.get(resource)
        if collection is None:
            return [self._ref(f"{resource}.{name}", {"name": name, "in": "query", "schema": {"type": "string"}})]
        if name == KEYS and several:
            return [
                self._ref(f"{resource}.several", {"name": name, "in": "query", **_keys(self.components, collection)})
            ]
        told = _OF_COLLECTION[name](self.components, collection)
        return [self._ref(f"{resource}.{name}", {"name": name, "in": "query", **told})] if told else []

    def _ref(self, name: str, parameter: Schema) -> Schema:
        self.named[name] = parameter
        return {"$ref": f"#/components/parameters/{name}"}


def _flag(about: str, *, default: bool = False) -> Schema:
    return {"description": about, "schema": {"type": "boolean", "default": default}}


def _list(about: str, item: Schema, **more: object) -> Schema:
    """Values with commas between them."""
    return {"description": about, "style": "form", "explode": False, "schema": {"type": "array", "items": item, **more}}


_TRIGGER = r"[A-Za-z0-9_-]{1,64}(![A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?"

_PLAIN: Mapping[str, Schema] = MappingProxyType(
    {
        "page": {
            "description": "Which page, from 1 on.",
            "schema": {"type": "integer", "minimum": 1, "maximum": _LONGEST_PAGE, "default": 1},
        },
        "pageSize": {
            "description": "How many records on a page; more than the service allows is cut.",
            "schema": {"type": "integer", "minimum": 1, "default": PAGE_SIZE},
        },
        "paginate": _flag("false: no counting, and as many records as the service allows.", default=True),
        # One text and no list: generators of clients send lists as they like, and this is taken in one form alone.
        "triggerWorkflows": {
            "description": "The workflows to run after the write, with commas between them, each with the one-to-one "
            "relations that lead to the record to hand it: key,key!category.banner",
            "schema": {"type": "string", "pattern": f"^{_TRIGGER}(,{_TRIGGER}){{0,{MAX_TRIGGERS - 1}}}$"},
        },
        "dryRun": _flag("Do everything up to the commit, and undo it."),
        "all": _flag("End every version of the key, with their executions."),
    }
)
"""Those that are the same for every collection."""


def _filter(components: Components, collection: Collection) -> Schema:
    # As JSON: of the ways to write objects into a query, it keeps lists, types and depth. As a text with a content
    # schema and not as `content`, which says the same and which generators of clients pass over.
    filter = {"contentMediaType": "application/json", "contentSchema": filter_of(components, collection.name)}
    return {"description": "Which records, as JSON.", "schema": {"type": "string", **filter}}


def _key(components: Components, collection: Collection) -> Schema:
    return {"description": "Which record, by its key.", "schema": records.key(components, collection.name)}


def _keys(components: Components, collection: Collection) -> Schema:
    keys = {"type": "array", "items": records.key(components, collection.name), "minItems": 1, "maxItems": 200}
    return {"description": "Which records, by their keys.", "style": "form", "explode": True, "schema": keys}


def _sort(components: Components, collection: Collection) -> Schema:
    return _list("Fields to sort by, -field for descending.", _one_of(_columns(collection), before="-?"))


def _fields(components: Components, collection: Collection) -> Schema:
    return _list("The fields to answer, no others: title,category.title", _members(components, collection))


def _except(components: Components, collection: Collection) -> Schema:
    return _list("Fields not to answer.", _members(components, collection))


def _appends(components: Components, collection: Collection) -> Schema | None:
    relations = _relations(components, collection)
    return (
        _list("Relations to answer as well: author,comments.post", _one_of(relations, _DEEPER)) if relations else None
    )


def _association_values(components: Components, collection: Collection) -> Schema | None:
    relations = _relations(components, collection)
    about = "Relations whose records get the values given for them when they are only to be linked."
    return _list(about, _one_of(relations, _DEEPER)) if relations else None


def _filter_keys(components: Components, collection: Collection) -> Schema:
    return _list(
        "The fields whose values say whether the record is there.", _members(components, collection), minItems=1
    )


def _whitelist(components: Components, collection: Collection) -> Schema:
    return _list("The members of the body to take, no others.", _members(components, collection))


def _blacklist(components: Components, collection: Collection) -> Schema:
    return _list("The members of the body not to take.", _members(components, collection))


def _members(components: Components, collection: Collection) -> Schema:
    """A column, or a relation, or what is behind one."""
    columns, relations = _alternatives(_columns(collection)), _alternatives(_relations(components, collection))
    either = f"{columns}|({relations}){_DEEPER}" if relations else columns
    return {"type": "string", "pattern": f"^({either})$"}


def _one_of(names: Iterable[str], behind: str = "", *, before: str = "") -> Schema:
    return {"type": "string", "pattern": f"^{before}({_alternatives(names)}){behind}$"}


def _alternatives(names: Iterable[str]) -> str:
    # Names are those of Python's attributes, so there is nothing to escape but what no pattern knows.
    return "|".join(names)


def _columns(collection: Collection) -> list[str]:
    return [column.name for column in collection.readable]


def _relations(components: Components, collection: Collection) -> list[str]:
    return [name for name, relation in collection.relations.items() if components.sees(relation.target)]


_OF_COLLECTION: Mapping[str, Callable[[Components, Collection], Schema | None]] = MappingProxyType(
    {
        "filter": _filter,
        "filterByTk": _key,
        "sort": _sort,
        "fields": _fields,
        "except": _except,
        "appends": _appends,
        "filterKeys": _filter_keys,
        "whitelist": _whitelist,
        "blacklist": _blacklist,
        "updateAssociationValues": _association_values,
    }
)
"""Those that depend on the collection; None where it has nothing to choose from."""

_REQUEST_ID: Schema = {
    "description": "An id of the caller's, which is answered, logged, and kept with what the request starts.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
}
_ZONE: Schema = {
    "description": "Where the days of a filter begin: a name such as Europe/Berlin, or an offset. Else UTC.",
    "schema": {"type": "string", "examples": ["Europe/Berlin", "+02:00"]},
}
_WRITING: Mapping[str, Schema] = MappingProxyType(
    {
        "Idempotency-Key": {
            "description": "A word of the caller's choice: sent again with it, the write is answered and not repeated.",
            "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
        },
        "Prefer": {
            "description": "wait=5: answer when the workflows have ended that the write starts, or after 5 seconds.",
            "schema": {"type": "string", "examples": ["wait=5"]},
        },
    }
)
