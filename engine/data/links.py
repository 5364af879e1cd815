"""add, set, remove and toggle: which records shall hang on another, and what of that is new; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from msgspec import Struct

from engine.actions import LinkMode, LinkRecords
from engine.data.collections import Collections
from engine.data.drafts import may_relink
from engine.data.owners import Related
from engine.data.planner import plan_links
from engine.data.plans import MAX_RECORDS, Link
from engine.errors import Code, Complaint


class Relinked(Struct, frozen=True):
    """What changes: the links to make, and the keys of the records to unlink."""

    added: tuple[Link, ...]
    gone: tuple[Any, ...]


def read_links(collections: Collections, related: Related, action: LinkRecords) -> tuple[list[Link], list[Complaint]]:
    """The records that the action names, and everything that is wrong with them."""
    given = () if action.keys is None else action.keys
    if not may_relink(action, collections, related):
        message = f"Your role may not change '{related.relation.name}' of '{related.owner.name}'."
        return [], [Complaint(Code.NO_PERMISSION, message)]
    if fault := _fault(related, action, len(given)):
        return [], [fault]
    return plan_links(collections, related.relation, given, action)


def relink(related: Related, mode: LinkMode, links: Sequence[Link], current: Sequence[Any]) -> Relinked:
    """What an action changes where the `current` records hang."""
    named, linked = {link.key: link for link in links}, {*current}
    match mode:
        case LinkMode.ADD:
            gone = set()
        case LinkMode.SET:
            gone = linked - named.keys()
        case LinkMode.REMOVE:
            # The one record that can hang there need not be named.
            gone = linked & named.keys() if named or not related.is_single else linked
        case LinkMode.TOGGLE:
            gone = linked & named.keys()
        case _:
            assert_never(mode)
    added = () if mode is LinkMode.REMOVE else (link for key, link in named.items() if key not in linked)
    return Relinked(tuple(added), tuple(key for key in current if key in gone))


def _fault(related: Related, action: LinkRecords, count: int) -> Complaint | None:
    """What is wrong with how many records are named."""
    relation = related.relation
    if action.keys is None and not (related.is_single and action.mode is LinkMode.REMOVE):
        return Complaint(Code.REQUIRED, f"Say which {relation.target} are meant: give their keys.", ("keys",))
    if related.is_single and count > 1:
        message = f"'{relation.name}' leads to one record of '{relation.target}': give one key."
        return Complaint(Code.BAD_VALUE, message, ("keys",))
    if action.mode is LinkMode.TOGGLE and count != 1:
        return Complaint(Code.BAD_VALUE, "A toggle is of one record: give one key.", ("keys",))
    if count > MAX_RECORDS:
        return Complaint(Code.BAD_VALUE, f"One write may link {MAX_RECORDS} records.", ("keys",))
    return None
