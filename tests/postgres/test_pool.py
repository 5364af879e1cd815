"""The connections of the pool: whose turn it is, and how long one is kept that nobody needs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from engine.data import postgres_pool
from engine.data.postgres_pool import Connections
from tests.databases import MakeDatabase
from tests.until import until

SIZE = 2


@pytest.fixture
async def database(make_database: MakeDatabase) -> str:
    return await make_database()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await asyncpg.create_pool(database, min_size=0, max_size=SIZE)
    yield pool
    # Whatever a test still has of it.
    pool.terminate()


@pytest.fixture
async def connections(pool: asyncpg.Pool) -> AsyncIterator[Connections]:
    connections = Connections(pool, SIZE, wait=5)
    yield connections
    connections.leave()


async def all_of(connections: Connections) -> list[Any]:
    return [await connections.borrow() for _ in range(SIZE)]


async def waiting(connections: Connections) -> "asyncio.Task[Any]":
    """Somebody who waits for a turn."""
    task = asyncio.create_task(connections.borrow())
    await asyncio.sleep(0)
    return task


async def test_what_was_given_back_last_is_lent_first(connections: Connections) -> None:
    first, second = await all_of(connections)
    await connections.give_back(second, sound=True)
    await connections.give_back(first, sound=True)

    assert first is await connections.borrow()
    assert {"used": 1, "idle": 1} == connections.figures


async def test_who_waited_longest_is_next(connections: Connections) -> None:
    one, other = await all_of(connections)
    first, second = await waiting(connections), await waiting(connections)
    await connections.give_back(other, sound=True)
    await connections.give_back(one, sound=True)

    assert [other, one] == [await first, await second]


async def test_a_turn_that_comes_with_the_cancellation_goes_to_the_next(connections: Connections) -> None:
    one, _ = await all_of(connections)
    gone, next_one = await waiting(connections), await waiting(connections)
    await connections.give_back(one, sound=True)
    gone.cancel()

    assert one is await next_one


@pytest.mark.parametrize("sound", [True, False])
async def test_who_waits_for_a_connection_that_is_lost_has_another(connections: Connections, sound: bool) -> None:
    lost, _ = await all_of(connections)
    waiter = await waiting(connections)
    lost.terminate()
    await connections.give_back(lost, sound=sound)

    assert 1 == await (await waiter).fetchval("SELECT 1")
    assert {"used": SIZE, "idle": 0} == connections.figures


async def test_one_that_is_lost_on_its_way_is_replaced(connections: Connections) -> None:
    lost, _ = await all_of(connections)
    waiter = await waiting(connections)
    await connections.give_back(lost, sound=True)
    lost.terminate()

    assert 1 == await (await waiter).fetchval("SELECT 1")


async def test_nobody_overtakes_who_waits_for_the_place_of_one(connections: Connections) -> None:
    """Who came between would leave the other waiting beside a connection that nobody uses."""
    one, other = await all_of(connections)
    first = await waiting(connections)
    await connections.give_back(one, sound=False)
    late = await waiting(connections)
    await connections.give_back(other, sound=True)

    assert {"used": SIZE, "idle": 0} == connections.figures
    assert [1, 1] == [await (await task).fetchval("SELECT 1") for task in (first, late)]


async def test_one_that_is_lost_while_nobody_uses_it_counts_for_nothing(connections: Connections) -> None:
    one, other = await all_of(connections)
    for connection in (one, other):
        await connections.give_back(connection, sound=True)
    one.terminate()

    assert {"used": 0, "idle": 1} == connections.figures


async def test_the_place_of_one_that_is_brought_in_order_is_free_when_it_is(
    pool: asyncpg.Pool, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gives it back may be cancelled, and is not told when that fails."""
    left, failing = await all_of(connections)
    release, may = pool.release, asyncio.Event()

    async def slowly(connection: Any, **options: Any) -> None:
        await may.wait()
        await release(connection, **options)
        if connection is failing:
            raise TimeoutError

    monkeypatch.setattr("asyncpg.pool.Pool.release", lambda _, connection, **options: slowly(connection, **options))
    giving = asyncio.create_task(connections.give_back(left, sound=False))
    other = asyncio.create_task(connections.give_back(failing, sound=False))
    waiter = await waiting(connections)
    giving.cancel()
    may.set()

    assert 1 == await (await waiter).fetchval("SELECT 1")
    assert await other is None


async def test_what_was_given_back_is_not_given_back_again(connections: Connections) -> None:
    one, _ = await all_of(connections)
    waiter = await waiting(connections)
    for sound in (False, True, False):
        await connections.give_back(one, sound=sound)
    await waiter

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(connections.borrow(), 0.1)


async def test_one_that_could_not_be_opened_takes_nobodys_place(
    pool: asyncpg.Pool, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(pool, "_connect_kwargs", {"host": "127.0.0.1", "port": 1})
        patch.setattr(pool, "_connect_args", ())
        for _ in range(SIZE + 1):
            with pytest.raises(OSError, match=r"refused|failed"):
                await connections.borrow()

    assert SIZE == len(await all_of(connections))


async def test_what_is_left_in_a_transaction_is_not_lent_so(connections: Connections) -> None:
    left = await connections.borrow()
    await left.execute("BEGIN")
    await left.execute("CREATE TABLE left_behind ()")
    await connections.give_back(left, sound=False)

    assert await (await connections.borrow()).fetchval("SELECT to_regclass('left_behind')") is None


async def test_what_nobody_needs_any_more_is_closed(
    connections: Connections, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_pool, "KEPT_SECONDS", 0.05)
    for connection in await all_of(connections):
        await connections.give_back(connection, sound=True)
    neighbour = await asyncpg.connect(database)

    async def is_alone() -> bool:
        others = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return bool(await neighbour.fetchval(f"SELECT NOT EXISTS ({others})"))

    assert await until(is_alone)
    assert {"used": 0, "idle": 0} == connections.figures
    await neighbour.close()


async def test_the_pool_is_closed_when_who_uses_it_is_done(pool: asyncpg.Pool, connections: Connections) -> None:
    used, idle = await all_of(connections)
    await connections.give_back(idle, sound=True)
    connections.leave()
    closing = asyncio.create_task(pool.close())
    assert 1 == await used.fetchval("SELECT 1")
    await connections.give_back(used, sound=True)
    await closing

    assert {"used": 0, "idle": 0} == connections.figures


async def test_a_turn_that_nobody_wants_any_more_keeps_no_pool_open(
    pool: asyncpg.Pool, connections: Connections
) -> None:
    one, other = await all_of(connections)
    gone = await waiting(connections)
    await connections.give_back(one, sound=True)
    gone.cancel()
    connections.leave()
    await connections.give_back(other, sound=True)

    await asyncio.wait_for(pool.close(), 5)
