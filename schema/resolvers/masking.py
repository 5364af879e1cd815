"""What a reader of executions is told of what these were handed, and of what came of it: no more than they may read.

The records in a context can be told from one another, and are cut like any others. What nodes were given and have
answered cannot: it is told to whoever may read everything that the workflow reaches.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from engine.actions import Actor
from engine.data.collections import Collection, Collections
from engine.data.plans import parse_key
from engine.data.values import render
from engine.errors import Code, Complaint, Refusal
from engine.outcomes import Record
from engine.workflow.contents import Contents, contents_of
from engine.workflow.touched import touched
from schema.context import Context
from schema.narrowing import EXECUTIONS, JOBS, NO_WORD_OF
from schema.permissions import narrowing_of, seen_by, signed_in

USERS = "users"
MESSAGES = "messages"


async def masked(context: Context, collection: str, records: Sequence[Record]) -> list[Record]:
    """Records that are about to leave, those of executions and jobs without what the reader may not know of others.

    An execution whose number was not asked for cannot be told from others, and is told like one that nobody may know.
    """
    actor, whole = signed_in(context.actor), context.engine.collections
    partial = narrowing_of(actor, whole).partial
    if collection not in NO_WORD_OF or not partial:
        return list(records)
    found = [each for record in records for each in _executions(collection, record)]
    contents = await contents_of((number for number in found if number is not None), whole)
    reader = _Reader(actor, seen_by(actor, whole), partial, contents)
    for record in records:
        reader.look(collection, record)
    await reader.find()
    return [reader.told(collection, record) for record in records]


def told_refusal(context: Context, refusal: Refusal) -> Refusal:
    """A refusal as the caller is told it: why an atomic workflow has failed may quote what is hidden from them.

    Its messages are what its author wants the caller to know.
    """
    actor, collections = signed_in(context.actor), context.engine.collections
    partial = narrowing_of(actor, collections).partial

    def told(complaint: Complaint) -> Complaint:
        if complaint.code is not Code.WORKFLOW_REJECTED:
            return complaint
        key = complaint.details["workflow"]
        workflow = context.engine.catalog.find(key)
        if workflow and not touched(workflow.document, collections) & partial:
            return complaint
        said = " ".join(complaint.details[MESSAGES]) or "It did not succeed."
        message = f"Workflow '{key}' did not let this happen, nothing was written: {said}"
        return replace(complaint, message=message, details={**complaint.details, "error": None})

    return Refusal(map(told, refusal.complaints)) if partial else refusal


@dataclass(slots=True)
class _Reader:
    """Who reads, and which of the records that they may have to be asked for are there for them.

    `partial` are the collections that they may not read whole.
    """

    actor: Actor
    seen: Collections
    partial: frozenset[str]
    contents: Mapping[int, Contents]
    _asked: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _there: dict[str, set[str]] = field(default_factory=dict)

    def look(self, collection: str, record: Record) -> None:
        """Note the records that are told of in this one."""
        for execution in _of(collection, record, EXECUTIONS):
            given, held = execution.get("context"), self._held(execution)
            if held is None or not isinstance(given, Mapping):
                continue
            self._note(USERS, given.get("user"))
            if held.record:
                name, key = held.record
                self._asked[name].add(key)
                self._note(name, given.get("data"))

    async def find(self) -> None:
        """Find out which of them are there, in one statement for each collection of which rows are hidden."""
        for name, wanted in self._asked.items():
            view = self.seen[name]
            if view.rows:
                keys = [key for key, faults in (parse_key(view, each) for each in wanted) if not faults]
                self._there[name] = {str(render(key)) for key in await view.among(keys)}

    def told(self, collection: str, record: Record) -> Record:
        held = self._held(record) if collection == EXECUTIONS else self.contents.get(record.get("executionId", -1))
        told = dict(record)
        if held is None or held.touched & self.partial:
            kept = {MESSAGES} if held and (held.user, held.role) == (self.actor.key, self.actor.role) else set()
            told |= {name: [] if name == MESSAGES else None for name in NO_WORD_OF[collection] - kept if name in told}
        if "context" in record:
            told["context"] = self._context(record["context"], held) if isinstance(record["context"], Mapping) else {}
        if isinstance(jobs := record.get("jobs"), list):
            told["jobs"] = [self.told(JOBS, job) for job in jobs]
        if isinstance(execution := record.get("execution"), Mapping):
            told["execution"] = self.told(EXECUTIONS, dict(execution))
        return told

    def _context(self, given: Mapping[str, Any], held: Contents | None) -> dict[str, Any]:
        if held is None:
            return {}
        told = {**given, "user": self._record(USERS, given.get("user"))}
        if not held.touched & self.partial:
            return told
        if held.record is None or not self._is_there(*held.record):
            return {**told, "data": None, "previous": None, "changed": []}
        name, _ = held.record
        return {
            **told,
            "data": self._record(name, given.get("data")),
            "previous": self._record(name, given.get("previous")),
            "changed": [each for each in given.get("changed") or () if each in self.seen[name].fields],
        }

    def _held(self, execution: Mapping[str, Any]) -> Contents | None:
        return self.contents.get(execution.get("id", -1))

    def _note(self, collection: str, record: Any) -> None:
        if isinstance(record, Mapping):
            whole = self.seen[collection]
            if (key := record.get(whole.key.name)) is not None:
                self._asked[collection].add(str(key))
            for name, target in _related(whole, record):
                for related in _several(record[name]):
                    self._note(target, related)

    def _record(self, collection: str, record: Any) -> Any:
        """The record as far as the reader may read it now, None where it is hidden."""
        view = self.seen[collection]
        if not isinstance(record, Mapping) or not self._is_there(collection, record.get(view.key.name)):
            return None
        told = {name: value for name, value in record.items() if name in view.fields}
        for name, target in _related(view, record):
            related = [self._record(target, each) for each in _several(record[name])]
            shown = [each for each in related if each is not None]
            told[name] = shown if isinstance(record[name], list) else next(iter(shown), None)
        return told

    def _is_there(self, collection: str, key: Any) -> bool:
        return self.seen[collection].rows is None or str(key) in self._there.get(collection, ())


def _related(collection: Collection, record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The relations that are loaded in a record, each with where it leads."""
    return [(name, relation.target) for name, relation in collection.relations.items() if name in record]


def _several(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


def _of(collection: str, record: Record, wanted: str) -> Iterator[Record]:
    """The records of one of the two collections in an answer about either: what is below others too."""
    if collection == wanted:
        yield record
    for job in record.get("jobs") or () if collection == EXECUTIONS else ():
        yield from _of(JOBS, job, wanted)
    if collection == JOBS and isinstance(execution := record.get("execution"), Mapping):
        yield from _of(EXECUTIONS, dict(execution), wanted)


def _executions(collection: str, record: Record) -> Iterator[int | None]:
    """The numbers of the executions that an answer is about."""
    yield from (execution.get("id") for execution in _of(collection, record, EXECUTIONS))
    yield from (job.get("executionId") for job in _of(collection, record, JOBS))
