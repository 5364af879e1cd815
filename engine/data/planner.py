"""The values of a write → a plan of what to store, with everything that is wrong with them; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from engine.actions import Action, WriteValues
from engine.data.collections import Collection, Collections, Field, Relation
from engine.data.drawing import Drawing
from engine.data.plans import MAX_DEPTH, Link, Path, Plan, is_filled, parse_key
from engine.data.tally import Tally
from engine.errors import Code, Complaint


def plan_values(
    collections: Collections,
    collection: Collection,
    given: Any,
    action: Action,
    *,
    creating: bool,
    path: Path = (),
    came: str | None = None,
) -> tuple[Plan, list[Complaint]]:
    """The plan of one record's values and all complaints about them; a plan with complaints is not to be used.

    `came` is the column that the record's owner fills, if there is one.
    """
    planner = _Planner(collections, action)
    return planner.plan(collection, given, creating=creating, path=path, came=came), planner.tally.complaints


def plan_all(
    collections: Collections,
    collection: Collection,
    given: Sequence[Any],
    action: Action,
    *,
    creating: bool,
    many: bool,
    came: str | None = None,
) -> tuple[list[Plan], list[Complaint]]:
    """The plans of several records, which share the bounds of one write. `many`: the caller sent a list."""
    planner = _Planner(collections, action)
    plans = []
    for index, record in enumerate(given):
        if planner.tally.full:
            break
        path = (index,) if many else ()
        plans.append(planner.plan(collection, record, creating=creating, path=path, came=came))
    return plans, planner.tally.complaints


def plan_links(
    collections: Collections, relation: Relation, keys: Iterable[Any], action: Action
) -> tuple[list[Link], list[Complaint]]:
    """The records with these keys as links to hang on another by the relation."""
    planner = _Planner(collections, action)
    target = collections[relation.target]
    links = [planner.link(target, key, ("keys", index), relation) for index, key in enumerate(keys)]
    return [link for link in links if link], planner.tally.complaints


@dataclass(slots=True)
class _Planner:
    collections: Collections
    action: Action
    tally: Tally = field(default_factory=Tally)

    def plan(self, collection: Collection, given: Any, *, creating: bool, path: Path, came: str | None = None) -> Plan:
        """The plan of one record and of those nested in it; unusable once there are complaints."""
        whole = self.collections[collection.name]
        drawing = Drawing(self._written(whole, creating=creating), given, creating, came, whole, self.tally)
        if self._fits(drawing, path):
            for name, value in given.items():
                if self.tally.full:
                    break
                self._member(drawing, name, value, (*path, name))
            if creating and not self.tally.full:
                drawing.refuse_lacks(path)
        return drawing.plan(path)

    def _fits(self, drawing: Drawing, path: Path) -> bool:
        if not self.tally.count():
            return False
        if len([step for step in path if isinstance(step, str)]) > MAX_DEPTH:
            return self.tally.bad(f"Records may nest {MAX_DEPTH} deep.", path)
        if not isinstance(drawing.given, Mapping):
            message = f"A record of '{drawing.collection.name}' is an object of field names and values."
            return self.tally.bad(message, path)
        return True

    def _member(self, drawing: Drawing, name: str, value: Any, path: Path) -> None:
        collection = drawing.collection
        if (column := collection.fields.get(name)) and not column.secret:
            self._column(drawing, column, value, path)
        elif relation := collection.relations.get(name):
            if not relation.writable:
                drawing.refuse_unwritable(name, path)
            elif drawing.is_free(relation.name, relation.column, path):
                self._relation(drawing, relation, value, path)
        else:
            self.tally.refuse_unknown(collection, [name], path[:-1])

    def _column(self, drawing: Drawing, column: Field, value: Any, path: Path) -> None:
        relation = drawing.collection.relations.get(column.relation or "")
        if not column.writable:
            drawing.refuse_unwritable(column.name, path)
        elif not drawing.is_free(column.name, column.attribute, path):
            return
        elif column.relation and column.relation in drawing.given:
            self.tally.bad(f"'{column.name}' and '{column.relation}' say the same thing: give one of them.", path)
        elif value is None:
            drawing.put_null(column, path)
        elif relation:
            # The key of another record says the same as the relation, so it passes the same checks.
            drawing.to_one.append((relation, self.link(self.collections[relation.target], value, path, relation)))
        else:
            drawing.put(column, value, path)

    def _relation(self, drawing: Drawing, relation: Relation, value: Any, path: Path) -> None:
        if relation.kind.to_many:
            if not isinstance(value, list | tuple):
                self.tally.bad(f"'{relation.name}' leads to many {relation.target}: give a list.", path)
                return
            self._unhang(drawing, relation, path)
            items = [
                self._related(relation, item, (*path, index)) for index, item in enumerate(value) if not self.tally.full
            ]
            drawing.to_other.append((relation, tuple(item for item in items if item)))
        elif isinstance(value, list | tuple):
            self.tally.bad(f"'{relation.name}' leads to one record of '{relation.target}': give one, no list.", path)
        elif value is None:
            self._unlink(drawing, relation, path)
        elif item := self._related(relation, value, path):
            if relation.column:
                drawing.to_one.append((relation, item))
            else:
                drawing.to_other.append((relation, (item,)))

    def _unlink(self, drawing: Drawing, relation: Relation, path: Path) -> None:
        if not relation.null:
            self.tally.bad(f"'{relation.name}' must not be null.", path, Code.REQUIRED)
        elif relation.column:
            drawing.to_one.append((relation, None))
        else:
            self._unhang(drawing, relation, path)
            drawing.to_other.append((relation, ()))

    def _unhang(self, drawing: Drawing, relation: Relation, path: Path) -> None:
        """An update takes what hung there away, which changes those records where they hold the key."""
        if not drawing.creating:
            self._changed(relation, path)

    def _changed(self, relation: Relation, path: Path) -> bool:
        """Whether the role may change records of the other side, which linking them does where they hold our key."""
        if not is_filled(relation):
            return True
        target = self.collections[relation.target]
        if self.action.may_update(target.name) and self._fills(target, relation.reverse_column, creating=False):
            return True
        message = f"Your role may not update '{relation.target}', so not change what they are linked to."
        return self.tally.bad(message, path, Code.NO_PERMISSION)

    def _fills(self, target: Collection, column: str, *, creating: bool) -> bool:
        """Whether the role may write the column of the other side that holds our key."""
        if self.action.rights is None:
            return True
        written = self._written(target, creating=creating)
        return any(each.writable for each in written.readable if each.attribute == column)

    def _written(self, collection: Collection, *, creating: bool) -> Collection:
        return self.action.written(self.collections, "create" if creating else "update")[collection.name]

    def _related(self, relation: Relation, value: Any, path: Path) -> Plan | Link | None:
        """A key alone links; an object without one is stored; an object with one is linked if it exists."""
        target = self.collections[relation.target]
        if not isinstance(value, Mapping):
            return self.link(target, value, path, relation)
        if value.keys() == {target.key.name}:
            return self.link(target, value[target.key.name], (*path, target.key.name), relation)
        if target.system:
            for name in value.keys() - {target.key.name}:
                message = f"'{target.name}' cannot be written through another record."
                self.tally.bad(message, (*path, name), Code.FIELD_NOT_WRITABLE)
            return None
        came = relation.reverse_column if is_filled(relation) else None
        if value.get(target.key.name) is None:
            return self._new(target, value, came, path)
        return self._keyed(relation, value, came, path)

    def _new(self, target: Collection, value: Mapping[str, Any], came: str | None, path: Path) -> Plan | None:
        if not self.action.may_create(target.name):
            self.tally.bad(f"Your role may not create '{target.name}'.", path, Code.NO_PERMISSION)
            return None
        if came and not self._fills(target, came, creating=True):
            message = f"Your role may not say what a new record of '{target.name}' is linked to."
            self.tally.bad(message, path, Code.NO_PERMISSION)
            return None
        return self.plan(target, value, creating=True, path=path, came=came)

    def _keyed(self, relation: Relation, value: Mapping[str, Any], came: str | None, path: Path) -> Link | None:
        """An object with a key links the record that has it, and whether there is one only the database knows.

        Its other values are written where the caller asked for that; else they count only if the record is stored.
        """
        target = self.collections[relation.target]
        link = self.link(target, value[target.key.name], (*path, target.key.name), relation)
        if link is None:
            return None
        others = {name: item for name, item in value.items() if name != target.key.name}
        if self._is_updated(path):
            link = replace(link, changes=self._changes(target, others, came, path))
        if not target.key.writable:
            if not link.changes:
                self.tally.refuse_unknown(self.action.seen(self.collections)[target.name], others, path)
            return link
        told, self.tally.complaints = self.tally.complaints, []
        new = self._new(target, value, came, path)
        lacks, self.tally.complaints = self.tally.complaints, told
        if not link.changes:
            # A name that is wrong is wrong whether the record is there or not.
            self.tally.complaints += [complaint for complaint in lacks if complaint.code is Code.UNKNOWN_FIELD]
        return replace(link, new=new, lacks=tuple(lacks))

    def _is_updated(self, path: Path) -> bool:
        named = self.action.update_associations if isinstance(self.action, WriteValues) else ()
        return ".".join(step for step in path if isinstance(step, str)) in named

    def _changes(self, target: Collection, value: Mapping[str, Any], came: str | None, path: Path) -> Plan | None:
        if not self.action.may_update(target.name):
            self.tally.bad(f"Your role may not update '{target.name}'.", path, Code.NO_PERMISSION)
            return None
        return self.plan(target, value, creating=False, path=path, came=came)

    def link(self, target: Collection, value: Any, path: Path, relation: Relation) -> Link | None:
        """A link to the record with this key, None with a complaint."""
        if not self.tally.count() or not self._changed(relation, path):
            return None
        if not self.action.may_read(target.name):
            self.tally.bad(f"Your role may not read '{target.name}', so not link to it.", path, Code.NO_PERMISSION)
            return None
        key, complaints = parse_key(target, value, path)
        self.tally.complaints += complaints
        return None if complaints else Link(key, path, changed=is_filled(relation))
