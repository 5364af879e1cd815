"""Updates that are said again and again with other values: Tortoise's builder writes each of them once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pypika_tortoise.terms import Parameter
from tortoise.models import Model

from engine.data.unit import connection


@dataclass(frozen=True, slots=True)
class Update:
    """Sets some columns of those rows of a model in which others have certain values, none of them NULL.

    To write such a statement takes longer than to say it.
    """

    model: type[Model]
    columns: tuple[str, ...]
    where: tuple[str, ...]
    _texts: dict[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    async def say(self, values: Mapping[str, Any], **where: Any) -> int:
        """How many rows there were; each of the columns, and of those that are looked at, has its value."""
        client = connection()
        text = self._texts.get(client.connection_name)
        if text is None:
            text = self._texts[client.connection_name] = self._written(client.query_class)
        given = [*((name, values[name]) for name in self.columns), *((name, where[name]) for name in self.where)]
        fields = self.model._meta.fields_map
        count, _ = await client.execute_query(
            text, [fields[name].to_db_value(value, self.model) for name, value in given]
        )
        return count

    def _written(self, query_class: Any) -> str:
        meta = self.model._meta
        query = query_class.update(meta.basetable)
        names = meta.fields_db_projection
        for place, name in enumerate(self.columns, 1):
            query = query.set(names[name], Parameter(idx=place))
        for place, name in enumerate(self.where, 1 + len(self.columns)):
            query = query.where(meta.basetable[names[name]] == Parameter(idx=place))
        return str(query.get_sql(query_class.SQL_CONTEXT))
