"""Takes executions from the queue and has them run, several at once, until it is stopped."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from engine.data.availability import refusal_of
from engine.data.unit import outside_unit
from engine.outgoing.hosts import HostBusy
from engine.queue.base import MAX_ATTEMPTS, Claim, Queue, Room
from engine.workflow.journal import Journal, LostLease, Unreadable
from engine.workflow.loading import Loading
from engine.workflow.places import COMMON, Places
from engine.workflow.processor import Run
from engine.workflow.retention import FOR_EVER, Retention
from engine.workflow.runner import Runner

log = logging.getLogger("bangpath.worker")

SYNC_REQUESTS = 200
"""Requests whose sync executions run at once, unless a setting says otherwise."""
MOMENT_SECONDS = 0.02
"""How long a worker with much to do leaves room empty, so that more of it is filled at once: to claim one costs as much
as to claim several."""
MUCH, PAUSE_SECONDS = 4, 0.01
"""Where so many were found and none is left, it waits so long for more. One who writes comes to fewer by himself."""
SWEEP_SECONDS = 1.0
"""How often rows are looked through without being woken: for the executions of processes that died."""
GRACE_SECONDS = 10.0
TIDY_SECONDS, TIDY_MORE_SECONDS = 60.0, 0.1
"""Between looks for history that is too old, and between the parts in which it is ended."""

Value = TypeVar("Value")


class Worker:
    """The one place in a process that runs executions: those it takes, and the sync ones of requests, of at most
    `sync_requests` at once."""

    def __init__(
        self,
        queue: Queue,
        journal: Journal,
        runner: Runner,
        places: Places,
        retention: Retention = FOR_EVER,
        sync_requests: int = SYNC_REQUESTS,
    ) -> None:
        self._sync_requests = sync_requests
        self._retention = retention
        self._places = places
        self._queue = queue
        self._journal = journal
        self._runner = runner
        self._held: set[Claim] = set()
        self._taken: set[asyncio.Task[None]] = set()
        self._asked: dict[asyncio.Task[None], frozenset[str]] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._extending: asyncio.Task[None]
        self._interrupted: set[Claim] = set()
        self._excused: Counter[int] = Counter()

    def start(self, *, taking: bool = True) -> None:
        """Begin to take executions, what a process before this one left among them.

        Unless it is `taking`, only the sync ones of requests are run; others tidy then too.
        """
        self._loops = [_spawn(self._take()), _spawn(self._tidy())] if taking else []
        self._extending = _spawn(self._extend())

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Take nothing more, let what runs finish for `grace` seconds, and give the rest back to others."""
        await _cancel(self._loops)
        if running := self._taken | self._asked.keys():
            _, late = await asyncio.wait(running, timeout=grace)
            await _cancel(late)
        await _cancel([self._extending])
        await self._put_back([*self._held, *self._interrupted])

    @property
    def running(self) -> dict[str, int]:
        """How many tasks run: executions that were taken, and requests' sync ones, each request's in one task."""
        return {"taken": len(self._taken), "sync": len(self._asked)}

    def has_room(self, keys: Collection[str]) -> bool:
        """Whether one more request may have its sync executions run here, of these workflows.

        Each may have half of the room, so that a slow one leaves some for others. What is open and not committed yet
        is not counted: there may be a few more, on PostgreSQL as many as it has connections.
        """
        of_each = Counter(key for keys in self._asked.values() for key in keys)
        most_of_one = -(-self._sync_requests // 2)
        return len(self._asked) < self._sync_requests and all(of_each[key] < most_of_one for key in keys)

    def run_in_order(self, claims: Sequence[tuple[Claim, Run]], keys: Collection[str] = ()) -> "asyncio.Task[None]":
        """Run executions that are ours already one after the other, whether or not somebody waits for them.

        `keys` are those of their workflows.
        """
        self._held.update(claim for claim, _ in claims)
        task = _spawn(self._in_order(claims))
        self._asked[task] = frozenset(keys)
        task.add_done_callback(self._asked.pop)
        return task

    async def _in_order(self, claims: Sequence[tuple[Claim, Run]]) -> None:
        for claim, run in claims:
            await self._carry_out(claim, run)

    async def _take(self) -> None:
        while True:
            await self._room()
            running = set(self._taken)
            # Cancelled while the claim is committed, nobody would know of it until the lease ends.
            room = self._places.room()
            claims = await _finished(_spawn(self._claim(room)))
            loading = Loading(self._journal, [claim for claim in claims if claim.attempt <= MAX_ATTEMPTS])
            for claim in claims:
                _keep(_spawn(self._run_taken(claim, loading)), self._taken)
            # One that has ended meanwhile has left its place to another, which was not found.
            if not claims and running <= self._taken:
                await self._rest()
            elif len(claims) >= MUCH and all(room.of(claim.key) for claim in claims):
                # That was all there was: soon there will be as much again.
                await asyncio.sleep(PAUSE_SECONDS)

    async def _room(self) -> None:
        """Wait for room, and a moment for more of it."""
        half = max(COMMON, len(self._taken)) // 2
        while not self._places.room().total:
            await asyncio.wait(self._taken, return_when=asyncio.FIRST_COMPLETED)
        loop = asyncio.get_running_loop()
        end = loop.time() + MOMENT_SECONDS
        while len(self._taken) > half and (left := end - loop.time()) > 0:
            await asyncio.wait(self._taken, timeout=left, return_when=asyncio.FIRST_COMPLETED)

    async def _rest(self) -> None:
        """Until there may be something to take: something was put, or one has ended that another has waited for."""
        waiting = _spawn(self._queue.wait(SWEEP_SECONDS))
        try:
            await asyncio.wait({waiting, *self._taken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel([waiting])

    async def _claim(self, room: Room) -> list[Claim]:
        await self._release()
        try:
            claims = await self._queue.take(room)
        except Exception:
            log.exception("the queue cannot be read, trying again")
            return []
        self._held.update(claims)
        self._places.give(claims)
        return claims

    async def _run_taken(self, claim: Claim, loading: Loading) -> None:
        try:
            await self._carry_out(claim, loading)
        finally:
            self._places.leave(claim)

    async def _carry_out(self, claim: Claim, found: Run | Loading) -> None:
        """Run one execution. Cancelled, the claim stays held: `stop` gives it back."""
        try:
            await self._attempt(claim, found)
        except HostBusy as busy:
            self._places.close(claim.key, busy)
            self._interrupted.add(claim)
            await self._release()
        except LostLease:
            log.warning("execution %s was cancelled, or taken over by another process", claim.execution)
        except Exception as error:
            log.exception("execution %s was interrupted; it is taken up again when its lease ends", claim.execution)
            if refusal_of(error) is not None:
                self._excuse(claim)
        else:
            self._excused.pop(claim.execution, None)
        self._held.discard(claim)

    def _excuse(self, claim: Claim) -> None:
        """The database has gone, which is not the fault of what ran; unless it goes again and again."""
        self._excused[claim.execution] += 1
        if self._excused[claim.execution] <= MAX_ATTEMPTS:
            self._interrupted.add(claim)

    async def _release(self) -> None:
        """Give back what could not be run here, as the database may be there again; it does not count as an attempt."""
        interrupted = list(self._interrupted)
        if await self._put_back(interrupted):
            self._interrupted.difference_update(interrupted)

    async def _attempt(self, claim: Claim, found: Run | Loading) -> None:
        if claim.attempt > MAX_ATTEMPTS:
            error = f"{MAX_ATTEMPTS} processes have ended while they ran it."
            await self._journal.give_up(claim.execution, claim.lease, error)
            return
        try:
            result = await self._runner.run(await found.run(claim) if isinstance(found, Loading) else found)
        except Unreadable as error:
            message = f"The workflow does not fit the models any more: {error}"
            await self._journal.give_up(claim.execution, claim.lease, message)
            return
        if result.resume_at:
            await self._queue.put([claim.execution], result.resume_at)

    async def _put_back(self, claims: Sequence[Claim]) -> bool:
        """Whether others can have these now."""
        try:
            if claims:
                await self._queue.give_back(claims)
        except Exception:
            log.exception("executions could not be given back; they are taken up again when their leases end")
            return False
        return True

    async def _tidy(self) -> None:
        """End old history, with a rest after each part in which others write."""
        while True:
            more = False
            try:
                more = await self._retention.end_some()
            except Exception:
                log.exception("old executions could not be ended, trying again")
            await asyncio.sleep(TIDY_MORE_SECONDS if more else TIDY_SECONDS)

    async def _extend(self) -> None:
        while True:
            await asyncio.sleep(self._journal.lease.total_seconds() / 3)
            try:
                await self._queue.extend(list(self._held))
            except Exception:
                log.exception("leases could not be extended, trying again")


def _spawn(work: Coroutine[Any, Any, Value]) -> "asyncio.Task[Value]":
    return asyncio.create_task(work, context=outside_unit())


def _keep(task: "asyncio.Task[None]", tasks: "set[asyncio.Task[None]]") -> "asyncio.Task[None]":
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task


async def _finished(task: "asyncio.Task[Value]") -> Value:
    """What a task answers. Who is cancelled while waiting for it goes when it is done."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _cancel(tasks: "Iterable[asyncio.Task[None]]") -> None:
    listed = list(tasks)
    for task in listed:
        task.cancel()
    await asyncio.gather(*listed, return_exceptions=True)
