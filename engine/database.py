"""Opens the database: Tortoise's configuration, migrations, and the tables of models that have none."""

import importlib
import importlib.util
import logging
from collections.abc import Sequence
from typing import Any

from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.exceptions import BaseORMException, ConfigurationError
from tortoise.fields.relational import OneToOneFieldInstance
from tortoise.filters import get_filters_for_field
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.models import Model
from tortoise.utils import generate_schema_for_client

from engine.data.unit import CONNECTION
from engine.errors import StartError

log = logging.getLogger("bangpath.database")

SYSTEM = "system"
APP = "app"


def configuration(database: str, modules: Sequence[str]) -> dict[str, Any]:
    """Tortoise's configuration for the SQLite file `database` and these modules of models.

    The app `system` holds our tables, `app` the caller's; either is named in a `ForeignKeyField("system.User")`.
    """
    return {
        "connections": {
            CONNECTION: {
                "engine": "engine.data.sqlite",
                "credentials": {"file_path": database, "synchronous": "NORMAL", "busy_timeout": 5000},
            }
        },
        "apps": {
            SYSTEM: {
                "models": ["engine.system.models"],
                "default_connection": CONNECTION,
                "migrations": "engine.system.migrations",
            },
            APP: {"models": list(modules), "default_connection": CONNECTION, "migrations": migrations_of(modules)},
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def open_database(database: str, modules: Sequence[str]) -> list[type[Model]]:
    """Connect, apply migrations, create missing tables; answers the caller's models.

    Raises `StartError` for a module that cannot be imported or models that Tortoise refuses.
    """
    _refuse_broken(modules)
    try:
        # Without the global fallback a request, which runs in another task than the start, finds no context.
        await Tortoise.init(config=configuration(database, modules), _enable_global_fallback=True)
        _complete_inherited_keys()
        await _migrate(modules)
    except ConfigurationError as error:
        await close_database()
        raise StartError(f"The models in {', '.join(modules)} cannot be used: {error}. Correct them.") from error
    except BaseORMException as error:
        await close_database()
        raise StartError(f"The database {database} cannot be opened or migrated: {error}. Check the file.") from error
    assert Tortoise.apps is not None
    return list(Tortoise.apps[APP].values())


async def close_database() -> None:
    """Close the connection; aiosqlite's thread would keep the process alive otherwise."""
    await Tortoise.close_connections()


def migrations_of(modules: Sequence[str]) -> str | None:
    """The package of migrations beside the modules of models, None where there is none."""
    found = {
        name
        for module in modules
        if (name := f"{module.rpartition('.')[0]}.migrations".lstrip("."))
        and "." in module
        and importlib.util.find_spec(name)
    }
    if len(found) > 1:
        raise StartError(f"BANGPATH_MODELS has several packages of migrations ({', '.join(sorted(found))}): join them.")
    return found.pop() if found else None


def _refuse_broken(modules: Sequence[str]) -> None:
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:
            log.debug("import of %s failed", module, exc_info=True)
            raise StartError(
                f"BANGPATH_MODELS names {module}, which cannot be imported: {type(error).__name__}: {error}. Correct it."
            ) from error


def _complete_inherited_keys() -> None:
    """Make up for what Tortoise forgets where a one-to-one relation is the primary key.

    It takes the relation for the column, so it knows no filter by `pk`, and binds keys as they come: a record whose
    key is a uuid could be stored but neither saved again nor deleted.
    """
    assert Tortoise.apps is not None
    for meta in [model._meta for models in Tortoise.apps.values() for model in models.values()]:
        if isinstance(meta.pk, OneToOneFieldInstance):
            meta.pk = meta.fields_map[meta.pk_attr]
            meta._filters.update(get_filters_for_field("pk", meta.pk, meta.db_pk_column))
            meta._generate_filters()


async def _migrate(modules: Sequence[str]) -> None:
    apps = configuration("", modules)["apps"]
    migrated = {label: app for label, app in apps.items() if app["migrations"]}
    client = get_connection(CONNECTION)
    await MigrationExecutor(client, migrated).migrate([MigrationTarget(label, "__latest__") for label in migrated])
    if APP not in migrated:
        log.info("%s have no migrations: missing tables are created, existing ones never altered", ", ".join(modules))
        await generate_schema_for_client(client, safe=True)
