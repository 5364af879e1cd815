"""The database's absence is told from mistakes of ours, by what SQLite says and not by words."""

import sqlite3
from pathlib import Path

import pytest
from tortoise.exceptions import DBConnectionError, OperationalError

from engine.data.availability import ping, refusal_of
from engine.database import close_database, open_database
from engine.errors import Code, refuse


def locked(file: Path) -> Exception:
    """What SQLite raises when somebody else writes."""
    first, second = (sqlite3.connect(file, timeout=0, isolation_level=None) for _ in range(2))
    try:
        first.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as raised:
            second.execute("BEGIN IMMEDIATE")
        return raised.value
    finally:
        first.close()
        second.close()


def wrong() -> Exception:
    """What SQLite raises for a statement that it does not understand; of the same type."""
    connection = sqlite3.connect(":memory:")
    try:
        with pytest.raises(sqlite3.OperationalError) as raised:
            connection.execute("SELECT nothing")
        return raised.value
    finally:
        connection.close()


def wrapped(error: Exception) -> Exception:
    """As Tortoise passes it on."""
    try:
        try:
            raise error
        except sqlite3.OperationalError as found:
            raise OperationalError(found)  # noqa: B904 - the way Tortoise does it
    except OperationalError as outer:
        return outer


async def test_an_open_database_answers(make_database):
    await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    try:
        await ping()
    finally:
        await close_database()


@pytest.mark.parametrize("told", [lambda error: error, wrapped])
def test_a_lock_is_a_reason_to_try_again(tmp_path, told):
    refusal = refusal_of(told(locked(tmp_path / "bangpath.db")))

    assert refusal is not None
    assert Code.UNAVAILABLE is refusal.code


def test_a_file_that_cannot_be_opened_is_one_too(tmp_path):
    with pytest.raises(sqlite3.OperationalError) as raised:
        sqlite3.connect(tmp_path / "nowhere" / "bangpath.db")

    assert refusal_of(raised.value) is not None
    assert refusal_of(DBConnectionError("gone")) is not None


@pytest.mark.parametrize("told", [lambda error: error, wrapped])
def test_a_wrong_statement_is_ours(told):
    assert refusal_of(told(wrong())) is None


@pytest.mark.parametrize(
    "error", [ValueError("no"), refuse(Code.NOT_FOUND, "no"), sqlite3.ProgrammingError("no"), None]
)
def test_other_errors_have_nothing_to_do_with_it(error):
    assert refusal_of(error) is None
