"""The grammar of `key!path`, and the checks of a reference against workflows and collections (contract §4)."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from engine.actions import WorkflowRef
from engine.data.collections import Collection, Collections
from engine.data.filters import did_you_mean
from engine.data.relations import cross
from engine.errors import Code, Complaint
from engine.outcomes import SkippedTrigger, SkipReason
from engine.system.models import WorkflowType
from engine.workflow.definition import Definition

MAX_TRIGGERS = 20

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# The order of the contract's table, in which complaints are told.
_ORDER = (
    Code.TRIGGER_SYNTAX,
    Code.TRIGGER_UNKNOWN,
    Code.TRIGGER_DISABLED,
    Code.TRIGGER_KIND_MISMATCH,
    Code.TRIGGER_PATH_UNKNOWN,
    Code.TRIGGER_MANY_TO_ONE,
    Code.TRIGGER_TO_MANY,
    Code.TRIGGER_COLLECTION_MISMATCH,
    Code.TRIGGER_FORBIDDEN,
)

_LENIENT = {
    Code.TRIGGER_UNKNOWN,
    Code.TRIGGER_DISABLED,
    Code.TRIGGER_KIND_MISMATCH,
    Code.TRIGGER_COLLECTION_MISMATCH,
}


class Trigger(Struct, frozen=True):
    """A reference that passed: the workflow, and the collection of the record it is handed."""

    ref: WorkflowRef
    definition: Definition
    collection: str

    @property
    def association(self) -> str | None:
        return association(self.ref)


class Checked(Struct, frozen=True):
    """What became of the references of one request."""

    triggers: tuple[Trigger, ...] = ()
    skipped: tuple[SkippedTrigger, ...] = ()
    complaints: tuple[Complaint, ...] = ()


class KnownWorkflows(Protocol):
    """What the checks ask of the catalog."""

    def find(self, key: str) -> Definition | None: ...
    def knows(self, key: str) -> bool: ...
    def keys(self) -> Sequence[str]: ...


class Reader(Struct, frozen=True):
    """What the caller's role may trigger, by key, and read, by collection."""

    may_trigger: Callable[[str], bool]
    may_read: Callable[[str], bool]


def parse_references(text: str) -> tuple[WorkflowRef, ...]:
    """The references of a `triggerWorkflows` parameter; a malformed one says so in `fault`.

    >>> parse_references("a, b!category.banner,,a")
    (WorkflowRef(key='a', path=(), fault=None), WorkflowRef(key='b', path=('category', 'banner'), fault=None))
    """
    items = (item.strip() for item in text.split(","))
    return distinct(_parse(item) for item in items if item)


def reference(key: str, association: str | None) -> WorkflowRef:
    """The reference of a typed `{key, association}`, by the same grammar."""
    return _build(key.strip(), association.strip() if association is not None else None)


def distinct(refs: Iterator[WorkflowRef] | Sequence[WorkflowRef]) -> tuple[WorkflowRef, ...]:
    """Exact duplicates once, in the order of their first."""
    return tuple(dict.fromkeys(refs))


def association(ref: WorkflowRef) -> str | None:
    """The path as its text, None when the record itself is handed over."""
    return ".".join(ref.path) or None


def check(
    refs: Sequence[WorkflowRef],
    start: Collection,
    collections: Collections,
    workflows: KnownWorkflows,
    reader: Reader,
    *,
    lenient: bool = False,
) -> Checked:
    """Check every reference before anything is written; all complaints together, in the contract's order.

    `lenient` turns unknown, disabled and mismatching keys into skipped triggers, for callers who come from a
    service that ignores them.
    """
    refs = distinct(refs)
    if len(refs) > MAX_TRIGGERS:
        message = f"A write may name {MAX_TRIGGERS} workflows, this one names {len(refs)}."
        return Checked(complaints=(Complaint(Code.TRIGGER_TOO_MANY, message, ("triggerWorkflows",)),))
    triggers: list[Trigger] = []
    skipped: list[SkippedTrigger] = []
    complaints: list[Complaint] = []
    for index, ref in enumerate(refs):
        found = list(_complaints(ref, start, collections, workflows, reader))
        told = [_placed(complaint, ref, index) for complaint in found if not (lenient and complaint.code in _LENIENT)]
        complaints += told
        if found and not told:
            skipped.append(SkippedTrigger(ref.key, association(ref), SkipReason(found[0].code)))
        elif not found:
            triggers.append(_trigger(ref, start, collections, workflows))
    complaints.sort(key=lambda complaint: _ORDER.index(complaint.code))
    return Checked(tuple(triggers), tuple(skipped), tuple(complaints))


def _parse(item: str) -> WorkflowRef:
    if item.count("!") > 1:
        return WorkflowRef(item, fault="it has more than one '!'")
    key, bang, path = item.partition("!")
    return _build(key, path if bang else None)


def _build(key: str, path: str | None) -> WorkflowRef:
    names = () if path is None else tuple(path.split("."))
    written = key if path is None else f"{key}!{path}"
    if not _KEY.fullmatch(key):
        return WorkflowRef(written, fault=f"'{key}' is not a workflow key (letters, digits, '_' and '-', at most 64)")
    if any(not _NAME.fullmatch(name) for name in names):
        return WorkflowRef(written, fault=f"'{path}' is not a path of relation names joined by dots")
    return WorkflowRef(key, names)


def _complaints(
    ref: WorkflowRef, start: Collection, collections: Collections, workflows: KnownWorkflows, reader: Reader
) -> Iterator[Complaint]:
    if ref.fault is not None:
        yield Complaint(Code.TRIGGER_SYNTAX, f"{ref.fault}. Write it as key or key!relation.relation.")
        return
    definition = workflows.find(ref.key)
    seen = _visible(ref.path, start, collections, reader)
    reached = cross(collections, start, seen)
    if definition is None:
        yield _unknown_or_disabled(ref.key, workflows, reader)
    elif definition.type is not WorkflowType.ACTION:
        message = f"workflow '{ref.key}' is of type {definition.type} and does not follow writes."
        yield Complaint(Code.TRIGGER_KIND_MISMATCH, message)
    if isinstance(reached, Complaint):
        yield reached
    elif definition is not None and seen == ref.path and definition.collection != reached[-1].name:
        yield _mismatch(ref, definition, reached[-1])
    if workflows.knows(ref.key) and not reader.may_trigger(ref.key):
        yield Complaint(Code.TRIGGER_FORBIDDEN, f"your role may not trigger workflow '{ref.key}'.")
    if not isinstance(reached, Complaint) and len(reached) > 1 and not reader.may_read(reached[-1].name):
        message = f"your role may not read '{reached[-1].name}', so not hand over its records."
        yield Complaint(Code.TRIGGER_FORBIDDEN, message)


def _visible(path: tuple[str, ...], start: Collection, collections: Collections, reader: Reader) -> tuple[str, ...]:
    """The path as far as the role may see where it leads: up to the first collection that it may not read.

    What lies behind is not looked at, so that no refusal tells of relations which the role cannot see.
    """
    here = start
    for index, name in enumerate(path):
        if name not in here.relations:
            break
        here = collections[here.relations[name].target]
        if not reader.may_read(here.name):
            return path[: index + 1]
    return path


def _unknown_or_disabled(key: str, workflows: KnownWorkflows, reader: Reader) -> Complaint:
    if workflows.knows(key):
        return Complaint(Code.TRIGGER_DISABLED, f"workflow '{key}' has no enabled version. Enable one.")
    near = did_you_mean(key, filter(reader.may_trigger, workflows.keys()))
    return Complaint(Code.TRIGGER_UNKNOWN, f"no workflow has the key '{key}'.{near}")


def _mismatch(ref: WorkflowRef, definition: Definition, reached: Collection) -> Complaint:
    return Complaint(
        Code.TRIGGER_COLLECTION_MISMATCH,
        f"workflow '{ref.key}' is about '{definition.collection}' and would be handed a record of '{reached.name}'.",
        details={"expected": definition.collection, "reached": reached.name},
    )


def _placed(complaint: Complaint, ref: WorkflowRef, index: int) -> Complaint:
    path = association(ref)
    written = f"{ref.key}!{path}" if path else ref.key
    return replace(
        complaint,
        message=f"Trigger '{written}': {complaint.message}",
        path=("triggerWorkflows", index),
        details={"trigger": written, **complaint.details},
    )


def _trigger(ref: WorkflowRef, start: Collection, collections: Collections, workflows: KnownWorkflows) -> Trigger:
    definition = workflows.find(ref.key)
    reached = cross(collections, start, ref.path)
    assert definition is not None, "a reference without complaints names an enabled workflow"
    assert not isinstance(reached, Complaint), "a reference without complaints has a path that can be crossed"
    return Trigger(ref, definition, reached[-1].name)
