"""Brings what other processes have done to this one, and what this one does to the others, until it is stopped."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from engine.data.lines import keep_open
from engine.data.unit import outside_unit
from engine.exchange import missed, telegrams
from engine.exchange.base import Line, Wire
from engine.exchange.changes import Changes
from engine.observe import ExecutionChanged, Stream

log = logging.getLogger("bangpath.exchange")

LOOK_SECONDS = 0.5
"""Between looks for changes that were not heard of."""
PAUSE_SECONDS = 0.05
"""Between one time that something is said and the next: what happens meanwhile is said together."""
CATCH_UP_SECONDS = 5.0
"""Between looks for news of executions that were not heard of: who had it may have died before it was said."""
GRACE_SECONDS = 2.0
KEPT = 10_000
"""Executions of which there is news to be said while nobody can hear it; of the oldest nothing is said then."""

# What happened so recently is on its way, and clocks of other hosts may be wrong by so much.
_FRESH, _SLACK = timedelta(seconds=1), timedelta(seconds=2)


class Exchange:
    """One task: it never waits for anybody who writes, and nobody who writes waits for it."""

    def __init__(self, changes: Changes, stream: Stream, wire: Wire) -> None:
        self._changes = changes
        self._stream = stream
        self._wire = wire
        self._news: dict[int, ExecutionChanged] = {}
        self._announced = True
        self._ending = False
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._caught_up = datetime.now(UTC)
        if wire.longest:
            stream.watched_by(self._happened)

    def start(self) -> None:
        self._ending = False
        self._task = asyncio.create_task(self._run(), context=outside_unit())

    async def stop(self) -> None:
        """Say what is left to be said, if anybody hears it at once."""
        assert self._task is not None, "started before"
        self._ending = True
        self._woken.set()
        await asyncio.wait([self._task], timeout=GRACE_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _happened(self, event: ExecutionChanged) -> None:
        # Only the last of an execution: by the time it is heard the row has no other status.
        self._news.pop(event.execution, None)
        self._news[event.execution] = event
        if len(self._news) > KEPT:
            del self._news[next(iter(self._news))]
        self._woken.set()

    def _changed(self) -> None:
        self._announced = True
        self._woken.set()

    def _heard(self, text: str) -> None:
        if not self._stream.is_read:
            return
        try:
            events = telegrams.read(text)
        except ValueError as error:
            log.warning("another process says what this one does not understand: %s", error)
            return
        for event in events:
            self._stream.deliver(event)

    async def _run(self) -> None:
        await keep_open(
            lambda: self._wire.opened(self._changed, self._heard),
            self._talk,
            whom="the other processes",
            log=log,
            back=lambda: log.info("the other processes are heard again"),
            wanted=lambda: not self._ending,
        )

    async def _talk(self, line: Line) -> None:
        await self._catch_up()
        loop = asyncio.get_running_loop()
        look = loop.time()
        catch_up = loop.time() + CATCH_UP_SECONDS
        while True:
            if self._announced or loop.time() >= look:
                # Before the marks are read: what is announced meanwhile is looked at once more.
                self._announced = False
                await self._changes.compare(await line.marks())
                look = loop.time() + LOOK_SECONDS
            await self._say(line)
            if self._ending and not self._news:
                return
            if self._wire.longest and loop.time() >= catch_up:
                await self._catch_up()
                catch_up = loop.time() + CATCH_UP_SECONDS
            await self._rest(look - loop.time())

    async def _say(self, line: Line) -> None:
        news, self._news = self._news, {}
        if not news:
            return
        try:
            await line.say(list(telegrams.written(news.values(), self._wire.longest)))
        except BaseException:
            self._news = {**news, **self._news}
            raise

    async def _rest(self, seconds: float) -> None:
        """Until there is something to say or to look at, but not so short that each is said by itself."""
        if not self._ending:
            await asyncio.sleep(PAUSE_SECONDS)
        try:
            async with asyncio.timeout(max(seconds - PAUSE_SECONDS, 0)):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    async def _catch_up(self) -> None:
        """Tell readers what their rows tell: news is lost with the process that had it, or with a connection."""
        now = datetime.now(UTC)
        since, until = self._caught_up - _SLACK, now - _FRESH
        topics = self._stream.topics
        for event in await missed.followed(topics):
            self._stream.deliver_missed(event, now)
        for event, at in await missed.changed(topics, since, until):
            self._stream.deliver_missed(event, at)
        self._caught_up = until
