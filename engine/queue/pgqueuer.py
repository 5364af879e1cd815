"""The queue on PostgreSQL: PgQueuer's table says which executions somebody should look at, and many processes take.

An entry is put by the transaction that queues the execution, and ends in the one that claims it: who dies in between
leaves both or neither. From then on the lease on the execution's row counts alone, so that there is one truth about
who is alive, and PgQueuer's heartbeats are not used. What rests has no entry: PgQueuer looks through those that are
deferred on its way to the others, and thousands of delays would slow every claim.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.domain.models import Job
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.queries import Queries

from engine.data.postgres_executor import NUMBERED
from engine.data.unit import after_commit, connection, take_turns, unit_of_work
from engine.observe import ExecutionChanged, Publish, unheard
from engine.queue import rows
from engine.queue.base import AT_ONCE, Claim, Inserted, Room
from engine.queue.bell import Bell
from engine.queue.pgqueuer_tables import SETTINGS, TABLE
from engine.system.models import Execution, Status

SWEEP_SECONDS = 1.0
"""Between looks for executions whose entries are lost, whose rest is over, or whose process has died."""
_SOON = 1.0
_SWEPT_AT_ONCE = 1_000
_NO_LIMIT = EntrypointExecutionParameter(concurrency_limit=0)
# Nothing stays picked longer than the transaction in which it is: no entry is ever stale.
_NEVER = timedelta(days=36_500)

# Each workflow is one step in the index, however much of it is queued.
_ENTRYPOINTS = f"""
WITH RECURSIVE queued (entrypoint) AS (
    (SELECT entrypoint FROM {TABLE} WHERE status = 'queued' ORDER BY entrypoint LIMIT 1)
    UNION ALL
    SELECT (SELECT entrypoint FROM {TABLE} WHERE status = 'queued' AND entrypoint > queued.entrypoint
            ORDER BY entrypoint LIMIT 1)
    FROM queued WHERE entrypoint IS NOT NULL
)
SELECT entrypoint FROM queued WHERE entrypoint IS NOT NULL"""  # noqa: S608 - a name of ours
# Plans are made when little is queued, and kept. In a sudden backlog they would go through all of it for each claim; by
# the indexes and one row at a time they touch what they take.
_BY_INDEX = ";".join(f"SET LOCAL enable_{way} = off" for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"))
# As a query that answers rows; by itself Tortoise would count them. No index has the status as it is compared: of those
# that do, one would be gone through for all that is queued, by statistics of a time when nothing was.
_CLAIM = f"""
WITH entered AS (
    DELETE FROM {TABLE} WHERE id = ANY($4::bigint[])
), claimed AS (
    UPDATE executions
    SET status = 'running', lease = $1, leased_until = now() + $2::interval, attempt = attempt + 1,
        started_at = coalesce(started_at, now())
    WHERE id = ANY($3::bigint[]) AND status || '' = 'queued'
    RETURNING id, key, attempt
)
SELECT id, key, attempt, EXISTS (SELECT FROM jobs WHERE execution_id = claimed.id) AS begun, {NUMBERED}
FROM claimed ORDER BY id"""  # noqa: S608 - a name of ours
_LOST = f"""
SELECT id, EXISTS (SELECT FROM {TABLE} WHERE dedupe_key = looked.id::text AND status IN ('queued', 'picked')) AS there
FROM (SELECT id FROM executions WHERE status = 'queued' AND id > $1 ORDER BY id LIMIT $2) AS looked
ORDER BY id"""  # noqa: S608 - a name of ours


class OurConnection(AsyncpgDriver):
    """PgQueuer's way to the database: the transaction that is open around the caller, else a connection of the pool."""

    def __init__(self) -> None:
        """It has no connection of its own."""

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return list(await connection().execute_query_dict(query, list(args)))

    async def execute(self, query: str, *args: object) -> str:
        await connection().execute_query(query, list(args))
        return ""


class PgQueuerQueue:
    """Claims in one transaction with the end of the entry, in which others pass over what it holds."""

    def __init__(self, lease: timedelta, publish: Publish = unheard) -> None:
        self._lease = lease
        self._publish = publish
        self._queries = Queries(OurConnection(), QueryBuilderEnvironment(SETTINGS), QueryQueueBuilder(SETTINGS))
        self._process = QueueManagerId(uuid.uuid4())
        self._woken = asyncio.Event()
        self._bell = Bell(self._woken.set)
        self._last = ""
        self._sweep_at = 0.0
        self._swept = 0

    def start(self) -> None:
        self._bell.start()

    async def stop(self) -> None:
        await self._bell.stop()

    async def put(self, executions: Sequence[int], at: datetime | None = None, rows: Sequence[Inserted] = ()) -> None:
        if at is not None:
            # Who does not come back to it in time leaves it to the sweep of any process.
            seconds = (at - datetime.now(UTC)).total_seconds()
            asyncio.get_running_loop().call_later(min(max(seconds, 0), _SOON), self._look)
        elif executions:
            await self._enter(executions, rows=rows)
            after_commit(self._offered)

    async def take(self, room: Room) -> list[Claim]:
        if asyncio.get_running_loop().time() >= self._sweep_at:
            await self._sweep()
        claims = await self._take(room)
        if claims is None and await self._sweep():
            claims = await self._take(room)
        return claims or []

    async def _take(self, room: Room) -> list[Claim] | None:
        """None where nothing is in the queue, which is another thing than that nothing may be taken."""
        while True:
            before = self._last
            async with unit_of_work():
                await connection().execute_script(_BY_INDEX)
                found = [row["entrypoint"] for row in await connection().execute_query_dict(_ENTRYPOINTS)]
                turn = self._in_turn(found, room)
                jobs = await self._choose(turn, room) if turn else []
                claims = await self._claim(jobs, uuid.uuid4().hex) if jobs else []
            if claims or not jobs:
                return claims if found else None
            # What these entries were for has ended without being taken; behind them there may be others.
            self._last = before
            for job in jobs:
                room.fill(_key_and_slots(job.entrypoint)[0], -1)

    async def extend(self, claims: Sequence[Claim]) -> None:
        await rows.extend(claims, self._lease)

    async def give_back(self, claims: Sequence[Claim]) -> None:
        async with unit_of_work():
            # They have waited already.
            await self._enter(await rows.give_back(claims, self._publish), priority=1)
            after_commit(self._offered)

    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    def _look(self) -> None:
        """Wake this process's worker, and let it look at the rows too."""
        self._sweep_at = 0.0
        self._woken.set()

    def _offered(self) -> None:
        self._woken.set()
        self._bell.ring()

    async def _enter(self, executions: Sequence[int], priority: int = 0, rows: Sequence[Inserted] = ()) -> None:
        found: list[Inserted | Execution] = [row for row in rows if row.id in executions]
        if unread := [each for each in executions if each not in {row.id for row in rows}]:
            found += await Execution.filter(id__in=unread).order_by("id").only("id", "key", "slots")
        if not found:
            return
        await self._queries.enqueue(
            [_entrypoint(row.key, row.slots) for row in found],
            [str(row.id).encode() for row in found],
            [priority] * len(found),
            dedupe_key=[str(row.id) for row in found],
            on_conflict="skip",
        )

    def _in_turn(self, found: Sequence[str], room: Room) -> list[str]:
        """Those entrypoints that there is room for, beginning behind the one that had the last turn."""
        fitting = [each for each in found if room.of(_key_and_slots(each)[0])]
        return [each for each in fitting if each > self._last] + [each for each in fitting if each <= self._last]

    async def _choose(self, entrypoints: Sequence[str], room: Room) -> list[Job]:
        """The oldest of each, as many as are its share, and next time first those that have found no room: who floods
        keeps no other waiting."""
        busy = await _busy(entrypoints)
        turn = [each for each in entrypoints if _is_open(each, busy)][: min(room.total, AT_ONCE)]
        shares = {each: room.share(_key_and_slots(each)[0], len(turn)) for each in turn}
        jobs: list[Job] = []
        last = ""
        for before, each in zip(["", *turn], turn, strict=False):
            key, slots = _key_and_slots(each)
            if not room.of(key):
                last = last or before
            wanted = min(shares[each], room.of(key))
            if slots is not None:
                wanted = min(wanted, slots - busy[key])
            if wanted > 0:
                found = await self._dequeue(each, wanted)
                busy[key] += len(found)
                room.fill(key, len(found))
                jobs += found
        self._last = last or (turn or entrypoints)[-1]
        return jobs

    async def _dequeue(self, entrypoint: str, limit: int) -> list[Job]:
        return await self._queries.dequeue(
            limit, {QueueEntrypoint(entrypoint): _NO_LIMIT}, self._process, None, heartbeat_timeout=_NEVER
        )

    async def _claim(self, jobs: Sequence[Job], lease: str) -> list[Claim]:
        """Hold what these say, as far as it is still to be had: it may have been cancelled meanwhile."""
        named, entries = [_execution(job) for job in jobs], [int(job.id) for job in jobs]
        claimed = await connection().execute_query_dict(_CLAIM, [lease, self._lease, named, entries])
        for row in claimed:
            self._publish(ExecutionChanged(row["id"], row["key"], Status.RUNNING))
        return [Claim(row["id"], lease, row["attempt"], row["key"], row["begun"]) for row in claimed]

    async def _sweep(self) -> bool:
        """Put what should be in the queue and is not; answers whether something was."""
        self._sweep_at = asyncio.get_running_loop().time() + SWEEP_SECONDS
        again: list[int] = []
        if await rows.due().exists():
            async with unit_of_work():
                again = await rows.queue_again()
                # They have waited already: behind a backlog, who takes over from the dead would come late.
                await self._enter(again, priority=1)
        looked_at = await connection().execute_query_dict(_LOST, [self._swept, _SWEPT_AT_ONCE])
        # A long backlog is looked through in parts, one a time.
        self._swept = looked_at[-1]["id"] if len(looked_at) == _SWEPT_AT_ONCE else 0
        if lost := [row["id"] for row in looked_at if not row["there"]]:
            await self._enter(lost)
        return bool(again or lost)


def _entrypoint(key: str, slots: int | None) -> str:
    """One for each workflow, and for each number of places that it has: they are known before anything is taken.

    >>> _entrypoint("greet", None), _entrypoint("greet", 2)
    ('greet', 'greet 2')
    """
    return key if slots is None else f"{key} {slots}"


def _key_and_slots(entrypoint: str) -> tuple[str, int | None]:
    key, _, slots = entrypoint.partition(" ")
    return key, int(slots) if slots else None


def _is_open(entrypoint: str, busy: Mapping[str, int]) -> bool:
    key, slots = _key_and_slots(entrypoint)
    return slots is None or busy[key] < slots


def _execution(job: Job) -> int:
    assert job.payload is not None, "put with its execution"
    return int(job.payload)


async def _busy(entrypoints: Sequence[str]) -> Counter[str]:
    """How many of the workflows run that may run only so many at once; nobody else counts until the commit."""
    narrow = [key for key, slots in map(_key_and_slots, entrypoints) if slots is not None]
    if not narrow:
        return Counter()
    await take_turns("slots")
    running = Execution.filter(status=Status.RUNNING, slots__isnull=False, key__in=narrow)
    return Counter(row.key for row in await running.only("key"))
