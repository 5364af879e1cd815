"""Reads a workflow's document: everything that is wrong with it together, or the definition that runs."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from engine.data.collections import Collections
from engine.errors import Complaint
from engine.outgoing.secrets import Secrets
from engine.system.models import WorkflowType
from engine.workflow.complaints import Complaints
from engine.workflow.definition import Definition, Options
from engine.workflow.members import Members
from engine.workflow.scope import Known
from engine.workflow.steps import KEY, KEY_RULE, Nodes
from engine.workflow.triggers import TRIGGERS_BY_KIND
from engine.workflow.triggers.changes import ChangeConfig
from engine.workflow.unfit import unfit

MAX_TITLE = 255
MAX_CONCURRENCY = 1_000
REENTRIES, MAX_REENTRIES = 1, 8
MAX_RUN_SECONDS = 366 * 24 * 60 * 60


def read_definition(
    document: Mapping[str, Any],
    collections: Collections,
    *,
    id: int = 0,
    version: int = 1,
    enabled: bool = False,
    secrets: Secrets | None = None,
) -> tuple[Definition | None, list[Complaint]]:
    """The definition of a document and no complaints, or None and all of them.

    Both what a caller wants to save and what was saved are read by this; nothing is validated when a workflow runs.
    Only what is saved is read with the `secrets` that there are: where one is taken away the calls that show it fail,
    and not the whole workflow.
    """
    complaints = Complaints()
    if (why := unfit(document)) is not None:
        complaints.add(*why)
        return None, complaints.found
    members = Members(document, complaints)
    members.refuse_others("key", "title", "type", "sync", "config", "options", "nodes")
    key, title = _key(members), _title(members)
    kind = members.choice("type", WorkflowType)
    sync = members.flag("sync")
    if kind and sync and not TRIGGERS_BY_KIND[kind].may_be_sync:
        complaints.add(f"Nobody waits for a workflow of type '{kind}': leave 'sync' out.", "sync")
    config = _config(members, kind, collections)
    options = _options(members, kind, sync=sync)
    known = Known(collections, secrets=secrets)
    if config:
        known = replace(known, collection=config.collection, appends=config.appends)
    steps, _ = Nodes(complaints, sync=sync, atomic=options.atomic).read(members.list("nodes"), known, ("nodes",), "", 0)
    if complaints.found or key is None or title is None or kind is None or config is None:
        return None, complaints.found
    whole = {
        "key": key,
        "title": title,
        "type": kind.value,
        "sync": sync,
        "config": document.get("config") or {},
        "options": document.get("options") or {},
        "nodes": document.get("nodes") or [],
    }
    return Definition(id, key, version, title, kind, sync, enabled, config, options, steps, whole), []


def _key(members: Members) -> str | None:
    key = members.text("key")
    if key is not None and not KEY.fullmatch(key):
        members.complaints.add(f"A key is made of {KEY_RULE}.", "key")
    return key


def _title(members: Members) -> str | None:
    title = members.text("title")
    if title is not None and len(title) > MAX_TITLE:
        members.complaints.add(f"A title has at most {MAX_TITLE} characters.", "title")
    return title


def _config(members: Members, kind: WorkflowType | None, collections: Collections) -> ChangeConfig | None:
    given = members.object("config")
    if kind is None:
        return None
    config: ChangeConfig | None = TRIGGERS_BY_KIND[kind].read(given, collections, members.complaints.at("config"))
    return config


def _options(members: Members, kind: WorkflowType | None, *, sync: bool) -> Options:
    options = Members(members.object("options"), members.complaints.at("options"))
    options.refuse_others("atomic", "runAs", "timeout", "ordering", "concurrency", "reentries")
    atomic = options.flag("atomic")
    if atomic and not sync:
        options.complaints.add("'atomic' needs 'sync': true, since it decides whether the write stands.", "atomic")
    as_caller = options.choice("runAs", ("system", "caller"), "system") == "caller"
    if as_caller and kind and not TRIGGERS_BY_KIND[kind].for_callers:
        options.complaints.add(f"No caller starts a workflow of type '{kind}': it runs as 'system'.", "runAs")
    for name in ("ordering", "concurrency"):
        if sync and options.given.get(name) is not None:
            options.complaints.add(f"'{name}' may let a run wait, and so the caller of a sync workflow.", name)
    in_order = options.choice("ordering", ("per_record", "none"), "none") == "per_record"
    concurrency = options.number("concurrency", 1, MAX_CONCURRENCY, 0) or None
    reentries = options.number("reentries", 0, MAX_REENTRIES, REENTRIES)
    timeout = options.seconds("timeout", MAX_RUN_SECONDS, None)
    return Options(atomic, timeout, in_order, concurrency, reentries, as_caller)
