"""Opens the database: Tortoise's configuration, migrations, and the tables of models that have none."""

import importlib
import importlib.util
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tortoise import Tortoise
from tortoise.exceptions import BaseORMException, ConfigurationError
from tortoise.fields.relational import ManyToManyFieldInstance, OneToOneFieldInstance
from tortoise.filters import get_filters_for_field
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.models import Model
from tortoise.utils import generate_schema_for_client

from engine.data.unit import connection, take_turns, unit_of_work
from engine.errors import StartError
from engine.queue.adapters import make_queue_tables

log = logging.getLogger("bangpath.database")

SYSTEM = "system"
APP = "app"
_EXTRA = ("asyncpg", "pgqueuer")


@dataclass(frozen=True, slots=True)
class Pool:
    """How many connections to PostgreSQL there may be, and how many seconds somebody waits for one."""

    size: int = 10
    wait: float = 5


def configuration(database: str, modules: Sequence[str], pool: Pool = Pool()) -> dict[str, Any]:
    """Tortoise's configuration for an SQLite file, or the address of a PostgreSQL database, and modules of models.

    The app `system` holds our tables, `app` the caller's; either is named in a `ForeignKeyField("system.User")`.
    """
    # Tortoise keeps statements by the connection's name, so the two must not share one.
    name = "postgres" if is_postgres(database) else "sqlite"
    return {
        "connections": {name: _postgres(database, pool) if is_postgres(database) else _sqlite(database)},
        "apps": {
            SYSTEM: {
                "models": ["engine.system.models"],
                "default_connection": name,
                "migrations": "engine.system.migrations",
            },
            APP: {"models": list(modules), "default_connection": name, "migrations": migrations_of(modules)},
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def open_database(database: str, modules: Sequence[str], pool: Pool = Pool()) -> list[type[Model]]:
    """Connect, apply migrations, create missing tables; answers the caller's models.

    Raises `StartError` for a database that cannot be used, a module that cannot be imported and models that Tortoise
    refuses.
    """
    _refuse_broken(modules)
    if is_postgres(database) and (missing := [name for name in _EXTRA if importlib.util.find_spec(name) is None]):
        raise StartError(f"PostgreSQL needs {' and '.join(missing)}: install bangpath[postgres].")
    try:
        await _open(database, modules, pool)
    except BaseException:
        await close_database()
        raise
    assert Tortoise.apps is not None
    return list(Tortoise.apps[APP].values())


async def close_database() -> None:
    """Close the connections; aiosqlite's thread would keep the process alive otherwise."""
    await Tortoise.close_connections()


def is_postgres(database: str) -> bool:
    """Whether this is the address of a PostgreSQL database, else it is an SQLite file."""
    return database.startswith(("postgres://", "postgresql://"))


def shown(database: str) -> str:
    """What may be told of a database: its address without user, password and options.

    >>> shown("postgres://me:secret@db.example:5432/blog?sslmode=require")
    'postgres://db.example:5432/blog'
    >>> shown("/srv/blog/bangpath.db")
    '/srv/blog/bangpath.db'
    """
    if not is_postgres(database):
        return database
    parts = urlsplit(database)
    return f"postgres://{parts.netloc.rpartition('@')[2]}{parts.path}"


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


async def _open(database: str, modules: Sequence[str], pool: Pool) -> None:
    try:
        # Without the global fallback a request, which runs in another task than the start, finds no context.
        await Tortoise.init(config=configuration(database, modules, pool), _enable_global_fallback=True)
        _refuse_taken_tables()
        _complete_inherited_keys()
        if is_postgres(database):
            await _refuse_unfit(database)
        await _migrate(database, modules)
        await make_queue_tables()
    except ConfigurationError as error:
        raise StartError(f"The models in {', '.join(modules)} cannot be used: {error}. Correct them.") from error
    except BaseORMException as error:
        message = f"The database {shown(database)} cannot be opened or migrated: {error}. {_remedy(database)}"
        raise StartError(message) from error


def _sqlite(file: str) -> dict[str, Any]:
    # How space is given back is decided before the first table is made.
    credentials = {"file_path": file, "auto_vacuum": "INCREMENTAL", "synchronous": "NORMAL", "busy_timeout": 5000}
    return {"engine": "engine.data.sqlite", "credentials": credentials}


def _postgres(address: str, pool: Pool) -> dict[str, Any]:
    return {
        "engine": "engine.data.postgres",
        "credentials": {"dsn": address, "maxsize": pool.size, "wait": pool.wait},
    }


def _remedy(database: str) -> str:
    if is_postgres(database):
        return "See that the server runs, and that BANGPATH_DATABASE_URL has the right address, user and password."
    return "Check the file."


def _refuse_broken(modules: Sequence[str]) -> None:
    for module in modules:
        try:
            found = importlib.import_module(module)
        except Exception as error:
            log.debug("import of %s failed", module, exc_info=True)
            cause = f"{type(error).__name__}: {error}"
            raise StartError(
                f"BANGPATH_MODELS names {module}, which cannot be imported: {cause}. Correct it."
            ) from error
        members = (member for member in vars(found).values() if isinstance(member, type) and member is not Model)
        if not any(issubclass(member, Model) for member in members):
            raise StartError(f"BANGPATH_MODELS names {module}, which has no models: define one in it.")


def _refuse_taken_tables() -> None:
    """A missing table would not be made where ours has its name, and ours would be taken for it."""
    ours = {name.casefold() for name in _tables(SYSTEM)}
    if taken := sorted(name for name in _tables(APP) if name.casefold() in ours):
        raise ConfigurationError(f"the table '{taken[0]}' is one of the service's own")


def _tables(app: str) -> Iterator[str]:
    """The tables of an app's models, and those between them."""
    assert Tortoise.apps is not None
    for model in Tortoise.apps[app].values():
        yield model._meta.db_table
        for name in model._meta.m2m_fields:
            between = model._meta.fields_map[name]
            assert isinstance(between, ManyToManyFieldInstance)
            if not between._generated:  # the other side of one that is declared elsewhere
                yield between.through


async def _refuse_unfit(database: str) -> None:
    """Texts of every language must find their place, and case be ignored in them."""
    [row] = await connection().execute_query_dict(
        "SELECT pg_encoding_to_char(encoding) AS encoding, "
        "EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu') AS icu "
        "FROM pg_database WHERE datname = current_database()"
    )
    if row["encoding"] != "UTF8":
        encoding = row["encoding"]
        raise StartError(f"The database {shown(database)} keeps texts as {encoding}: create it with ENCODING 'UTF8'.")
    if not row["icu"]:
        raise StartError(f"The server of {shown(database)} was built without ICU: use one that has it.")


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


async def _migrate(database: str, modules: Sequence[str]) -> None:
    """In one unit: a start that is interrupted leaves nothing behind, and of two that begin at once one waits."""
    apps = configuration(database, modules)["apps"]
    migrated = {label: app for label, app in apps.items() if app["migrations"]}
    async with unit_of_work():
        await take_turns("start", patiently=True)
        executor = MigrationExecutor(connection(), migrated)
        # Tortoise reads its table before it makes it, and passes over the error, which breaks PostgreSQL's transaction.
        await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
        await executor.migrate([MigrationTarget(label, "__latest__") for label in migrated])
        if APP not in migrated:
            named = ", ".join(modules)
            log.info("%s have no migrations: missing tables are created, existing ones never altered", named)
            await generate_schema_for_client(connection(), safe=True)
