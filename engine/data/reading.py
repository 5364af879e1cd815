"""Reads records as they leave: as rows, not as Tortoise's instances, and each relation for all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from pypika_tortoise.queries import Table
from tortoise.fields.base import Field as Column
from tortoise.models import Model
from tortoise.queryset import AwaitableQuery

from engine.data.collections import Collection, Field, Relation
from engine.data.relations import RelationKind
from engine.data.sorting import in_order
from engine.data.unit import connection
from engine.data.values import reads, render
from engine.outcomes import Record

# For more values, or another order than so many, a text is written each time: callers make these up.
_MOST_VALUES, _MOST_TEXTS = 512, 64

Row: TypeAlias = Sequence[Any]
Stored: TypeAlias = Mapping[tuple[str, Any], Any]
"""Rows that are known as they are in the database, by collection and key."""
NOTHING_STORED: Stored = MappingProxyType({})
Order: TypeAlias = Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns and relations of one collection that go into an answer.

    Of the statements that Tortoise writes for it, those are kept that are the same whatever the values: to write one
    takes several times as long as to send it.
    """

    collection: Collection
    fields: tuple[Field, ...]
    relations: Mapping[Relation, Shape]
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _attributes: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _converted: tuple[tuple[str, Callable[[Any], Any]], ...] = field(init=False, repr=False, compare=False)
    _texts: dict[Hashable, tuple[str, list[Any]]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        model = self.collection.model
        converted = ((each.name, reads(each, native=_is_native(model, each.attribute))) for each in self.fields)
        held = (_held(self.collection, relation) for relation in self.relations)
        object.__setattr__(self, "_names", tuple(each.name for each in self.fields))
        object.__setattr__(self, "_attributes", (*(each.attribute for each in self.fields), *held))
        object.__setattr__(self, "_converted", tuple((name, made) for name, made in converted if made))

    async def read(self, keys: Iterable[Any], stored: Stored = NOTHING_STORED) -> dict[Any, Record]:
        """The records with these keys, by key; whoever is not there is left out.

        Those that were `stored` just now are not asked for again, where all that is wanted is in their own rows and
        none is hidden.
        """
        marks = {(self.collection.name, key): key for key in keys}
        if stored.keys() >= marks.keys() and not self.relations and not self.collection.rows:
            return {key: self._stored(stored[mark]) for mark, key in marks.items()}
        return dict(await self.read_by(self.collection.key.attribute, marks.values()))

    async def find(self, found: Any) -> list[Record]:
        """The records that a query finds, in its order."""
        return await self._complete(await _say(*_written(found.values_list(*self._attributes))))

    async def read_page(self, order: Order, offset: int, limit: int) -> list[Record]:
        """A part of all records there are."""

        def query() -> Any:
            found = in_order(self.collection.records(), self.collection, order).offset(offset).limit(limit)
            return found.values_list(*self._attributes)

        place = [limit, offset] if offset else [limit]
        return await self._complete(await self._say((*order, bool(offset)), place, query))

    async def count(self) -> int:
        """How many records there are."""
        [row] = await self._say("count", [], lambda: self.collection.records().count())
        return int(row[0])

    async def read_by(self, attribute: str, values: Iterable[Any]) -> list[tuple[Any, Record]]:
        """The records that have one of these values in a column, each behind its own; in the order of their keys."""
        collection = self.collection

        def query(some: list[Any]) -> Any:
            found = collection.records(**{f"{attribute}__in": some}).order_by(collection.key.attribute)
            return found.values_list(*self._attributes, attribute)

        column = collection.model._meta.fields_map[attribute]
        rows = await self._say_of(attribute, column, list(values), query)
        convert = _python(collection.model, attribute)
        return [(convert(row[-1]), record) for row, record in zip(rows, await self._complete(rows), strict=True)]

    async def _complete(self, rows: Sequence[Row]) -> list[Record]:
        """The rows as records, with what hangs on them."""
        records = [self._record(row) for row in rows]
        for place, (relation, shape) in enumerate(self.relations.items(), len(self.fields)):
            convert = _python(self.collection.model, _held(self.collection, relation))
            keys = [None if row[place] is None else convert(row[place]) for row in rows]
            related = await self._related(relation, shape, dict.fromkeys(key for key in keys if key is not None))
            for key, record in zip(keys, records, strict=True):
                found = related.get(key, [])
                record[relation.name] = found if relation.kind.to_many else next(iter(found), None)
        return records

    def _record(self, row: Row) -> Record:
        record = dict(zip(self._names, row, strict=False))
        for name, convert in self._converted:
            if (value := record[name]) is not None:
                record[name] = convert(value)
        return record

    def _stored(self, row: Model) -> Record:
        values = vars(row)
        record = {each.name: values[each.attribute] for each in self.fields}
        for name, _ in self._converted:
            record[name] = render(record[name])
        return record

    async def _related(self, relation: Relation, shape: Shape, keys: Iterable[Any]) -> dict[Any, list[Record]]:
        """What hangs by a relation, by the values of the column that it is held by."""
        related: dict[Any, list[Record]] = {}
        if relation.kind is RelationKind.MANY_TO_MANY:
            holders: dict[Any, list[Any]] = {}
            for holder, key in await self._pairs(relation, shape.collection, list(keys)):
                holders.setdefault(key, []).append(holder)
            for key, record in await shape.read_by(shape.collection.key.attribute, holders):
                for holder in holders[key]:
                    related.setdefault(holder, []).append(record)
            return related
        by = relation.field.to_field if relation.column else relation.reverse_column
        for key, record in await shape.read_by(str(by), keys):
            related.setdefault(key, []).append(record)
        return related

    async def _pairs(self, relation: Relation, target: Collection, keys: list[Any]) -> list[tuple[Any, Any]]:
        """The keys of the records on both sides of a relation, ours first."""
        linking: Any = relation.field
        key = self.collection.key
        table = Table(linking.through, schema=linking.through_schema)
        ours, theirs = table[linking.backward_key], table[linking.forward_key]

        def query(some: list[Any]) -> Any:
            chosen = ours.isin([key.column.to_db_value(each, self.collection.model) for each in some])
            return connection().query_class.from_(table).select(ours, theirs).where(chosen)

        rows = await self._say_of(relation.attribute, key.column, keys, query)
        one, other = (_python(each.model, each.key.attribute) for each in (self.collection, target))
        return [(one(row[0]), other(row[1])) for row in rows]

    async def _say_of(
        self, name: str, column: Column[Any], values: list[Any], query: Callable[[list[Any]], Any]
    ) -> Sequence[Row]:
        """What a query finds for some values of a column. The last is repeated, so that few numbers of them come up."""
        if not values:
            return []
        if len(values) > _MOST_VALUES:
            return await _say(*_written(query(values)))
        count = 1 << (len(values) - 1).bit_length()
        values += values[-1:] * (count - len(values))
        encoded = [column.to_db_value(each, self.collection.model) for each in values]
        return await self._say((name, count), encoded, lambda: query(values))

    async def _say(self, name: Hashable, values: list[Any], query: Callable[[], Any]) -> Sequence[Row]:
        """What a query finds whose last values are these, and the others always the same under this name."""
        if self.collection.rows:
            # Who asks is among the values.
            return await _say(*_written(query()))
        if (kept := self._texts.get(name)) is None:
            text, said = _written(query())
            kept = text, said[: len(said) - len(values)]
            assert said == [*kept[1], *values], "what is to be sent again stands behind what stays the same"
            if len(self._texts) < _MOST_TEXTS:
                self._texts[name] = kept
        text, constant = kept
        return await _say(text, [*constant, *values])


def _held(collection: Collection, relation: Relation) -> str:
    """The attribute by whose value we and what hangs on us know each other."""
    if relation.column:
        return relation.column
    if relation.kind is RelationKind.MANY_TO_MANY:
        return collection.key.attribute
    return str(relation.field.to_field_instance.model_field_name)


def _written(query: Any) -> tuple[str, list[Any]]:
    """A query of Tortoise's, or of its builder, as it is sent."""
    if isinstance(query, AwaitableQuery):
        query._choose_db_if_not_chosen()
        query._make_query()
        query = query.query
    text, values = query.get_parameterized_sql()
    return text, list(values)


async def _say(text: str, values: list[Any]) -> Sequence[Row]:
    _, rows = await connection().execute_query(text, values)
    return cast("Sequence[Row]", rows)


def _is_native(model: type[Model], attribute: str) -> bool:
    """Whether the driver gives the Python values of a column, so that Tortoise takes them as they are."""
    return any(name == attribute for _, name, _ in model._meta.db_native_fields)


def _python(model: type[Model], attribute: str) -> Callable[[Any], Any]:
    """What makes Python values of those that the driver gives."""
    if _is_native(model, attribute):
        return _as_it_is
    read: Callable[[Any], Any] = model._meta.fields_map[attribute].to_python_value
    return read


def _as_it_is(value: Any) -> Any:
    return value
