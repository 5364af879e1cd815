"""The points of a write and a run at which a process can be struck, found by what goes to the database and out."""

import asyncio
import json
import os
import re
import signal
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper
from tortoise.exceptions import OperationalError, TransactionManagementError

from engine.data.sqlite import ImmediateTransaction
from engine.outgoing.calls import Caller

CALL = "call"
"""Every call of the database is one."""
SLOW_SECONDS = 1.0

_INSERT = r'INSERT INTO "posts"'
_EXECUTION = r'INSERT INTO "executions"'
_CLAIM = r'UPDATE "?executions"?.*"?attempt"? ?= ?"?attempt"? ?\+'
_TERMINAL = r'UPDATE "executions".*"finished_at"'
_STATEMENTS = {
    "before insert": ("before", _INSERT),
    "after insert": ("after", _INSERT),
    "after execution row": ("after", _EXECUTION),
    "before terminal": ("before", _TERMINAL),
    "after terminal": ("after", _TERMINAL),
    "in retention": ("after", r'DELETE FROM "jobs"'),
    "in migration": ("after", r"CREATE TABLE"),
}
# The commit of a transaction in which this was said.
_COMMITS = {
    "before commit": ("before", _INSERT),
    "slow commit": ("slowly", _INSERT),
    "after commit": ("after", _INSERT),
    "after claim": ("after", _CLAIM),
    "before end": ("before", _TERMINAL),
    "after end": ("after", _TERMINAL),
}
_EFFECTS = {"before effect": "before", "after effect": "after"}

POINTS = (*_STATEMENTS, *_COMMITS, *_EFFECTS)
"""`slow commit` is a commit that takes a second before it is struck."""


def arm(armed: Path, at: str, nth: int = 1, do: str = "kill") -> None:
    """Have a process that watches this file struck when it is at a point for the `nth` time from now on; once."""
    assert at == CALL or at in POINTS, at
    written = armed.with_suffix(".new")
    written.write_text(json.dumps([at, nth, do]))
    written.rename(armed)


class Strike:
    """Ends or stops the process, or has a statement fail, as the file `armed` tells it, which is gone then."""

    def __init__(self, armed: Path) -> None:
        self._armed = armed
        self._count = 0
        self._said: list[str] = []

    def install(self) -> None:
        for client in _clients():
            for name in ("execute_insert", "execute_many", "execute_query", "execute_query_dict", "execute_script"):
                if name in vars(client):
                    setattr(client, name, self._statement(getattr(client, name)))
        for transaction in _transactions():
            transaction.commit = self._commit(transaction.commit)
        Caller.call = self._effect(Caller.call)

    def _order(self) -> tuple[str, int, str]:
        try:
            at, nth, do = json.loads(self._armed.read_text())
        except FileNotFoundError:
            return "", 0, ""
        return at, nth, do

    def _reached(self, error: type[Exception] = OperationalError) -> None:
        _, nth, do = self._order()
        self._count += 1
        if self._count < nth:
            return
        self._count = 0
        try:
            self._armed.unlink()
        except FileNotFoundError:
            return  # another process was there first
        if do == "fail":
            raise error("struck")
        os.kill(os.getpid(), signal.SIGSTOP if do == "stop" else signal.SIGKILL)

    def _statement(self, execute: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(execute)
        async def executed(client: Any, query: str, *args: Any, **kwargs: Any) -> Any:
            self._said.append(query)
            self._look(query, "before")
            answer = await execute(client, query, *args, **kwargs)
            self._look(query, "after")
            return answer

        return executed

    def _look(self, query: str, moment: str) -> None:
        at, _, _ = self._order()
        if at == CALL and moment == "before":
            self._reached()
        when, pattern = _STATEMENTS.get(at, ("", ""))
        if when == moment and re.search(pattern, query, re.DOTALL):
            self._reached()

    def _commit(self, commit: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(commit)
        async def committed(transaction: Any) -> None:
            said, self._said = self._said, []
            when, pattern = _COMMITS.get(self._order()[0], ("", ""))
            meant = bool(when) and any(re.search(pattern, query, re.DOTALL) for query in said)
            if meant and when == "slowly":
                await asyncio.sleep(SLOW_SECONDS)
            if meant and when in ("before", "slowly"):
                self._reached(TransactionManagementError)
            await commit(transaction)
            if meant and when == "after":
                self._reached(TransactionManagementError)

        return committed

    def _effect(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(call)
        async def called(caller: Caller, *args: Any) -> Any:
            if _EFFECTS.get(self._order()[0]) == "before":
                self._reached(OSError)
            answer = await call(caller, *args)
            if _EFFECTS.get(self._order()[0]) == "after":
                self._reached(OSError)
            return answer

        return called


def _is_postgres() -> bool:
    return os.environ["BANGPATH_DATABASE_URL"].startswith("postgres")


def _clients() -> tuple[Any, ...]:
    if _is_postgres():
        # An extra, as in the product.
        from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
        from tortoise.backends.base_postgres.client import BasePostgresClient

        return AsyncpgDBClient, TransactionWrapper, BasePostgresClient
    return SqliteClient, SqliteTransactionWrapper, ImmediateTransaction


def _transactions() -> tuple[Any, ...]:
    if _is_postgres():
        from engine.data.postgres_transaction import Transaction

        return (Transaction,)
    return (ImmediateTransaction,)
