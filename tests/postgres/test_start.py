"""Starts over PostgreSQL: two at once, a database that will not do, and a driver that is missing."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest

from engine.database import close_database, open_database
from engine.errors import StartError
from tests.databases import Databases, MakeDatabase
from tests.process.served import command

SAMPLE = "schema.sample.models"


async def test_of_two_that_start_at_once_one_fills_the_database(make_database: MakeDatabase, tmp_path: Path) -> None:
    database = await make_database()

    done = await asyncio.gather(
        *(asyncio.to_thread(command, tmp_path / home, "migrate", database_url=database) for home in ("one", "two"))
    )

    assert [0, 0] == [each.returncode for each in done]
    assert 1 == sum("root's password is" in each.stderr for each in done)
    connection = await asyncpg.connect(database)
    try:
        assert 1 == await connection.fetchval("SELECT count(*) FROM users")
        assert 2 == await connection.fetchval("SELECT count(*) FROM tortoise_migrations")
    finally:
        await connection.close()


async def test_an_address_is_shown_without_user_and_options(make_database: MakeDatabase, tmp_path: Path) -> None:
    database = f"{await make_database(SAMPLE)}?application_name=hunter2"
    done = await asyncio.to_thread(command, tmp_path / "home", "migrate", database_url=database)

    assert 0 == done.returncode, done.stderr
    assert done.stdout.startswith("postgres://")
    assert "@" not in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


async def test_a_database_that_is_not_there_is_told_in_one_line(make_database: MakeDatabase) -> None:
    database = await make_database()
    with pytest.raises(StartError, match=r"^The database postgres://[^@\n]+ cannot be opened [^\n]+ does not exist\. "):
        await open_database(f"{database}_not", [SAMPLE])


async def test_a_database_of_another_encoding_is_refused(databases: Databases, make_database: MakeDatabase) -> None:
    database = await make_database()
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("CREATE DATABASE bangpath_test_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    finally:
        await connection.close()
    latin = database.replace(database.rpartition("/")[2], "bangpath_test_latin")
    try:
        with pytest.raises(StartError, match="LATIN1: create it with ENCODING 'UTF8'"):
            await open_database(latin, [SAMPLE])
    finally:
        await databases.drop(latin)


async def test_a_missing_driver_is_told_with_its_extra(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await make_database()
    monkeypatch.delitem(sys.modules, "engine.data.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(StartError, match=r"install bangpath\[postgres\]"):
        await open_database(database, [SAMPLE])


async def test_a_start_that_is_interrupted_leaves_nothing(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await make_database()

    async def fail(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr("engine.database.generate_schema_for_client", fail)
    with pytest.raises(asyncio.CancelledError):
        await open_database(database, ["tests.shop"])
    await close_database()
    connection = await asyncpg.connect(database)
    try:
        assert [] == await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
