"""Inserts after which an instance has what the database stored: its key, and what was rounded or filled in there."""

from weakref import WeakKeyDictionary

from tortoise import Model
from tortoise.backends.base.executor import BaseExecutor

_STATEMENTS: WeakKeyDictionary[type[Model], dict[tuple[str, bool], str]] = WeakKeyDictionary()
"""By model, connection and whether the key is given; as Tortoise keeps those that answer the key alone."""


class InsertExecutor(BaseExecutor):
    """Has `INSERT` answer the whole row, so that what was just written need not be read.

    Where a model has `answers_key_alone`, nobody reads its rows so soon, and they are large.
    """

    beside = ""
    """What else is answered of a row that is written, as it stands behind `RETURNING`."""

    def _get_returning_fields(self, has_generated: bool, db_default_columns: list[str]) -> list[str]:
        return list(self.model._meta.fields_db_projection.values())

    async def execute_insert(self, instance: Model) -> None:
        if getattr(self.model, "answers_key_alone", False):
            await super().execute_insert(instance)
            return
        columns = self.regular_columns_all if instance._custom_generated_pk else self.regular_columns
        if self._has_db_default_values(instance, columns):
            built, values, _ = self._build_insert_with_defaults(instance, columns)
            statement = self._answering(built)
        else:
            fields, given = self.model._meta.fields_map, vars(instance)
            values = [fields[name].to_db_value(given[name], instance) for name in columns]
            statement = self._statement(instance, columns)
        [stored] = await self.db.execute_query_dict(statement, values)
        vars(instance).update(vars(self.model._init_from_db(**stored)))

    def _statement(self, instance: Model, columns: list[str]) -> str:
        statements = _STATEMENTS.setdefault(self.model, {})
        key = (self.db.connection_name, instance._custom_generated_pk)
        if key not in statements:
            built, _, _ = self._build_insert_with_defaults(instance, columns)
            statements[key] = self._answering(built)
        return statements[key]

    def _answering(self, statement: str) -> str:
        return f"{statement}, {self.beside}" if self.beside else statement
