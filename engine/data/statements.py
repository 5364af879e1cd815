"""Statements that are said again and again with other values: Tortoise's builder writes each of them once.

To write one, and to make an instance of its row, takes longer than to say it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pypika_tortoise.terms import Parameter
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from engine.data.unit import connection


class Insert:
    """Adds rows to those of a model whose keys the database makes.

    A column that has no value has its default, and NULL where it has none. What the model fills in by itself, such as
    the moment of `auto_now_add`, it does not here.
    """

    def __init__(self, model: type[Model]) -> None:
        self._model = model
        columns = model._meta.fields_map
        self._defaults = {name: column.default for name, column in columns.items() if column.default is not None}
        self._texts: dict[tuple[str, ...], str] = {}

    async def say(self, values: Mapping[str, Any]) -> int:
        """The key of the new row."""
        client = connection()
        given = {name: value for name, value in self._whole(values).items() if value is not None}
        answer = await client.execute_insert(self._text(client, given), self._values(given))
        # SQLite tells the key by itself, PostgreSQL in a row.
        return int(answer if isinstance(answer, int) else answer[0])

    async def say_all(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Several rows in their order, of which each has values for the same columns."""
        if rows:
            client, whole = connection(), [self._whole(values) for values in rows]
            await client.execute_many(self._text(client, whole[0]), [self._values(given) for given in whole])

    def _whole(self, values: Mapping[str, Any]) -> dict[str, Any]:
        defaults = {name: default for name, default in self._defaults.items() if name not in values}
        return {**values, **{name: default() if callable(default) else default for name, default in defaults.items()}}

    def _values(self, given: Mapping[str, Any]) -> list[Any]:
        fields = self._model._meta.fields_map
        return [
            None if value is None else fields[name].to_db_value(value, self._model) for name, value in given.items()
        ]

    def _text(self, client: BaseDBAsyncClient, columns: Iterable[str]) -> str:
        named = (client.connection_name, *columns)
        if named not in self._texts:
            meta = self._model._meta
            query: Any = client.query_class.into(meta.basetable)
            query = query.columns(*(meta.fields_db_projection[name] for name in columns))
            query = query.insert(*(Parameter(idx=place) for place, _ in enumerate(columns, 1)))
            if client.capabilities.dialect == "postgres":
                query = query.returning(meta.db_pk_column)
            self._texts[named] = str(query.get_sql(client.query_class.SQL_CONTEXT))
        return self._texts[named]


@dataclass(frozen=True, slots=True)
class Update:
    """Sets some columns of those rows of a model in which others have certain values, none of them NULL."""

    model: type[Model]
    columns: tuple[str, ...]
    where: tuple[str, ...]
    _texts: dict[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    async def say(self, values: Mapping[str, Any], **where: Any) -> int:
        """How many rows there were; each of the columns, and of those that are looked at, has its value."""
        client: Any = connection()
        beside = client.executor_class.beside
        text = self._texts.get(client.connection_name)
        if text is None:
            text = self._texts[client.connection_name] = self._text(client.query_class, beside)
        given = [*((name, values[name]) for name in self.columns), *((name, where[name]) for name in self.where)]
        fields = self.model._meta.fields_map
        encoded = [fields[name].to_db_value(value, self.model) for name, value in given]
        if beside:
            return len(await client.execute_query_dict(text, encoded))
        count, _ = await client.execute_query(text, encoded)
        return int(count)

    def _text(self, query_class: Any, beside: str) -> str:
        meta = self.model._meta
        query = query_class.update(meta.basetable)
        names = meta.fields_db_projection
        for place, name in enumerate(self.columns, 1):
            query = query.set(names[name], Parameter(idx=place))
        for place, name in enumerate(self.where, 1 + len(self.columns)):
            query = query.where(meta.basetable[names[name]] == Parameter(idx=place))
        text = str(query.get_sql(query_class.SQL_CONTEXT))
        return f"{text} RETURNING {beside}" if beside else text


@dataclass(frozen=True, slots=True)
class Select:
    """Reads the rows of a model that have one of some values in a column, in the order of their keys."""

    model: type[Model]
    column: str
    _texts: dict[tuple[str, int], str] = field(init=False, repr=False, compare=False, default_factory=dict)

    async def say(self, values: Sequence[Any]) -> list[Any]:
        """Instances, none where there are no values."""
        if not values:
            return []
        client = connection()
        named = client.connection_name, len(values)
        if named not in self._texts:
            found = self.model.filter(**{f"{self.column}__in": list(values)}).order_by(self.model._meta.pk_attr)
            self._texts[named] = found.sql(params_inline=False)
        column = self.model._meta.fields_map[self.column]
        _, rows = await client.execute_query(
            self._texts[named], [column.to_db_value(each, self.model) for each in values]
        )
        return [self.model._init_from_db(**row) for row in rows]
