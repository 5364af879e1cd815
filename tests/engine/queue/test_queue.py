"""The port of the queue, on either adapter: what was committed is taken once, and again when its process has died.

The database decides which adapter it is: the rows alone on SQLite, PgQueuer on PostgreSQL.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from engine.data.unit import unit_of_work
from engine.database import close_database, open_database
from engine.queue.adapters import make_queue
from engine.queue.base import MAX_ATTEMPTS, Claim, Queue, Room
from engine.queue.rows import queue_again
from engine.system.models import Execution, Job, Status
from tests.databases import SERVER, MakeDatabase
from tests.until import until

LEASE = timedelta(seconds=10)
PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def queue(make_database: MakeDatabase) -> AsyncIterator[Queue]:
    await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    yield make_queue(LEASE)
    await close_database()


async def execution(once, **columns):
    """One that nobody has put: each of these is found all the same."""
    known = {"key": "k", "workflow_id": 1, "version": 1, "document": {}, "sync": False, "status": Status.QUEUED}
    row = await Execution.create(once=once, **{**known, **columns})
    return row.id


async def woken(queue):
    """Whether the queue says at once that something may have been put."""
    try:
        async with asyncio.timeout(0.05):
            await queue.wait(5)
    except TimeoutError:
        return False
    return True


async def test_the_oldest_are_taken_first(queue):
    keys = [await execution(str(i)) for i in range(3)]
    first = await queue.take(Room(2))
    second = await queue.take(Room(2))

    assert keys[:2] == [claim.execution for claim in first]
    assert keys[2:] == [claim.execution for claim in second]
    assert [] == await queue.take(Room(2))


async def test_what_was_put_is_taken_when_it_is_committed(queue):
    async with unit_of_work():
        key = await execution("a")
        await queue.put([key])
    taken = await queue.take(Room(2))

    assert [key] == [claim.execution for claim in taken]
    assert [] == await queue.take(Room(2))


async def test_what_was_put_twice_is_taken_once(queue):
    async with unit_of_work():
        key = await execution("a")
        await queue.put([key])
        await queue.put([key, key])

    assert [key] == [claim.execution for claim in await queue.take(Room(4))]
    assert [] == await queue.take(Room(4))


async def test_what_was_put_is_rolled_back_with_its_unit(queue):
    kept = await execution("kept")

    async def put_and_fail():
        async with unit_of_work():
            await queue.put([await execution("a"), kept])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await put_and_fail()

    assert [kept] == [claim.execution for claim in await queue.take(Room(4))]


async def test_of_those_that_were_put_and_those_that_were_lost_each_is_taken(queue):
    """Whatever becomes of a queue, the rows are the truth."""
    lost = await execution("lost", key="lost")
    async with unit_of_work():
        there = await execution("there", key="there")
        await queue.put([there])
    taken = [claim.execution for claim in await queue.take(Room(4)) + await queue.take(Room(4))]

    assert [lost, there] == sorted(taken)


async def test_what_was_cancelled_since_it_was_put_is_not_taken(queue):
    async with unit_of_work():
        key = await execution("a")
        other = await execution("b")
        await queue.put([key, other])
    await Execution.filter(id=key).update(status=Status.CANCELLED)

    assert [other] == [claim.execution for claim in await queue.take(Room(4))]
    assert Status.CANCELLED == (await Execution.get(id=key)).status


async def test_behind_many_that_were_cancelled_the_next_is_found_at_once(queue):
    async with unit_of_work():
        cancelled = [await execution(str(number)) for number in range(5)]
        other = await execution("other")
        await queue.put([*cancelled, other])
    await Execution.filter(id__in=cancelled).update(status=Status.CANCELLED)

    assert [other] == [claim.execution for claim in await queue.take(Room(1))]


async def test_what_is_taken_runs_and_is_leased(queue):
    key = await execution("a")
    [claim] = await queue.take(Room(1))
    row = await Execution.get(id=key)

    assert Claim(key, row.lease, 1) == claim
    assert Status.RUNNING == row.status
    assert timedelta(seconds=8) < row.leased_until - datetime.now(UTC) <= LEASE
    assert row.started_at


@pytest.mark.parametrize("status", [status for status in Status if status.terminal])
async def test_what_has_ended_is_not_taken(queue, status):
    await execution("a", status=status)

    assert [] == await queue.take(Room(1))


async def test_what_rests_is_taken_when_its_time_has_come(queue):
    soon = datetime.now(UTC) + timedelta(seconds=5)
    await execution("a", status=Status.WAITING, resume_at=soon)
    rested = await execution("b", status=Status.WAITING, resume_at=PAST)
    [claim] = await queue.take(Room(2))
    row = await Execution.get(id=rested)

    assert Claim(rested, row.lease, 1) == claim
    assert (Status.RUNNING, None) == (row.status, row.resume_at)


async def test_what_a_dead_process_held_is_taken_over_and_counted(queue):
    key = await execution("a", status=Status.RUNNING, lease="dead", leased_until=PAST, attempt=1, started_at=PAST)
    [claim] = await queue.take(Room(1))
    row = await Execution.get(id=key)

    assert (key, 2) == (claim.execution, claim.attempt)
    assert "dead" != claim.lease == row.lease
    assert PAST == row.started_at


async def test_what_a_living_process_holds_is_not_taken(queue):
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await execution("a", status=Status.RUNNING, lease="alive", leased_until=soon, attempt=1)

    assert [] == await queue.take(Room(1))


async def test_those_who_take_at_once_take_different_ones(queue):
    for i in range(20):
        await execution(str(i))
    other = make_queue(LEASE)
    taken = await asyncio.gather(*(each.take(Room(3)) for each in (queue, other) * 4))
    # Who passes over what others are just taking may find nothing else; it is there for the next one.
    while rest := await queue.take(Room(3)):
        taken.append(rest)
    claimed = [claim.execution for claims in taken for claim in claims]

    assert 20 == len(claimed) == len(set(claimed))


async def test_giving_back_does_not_count_as_an_attempt(queue):
    key = await execution("a")
    await queue.give_back(await queue.take(Room(1)))
    row = await Execution.get(id=key)

    assert (Status.QUEUED, None, None, 0) == (row.status, row.lease, row.leased_until, row.attempt)
    assert [1] == [claim.attempt for claim in await queue.take(Room(1))]


async def test_of_what_has_recorded_something_it_is_known(queue):
    """Even where it counts as the first attempt: who gave it back had begun it. SQLite says so of all."""
    new, begun = [await execution(once) for once in "ab"]
    await Job.create(execution_id=begun, node_key="n", path="n", status=Status.SUCCEEDED, started_at=PAST)

    assert {new: not SERVER, begun: True} == {claim.execution: claim.begun for claim in await queue.take(Room(2))}


async def test_what_was_given_back_is_there_for_others_at_once(queue):
    other = make_queue(LEASE)
    key = await execution("a")
    await queue.give_back(await queue.take(Room(1)))

    assert [key] == [claim.execution for claim in await other.take(Room(1))]
    assert [] == await queue.take(Room(1))


async def test_who_lost_a_lease_can_neither_extend_nor_give_back(queue):
    key = await execution("a", status=Status.RUNNING, lease="new", leased_until=PAST, attempt=2)
    lost = [Claim(key, "old")]
    await queue.extend(lost)
    await queue.give_back(lost)
    row = await Execution.get(id=key)

    assert ("new", PAST, 2, Status.RUNNING) == (row.lease, row.leased_until, row.attempt, row.status)


async def test_giving_back_what_has_ended_does_not_begin_it_again(queue):
    key = await execution("a", status=Status.SUCCEEDED)
    await queue.give_back([Claim(key, "old")])

    assert Status.SUCCEEDED == (await Execution.get(id=key)).status


async def test_an_extended_lease_is_a_whole_one_from_now(queue):
    key = await execution("a")
    claims = await queue.take(Room(1))
    await Execution.filter(id=key).update(leased_until=PAST)
    await queue.extend(claims)

    assert timedelta(seconds=8) < (await Execution.get(id=key)).leased_until - datetime.now(UTC) <= LEASE


async def test_the_commit_wakes_not_the_put(queue):
    async with unit_of_work():
        await queue.put([1])
        before = queue._woken.is_set()

    assert not before
    assert await woken(queue)
    assert not await woken(queue)


async def test_nobody_is_woken_by_a_rollback(queue):
    async def put_and_fail():
        async with unit_of_work():
            await queue.put([1])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await put_and_fail()

    assert not await woken(queue)


async def test_a_wake_up_before_the_wait_is_not_lost(queue):
    await queue.put([1])

    assert await woken(queue)


async def test_a_wait_ends_by_itself(queue):
    """Rows that other processes put are found by looking again."""
    async with asyncio.timeout(5):
        assert await queue.wait(0.01) is None


async def test_what_rests_for_a_moment_wakes_when_that_has_come(queue):
    await queue.put([1], datetime.now(UTC) + timedelta(milliseconds=20))
    before = queue._woken.is_set()
    async with asyncio.timeout(5):
        await queue.wait(60)

    assert not before


# --- those that have had two processes end


RUNNING = {"status": Status.RUNNING, "lease": "other", "leased_until": datetime(2100, 1, 1, tzinfo=UTC)}
DEAD = {"status": Status.RUNNING, "lease": "dead", "leased_until": PAST}


async def test_those_on_their_last_attempt_come_one_at_a_time(queue):
    """They may have been beside the one that ends its process, which takes no other of them along then."""
    keys = [await execution(str(i), attempt=MAX_ATTEMPTS - 1, **DEAD) for i in range(2)]
    first = await queue.take(Room(8))
    rows = [await rows_again() for _ in range(2)]
    await Execution.filter(id=keys[0]).update(status=Status.SUCCEEDED)
    second = await until(lambda: queue.take(Room(8)))

    assert [(keys[0], MAX_ATTEMPTS)] == [(claim.execution, claim.attempt) for claim in first]
    assert [[], []] == rows
    assert [(keys[1], MAX_ATTEMPTS)] == [(claim.execution, claim.attempt) for claim in second]


async def rows_again():
    async with unit_of_work():
        return await queue_again()


async def test_others_come_beside_one_on_its_last_attempt(queue):
    """Also those that are given up, which are not run."""
    attempts = [MAX_ATTEMPTS - 1, MAX_ATTEMPTS - 2, MAX_ATTEMPTS]
    for attempt in attempts:
        await execution(str(attempt), attempt=attempt, **DEAD)
    taken = await queue.take(Room(8))

    assert {attempt + 1 for attempt in attempts} == {claim.attempt for claim in taken}


async def test_one_whose_process_has_died_on_its_last_attempt_holds_up_no_other(queue):
    await execution("given up", attempt=MAX_ATTEMPTS, **DEAD)
    last = await execution("last", attempt=MAX_ATTEMPTS - 1, **DEAD)
    taken = await queue.take(Room(8))

    assert last in [claim.execution for claim in taken]


# --- many workflows


async def running(queue, limit=8, full=()):
    """The workflows of those that are taken."""
    return [claim.key for claim in await queue.take(Room(limit, full))]


async def test_a_flood_of_one_workflow_keeps_no_other_waiting(queue):
    for i in range(40):
        await execution(f"flood {i}", key="flood")
    await execution("b", key="b")
    await execution("c", key="c")

    assert {"b", "c", "flood"} == set(await running(queue))


async def test_each_workflow_has_its_turn(queue):
    """Also where more of them are flooded than are taken at once."""
    for i in range(5):
        for key in "abcd":
            await execution(f"{key} {i}", key=key)

    assert ["a", "b"] == await running(queue, 2)
    assert ["c", "d"] == await running(queue, 2)
    assert ["a", "b"] == await running(queue, 2)
    assert ["c", "d", "a"] == await running(queue, 3)


async def test_of_each_workflow_the_oldest_are_taken_first(queue):
    keys = [await execution(str(i)) for i in range(20)]
    taken = [claim.execution for _ in range(4) for claim in await queue.take(Room(5))]

    assert keys == taken


class Narrow(Room):
    """One that has a place for each workflow."""

    def __init__(self, total):
        super().__init__(total)
        self.taken = set()

    def of(self, key):
        return 0 if key in self.taken else min(1, self.total)

    def fill(self, key, count=1):
        super().fill(key, count)
        self.taken.add(key)


@pytest.mark.parametrize("queued", [2, 20], ids=["few", "many"])
async def test_of_each_workflow_as_many_are_taken_as_there_is_room_for(queue, queued):
    for i in range(queued):
        await execution(f"a {i}", key="a")
        await execution(f"b {i}", key="b", slots=5)

    assert ["a", "b"] == sorted(claim.key for claim in await queue.take(Narrow(8)))


class OneFor(Room):
    """A place for whoever comes first, and ten for "quick"."""

    def __init__(self, total=11):
        super().__init__(total)
        self.taken = 0

    def of(self, key):
        return 10 if key == "quick" else 1 - self.taken

    def fill(self, key, count=1):
        super().fill(key, count)
        self.taken += count if key != "quick" else 0


async def test_who_finds_no_room_has_it_next_time(queue):
    """However much there is for others."""
    for i in range(20):
        for key in ["a", "b", "c", "quick"]:
            await execution(f"{key} {i}", key=key)
    taken = [{claim.key for claim in await queue.take(OneFor())} - {"quick"} for _ in range(6)]

    assert [{"a"}, {"b"}, {"c"}] * 2 == taken


async def test_where_only_some_have_room_no_other_is_taken(queue):
    await execution("a", key="a")
    await execution("b", key="b")

    assert ["b"] == [claim.key for claim in await queue.take(Room(8, only=["b"]))]


async def test_of_what_it_holds_by_two_leases_it_gives_back_the_one(queue):
    """The other may be running here."""
    keys = [await execution(str(i)) for i in range(2)]
    [before] = await queue.take(Room(1))
    await Execution.filter(id=keys[0]).update(lease=None, status=Status.QUEUED)
    now = await queue.take(Room(2)) + await queue.take(Room(2))
    await queue.give_back([before, next(claim for claim in now if claim.execution == keys[1])])

    assert Status.RUNNING == (await Execution.get(id=keys[0])).status
    assert Status.QUEUED == (await Execution.get(id=keys[1])).status


async def test_no_more_of_a_workflow_run_at_once_than_it_allows(queue):
    for i in range(20):
        await execution(f"narrow {i}", key="narrow", slots=2)
    await execution("wide", key="wide")

    first, second = await running(queue), await running(queue)
    one = await Execution.filter(key="narrow", status=Status.RUNNING).first()
    await Execution.filter(id=one.id).update(status=Status.SUCCEEDED)
    third = await running(queue)

    assert ["narrow", "narrow", "wide"] == sorted(first)
    assert [] == second
    assert ["narrow"] == third


async def test_those_that_run_as_often_as_they_may_take_no_turn_from_others(queue):
    for i in range(12):
        await execution(f"runs {i}", key=f"a{i:02}", slots=1, **RUNNING)
        await execution(f"waits {i}", key=f"a{i:02}", slots=1)
    await execution("other", key="z")

    assert ["z"] == await running(queue, 1)


async def test_those_that_rest_leave_their_place_to_others(queue):
    rests = await execution("a", slots=1, status=Status.WAITING, resume_at=PAST + timedelta(days=36500))
    other = await execution("b", slots=1)
    taken = [claim.execution for claim in await queue.take(Room(2))]
    await Execution.filter(id=rests).update(resume_at=PAST)

    assert [other] == taken
    assert [] == await queue.take(Room(2))


async def test_what_is_full_here_is_left_to_others(queue):
    await execution("a", key="a")
    await execution("b", key="b")

    assert ["b"] == await running(queue, 8, ["a"])
    assert ["a"] == await running(make_queue(LEASE), 8)


async def test_one_that_waits_for_its_turn_is_not_taken(queue):
    await execution("a", status=Status.WAITING, lane="k:posts:1")

    assert [] == await queue.take(Room(1))
