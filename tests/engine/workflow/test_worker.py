"""The worker: what it takes it runs, finishes or gives back, and nothing that breaks stops it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from tortoise.exceptions import DBConnectionError

from engine.outgoing.hosts import HostBusy
from engine.queue.base import MAX_ATTEMPTS, Claim
from engine.system.models import Status
from engine.workflow.journal import LostLease, Unreadable
from engine.workflow.places import COMMON, OF_ONE, Places
from engine.workflow.runner import Result
from engine.workflow.worker import MUCH, Worker
from tests.fakes import MemoryQueue


class Executions:
    """Journal and runner in one: an execution is its number. Those that are `held` end when they are let go."""

    lease = timedelta(milliseconds=30)

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.given_up: dict[int, str] = {}
        self.faults: dict[int, Exception] = {}
        self.held: dict[int, asyncio.Event] = {}
        self.rests: dict[int, datetime] = {}
        self.give_up_fault: Exception | None = None

    async def load(self, claims: Sequence[Claim]) -> dict[int, int]:
        return {claim.execution: claim.execution for claim in claims}

    async def run(self, execution: int) -> Result:
        self.begun.append(execution)
        if execution in self.held:
            await self.held[execution].wait()
        if fault := self.faults.get(execution):
            raise fault
        self.ended.append(execution)
        rests = self.rests.get(execution)
        return Result(Status.WAITING if rests else Status.SUCCEEDED, resume_at=rests)

    async def give_up(self, execution: int, lease: str, error: str) -> None:
        if self.give_up_fault:
            raise self.give_up_fault
        self.given_up[execution] = error

    def hold(self, *executions: int) -> None:
        for execution in executions:
            self.held[execution] = asyncio.Event()


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def executions() -> Executions:
    return Executions()


@pytest.fixture
async def worker(queue: MemoryQueue, executions: Executions) -> AsyncIterator[Worker]:
    """A worker that is stopped at the end by whoever has not done it; none of its workflows is quick."""
    worker = Worker(queue, executions, executions, Places(lambda key: False))
    yield worker
    for event in executions.held.values():
        event.set()


async def until(look):
    async with asyncio.timeout(5):
        while not look():
            await asyncio.sleep(0.001)


async def test_what_is_put_is_run(queue, executions, worker):
    worker.start()
    await queue.put([1, 2])
    await until(lambda: [1, 2] == sorted(executions.ended))
    await queue.put([3])
    await until(lambda: 3 in executions.ended)
    await worker.stop()

    assert [] == queue.given_back


async def test_no_more_than_so_many_run_at_once(queue, executions, worker):
    queue.keys = {execution: f"k{execution}" for execution in range(20)}
    executions.hold(*range(20))
    worker.start()
    await queue.put(range(20))
    await until(lambda: len(executions.begun) == COMMON)
    executions.held[0].set()
    await until(lambda: len(executions.begun) == COMMON + 1)
    await worker.stop(grace=0)

    assert COMMON == max(queue.asked)
    assert 1 == queue.asked[-1]


async def test_a_slow_workflow_leaves_room_for_others(queue, executions, worker):
    queue.keys = dict.fromkeys(range(OF_ONE), "slow")
    executions.hold(*range(OF_ONE))
    worker.start()
    await queue.put(range(OF_ONE))
    await until(lambda: {"slow"} in queue.full)
    before = list(queue.full)
    executions.held[0].set()
    await until(lambda: set() == queue.full[-1])
    await worker.stop(grace=0)

    assert set() == before[0]
    assert COMMON - OF_ONE == queue.asked[before.index({"slow"})]


async def test_where_much_was_found_more_are_waited_for(queue, executions, worker, monkeypatch):
    """To claim them together costs as much as to claim one. The moment is made longer, which is a constant."""
    monkeypatch.setattr("engine.workflow.worker.PAUSE_SECONDS", 1)
    queue.offered = [*range(MUCH)]
    worker.start()
    await until(lambda: MUCH == len(executions.ended))
    for execution in range(MUCH, 2 * MUCH):
        await queue.put([execution])
        await asyncio.sleep(0)
    await until(lambda: 2 * MUCH == len(executions.ended))
    await worker.stop()

    assert 2 == len(queue.asked)


async def test_what_cannot_be_given_back_at_once_is_given_back_later(queue, executions, worker):
    """Before its lease ends, when an attempt would count that it has not had."""
    executions.faults[1] = DBConnectionError("gone")
    queue.give_back_fault = ConnectionError("gone too")
    worker.start()
    for count in (1, 2, 3):
        await queue.put([])
        await queue.put([1] if count == 1 else [])
        await until(lambda count=count: len(queue.asked) > count)
    await until(lambda: queue.given_back)
    await worker.stop(grace=0)

    assert queue.give_back_fault is None
    assert [Claim(1, "lease")] == queue.given_back


async def test_what_the_database_interrupts_does_not_count(queue, executions, worker):
    """It is given back when the queue can be read again, not left until its lease ends."""
    executions.faults[1] = DBConnectionError("gone")
    worker.start()
    await queue.put([1])
    await until(lambda: executions.begun)
    await queue.put([])
    await until(lambda: queue.given_back)
    await worker.stop(grace=0)

    assert [Claim(1, "lease")] == queue.given_back


async def test_what_is_interrupted_again_and_again_counts(queue, executions, worker):
    """It may be what the database goes down of."""
    executions.faults[1] = DBConnectionError("gone")
    worker.start()
    for times in range(1, MAX_ATTEMPTS + 3):
        await queue.put([1])
        await until(lambda times=times: times == len(executions.begun))
    await queue.put([])
    await until(lambda: MAX_ATTEMPTS == len(queue.given_back))
    await worker.stop(grace=0)

    assert MAX_ATTEMPTS == len(queue.given_back)


async def test_what_comes_to_a_busy_host_is_put_back_and_its_workflow_passed_over(queue, executions, worker):
    """Until there is room at the host. What was put back has not failed, and nothing of it counts."""
    free = asyncio.Event()
    queue.keys = {1: "calls"}
    executions.faults[1] = HostBusy("h", free.is_set)
    worker.start()
    await queue.put([1])
    await until(lambda: {"calls"} in queue.full)
    put_back = list(queue.given_back)
    free.set()
    await queue.put([])
    await until(lambda: set() == queue.full[-1])
    await worker.stop(grace=0)

    assert [Claim(1, "lease")] == put_back
    assert ([], {}) == (executions.ended, executions.given_up)


async def test_a_stop_waits_for_what_runs(queue, executions, worker):
    executions.hold(1)
    worker.start()
    await queue.put([1])
    await until(lambda: executions.begun)
    stopping = asyncio.create_task(worker.stop())
    await queue.put([2])
    executions.held[1].set()
    await stopping

    assert [1] == executions.ended
    assert ([2], []) == (queue.offered, queue.given_back)


async def test_what_does_not_end_in_time_is_given_back(queue, executions, worker):
    executions.hold(1, 2)
    worker.start()
    await queue.put([1])
    asked = worker.run_in_order([(Claim(2, "sync"), 2)])
    await until(lambda: 2 == len(executions.begun))
    await worker.stop(grace=0)

    assert {Claim(1, "lease"), Claim(2, "sync")} == set(queue.given_back)
    assert asked.cancelled()


async def test_a_stop_in_the_middle_of_a_claim_gives_it_back(queue, executions, worker):
    """The claim may be committed already: forgotten, the execution would wait for its lease to end."""
    queue.may_take.clear()
    queue.offered = [1]
    worker.start()
    await until(lambda: queue.asked)
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    queue.may_take.set()
    await stopping

    assert [] == executions.begun
    assert [Claim(1, "lease")] == queue.given_back


async def test_a_queue_that_cannot_be_read_is_tried_again(queue, executions, worker):
    queue.fault = ConnectionError("gone for a moment")
    worker.start()
    await queue.put([1])
    await until(lambda: executions.ended)
    await worker.stop()

    assert 2 <= len(queue.asked)


@pytest.mark.parametrize("fault", [LostLease(), ZeroDivisionError("nobody thought of it")], ids=["lost", "unforeseen"])
async def test_an_execution_that_is_interrupted_stops_no_other(queue, executions, worker, fault):
    executions.faults[1] = fault
    worker.start()
    await queue.put([1, 2])
    await until(lambda: executions.ended)
    await worker.stop()

    assert [2] == executions.ended
    assert ([], {}) == (queue.given_back, executions.given_up)


async def test_one_that_has_ended_too_many_processes_is_given_up(executions, worker):
    await worker.run_in_order([(Claim(1, "lease", MAX_ATTEMPTS), 1), (Claim(2, "lease", MAX_ATTEMPTS + 1), 2)])

    assert [1] == executions.begun
    assert {2: "3 processes have ended while they ran it."} == executions.given_up


async def test_one_that_does_not_fit_the_models_is_given_up(executions, worker):
    executions.faults[1] = Unreadable("there are no 'posts'")
    await worker.run_in_order([(Claim(1, "lease"), 1)])

    assert {1: "The workflow does not fit the models any more: there are no 'posts'"} == executions.given_up


async def test_one_that_cannot_even_be_given_up_is_not_held_for_ever(queue, executions, worker):
    """Its lease has to end, so that somebody tries again."""
    executions.faults[1], executions.give_up_fault = Unreadable("no"), ConnectionError("no")
    worker.start()
    await worker.run_in_order([(Claim(1, "lease"), 1), (Claim(2, "lease"), 2)])
    await worker.stop()

    assert [2] == executions.ended
    assert [] == queue.given_back


async def test_one_that_rests_is_offered_again_for_then(queue, executions, worker):
    then = datetime(2030, 1, 1, tzinfo=UTC)
    executions.rests[1] = then
    await worker.run_in_order([(Claim(1, "lease"), 1), (Claim(2, "lease"), 2)])

    assert [(1, then)] == queue.resting
    assert [] == queue.offered


async def test_leases_are_extended_while_something_runs(queue, executions, worker):
    executions.hold(1)
    worker.start()
    await queue.put([1])
    await until(lambda: 3 <= len(queue.extended))
    executions.held[1].set()
    await until(lambda: executions.ended)
    queue.extended.clear()
    await worker.stop()

    assert [] == queue.extended


async def test_sync_executions_run_one_after_the_other(executions, worker):
    executions.hold(1)
    running = worker.run_in_order([(Claim(1, "a"), 1), (Claim(2, "b"), 2)])
    await until(lambda: executions.begun)
    begun = list(executions.begun)
    executions.held[1].set()
    await running

    assert [1] == begun
    assert [1, 2] == executions.ended


class Old:
    """History of which so many parts are too old; the first look fails."""

    def __init__(self, parts):
        self.parts = parts
        self.looks = 0

    async def end_some(self):
        self.looks += 1
        if self.looks == 1:
            raise ConnectionError("gone for a moment")
        self.parts -= 1
        return self.parts > 0


async def test_old_history_is_ended_part_by_part(queue, executions, monkeypatch):
    """The times between the parts are shortened, which are constants."""
    monkeypatch.setattr("engine.workflow.worker.TIDY_SECONDS", 0.001)
    monkeypatch.setattr("engine.workflow.worker.TIDY_MORE_SECONDS", 0.001)
    old = Old(3)
    worker = Worker(queue, executions, executions, Places(bool), old)
    worker.start()
    await until(lambda: old.parts <= 0)
    await worker.stop()

    assert 4 <= old.looks
