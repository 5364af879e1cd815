"""Databases of a test's own: SQLite files, or databases of the server that BANGPATH_TEST_DATABASE_URL names."""

import asyncio
import itertools
import os
import shutil
import sys
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Hashable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import asyncpg

from engine.database import close_database, open_database, shown
from tests.contents import Contents

SERVER = os.environ.get("BANGPATH_TEST_DATABASE_URL")

MakeDatabase: TypeAlias = Callable[..., Awaitable[str]]
Fill: TypeAlias = Callable[[str], Awaitable[None]]


class Databases(ABC):
    """Makes databases and ends them. Each is named as `open_database` takes it."""

    def __init__(self) -> None:
        self._templates: dict[Hashable, str] = {}

    async def filled(self, name: Hashable, fill: Fill) -> str:
        """A copy of the database that `fill` makes when the name is first asked for, so that a start costs little."""
        if name not in self._templates:
            template = await self.empty()
            try:
                await fill(template)
            except BaseException:
                await self.drop(template)
                raise
            self._templates[name] = template
        return await self.copy(self._templates[name])

    async def close(self) -> None:
        """End the templates."""
        for template in self._templates.values():
            await self.drop(template)

    @abstractmethod
    async def empty(self) -> str:
        """A database without tables."""

    @abstractmethod
    async def copy(self, database: str) -> str:
        """Another one with the same content; nobody may be connected to the first."""

    @abstractmethod
    async def drop(self, database: str) -> None:
        """End a database."""


class SqliteDatabases(Databases):
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._numbers = itertools.count()

    async def empty(self) -> str:
        return str(self._folder / f"{next(self._numbers)}.db")

    async def copy(self, database: str) -> str:
        return shutil.copy(database, await self.empty())

    async def drop(self, database: str) -> None:
        os.remove(database)


class PostgresDatabases(Databases):
    """Databases beside the one that `server` is the address of. They sort by language, as many in the world do.

    A copy that is given back is filled anew for the next test: to make a database takes a thousand files.
    """

    def __init__(self, server: str) -> None:
        super().__init__()
        self._server = server
        self._contents: dict[str, Contents] = {}
        self._sources: dict[str, str] = {}
        self._free: list[str] = []

    async def empty(self) -> str:
        return await self._create("template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'")

    async def copy(self, database: str) -> str:
        if database not in self._contents:
            self._contents[database] = await Contents.of(database)
        for free in [each for each in self._free if self._sources[each] == database]:
            self._free.remove(free)
            if await self._contents[database].restore(free):
                return free
            await self._end(free)
        made = await self._create(_name(database))
        self._sources[made] = database
        return made

    async def drop(self, database: str) -> None:
        if database in self._sources:
            self._free.append(database)
        else:
            await self._end(database)

    async def close(self) -> None:
        for free in self._free:
            await self._end(free)
        await super().close()

    async def _create(self, template: str) -> str:
        name = f"bangpath_test_{uuid.uuid4().hex}"
        await self._say(f"CREATE DATABASE {name} TEMPLATE {template}")
        return urlsplit(self._server)._replace(path=f"/{name}").geturl()

    async def _end(self, database: str) -> None:
        await self._say(f"DROP DATABASE {_name(database)} WITH (FORCE)")

    async def _say(self, statement: str) -> None:
        connection = await asyncpg.connect(self._server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _name(database: str) -> str:
    return urlsplit(database).path.removeprefix("/")


def databases_in(folder: Path) -> Databases:
    """Those of the server where one is named, else files."""
    return PostgresDatabases(SERVER) if SERVER else SqliteDatabases(folder)


def address(database: str) -> str:
    """What BANGPATH_DATABASE_URL says of a database."""
    return database if "://" in database else f"sqlite://{database}"


def with_tables(*modules: str) -> Fill:
    """Fills a database with the tables of models."""

    async def fill(database: str) -> None:
        await open_database(database, modules)
        await close_database()

    return fill


async def _main(server: str) -> None:
    """End with one line where the server cannot be used, before every test fails of it."""
    databases = PostgresDatabases(server)
    try:
        await databases.drop(await databases.empty())
    except (OSError, asyncpg.PostgresError) as error:
        sys.exit(f"{shown(server)} cannot be used: {error}. Name another server in BANGPATH_TEST_DATABASE_URL.")


if __name__ == "__main__":
    asyncio.run(_main(SERVER or sys.exit("BANGPATH_TEST_DATABASE_URL names no server.")))
