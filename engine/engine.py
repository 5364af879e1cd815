"""The engine: everything below the doors, joined, with no HTTP and no GraphQL in it."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

from engine.actions import PLAIN, Actor, FindOrCreate, LinkRecords, Terms
from engine.data.collections import Collections
from engine.data.drafts import AnyWrite
from engine.data.plans import MAX_RECORDS
from engine.data.records import Records
from engine.data.store import Change
from engine.data.unit import connection
from engine.exchange.changes import Changes, Topic, marks
from engine.exchange.exchange import Exchange
from engine.exchange.notifying import Notifying
from engine.exchange.polling import Polling
from engine.idempotency import Repetitions
from engine.identity.accounts import Accounts
from engine.observe import Stream
from engine.outcomes import Written
from engine.outgoing.addresses import PUBLIC, Reach
from engine.outgoing.calls import Caller
from engine.outgoing.secrets import NO_SECRETS, Secrets
from engine.outgoing.transport import CheckedTransport
from engine.perform import Performer
from engine.queue.adapters import make_queue
from engine.rates import UNLIMITED, Rate
from engine.system.models import Status
from engine.workflow.by_hand import ByHand
from engine.workflow.callers import Authorize, Callers, nobody_may
from engine.workflow.catalog import Catalog
from engine.workflow.causes import BOUNDS, Bounds
from engine.workflow.dispatcher import SYNC_WAIT, Dispatcher
from engine.workflow.events import Events
from engine.workflow.executed import Executed
from engine.workflow.executions import Executions
from engine.workflow.hooks import Hooks
from engine.workflow.journal import LEASE, Journal
from engine.workflow.nodes import NODES_BY_KIND
from engine.workflow.nodes.base import Tools
from engine.workflow.patience import Patience
from engine.workflow.places import Places
from engine.workflow.processor import Run
from engine.workflow.retention import FOR_EVER, Retention
from engine.workflow.runner import Runner
from engine.workflow.versions import Versions
from engine.workflow.worker import SYNC_REQUESTS, Worker


class Engine:
    """What resolvers ask. `start` and `stop` frame its life; the database is open in between.

    `lenient` turns references to unknown workflows into skipped ones; `sync_wait` is in seconds, and `sync_requests` is
    how many run sync workflows at once; `lease` is how long an execution is held by a process that gives no sign of
    life; `reach` says which addresses nodes may call, and `secrets` what they may show there; `secret` is the service's
    own; `page_limit` is how many records a page has, `bulk_limit` how many a request may create, and `rows` how many a
    user may write a minute; `authorize` says what actors may do, for workflows that act for their callers.
    """

    def __init__(
        self,
        collections: Collections,
        accounts: Accounts,
        *,
        lenient: bool = False,
        sync_wait: float = SYNC_WAIT,
        lease: timedelta = LEASE,
        reach: Reach = PUBLIC,
        secrets: Secrets = NO_SECRETS,
        secret: str = "",
        page_limit: int = 200,
        bulk_limit: int = MAX_RECORDS,
        rows: Rate = UNLIMITED,
        retention: Retention = FOR_EVER,
        sync_requests: int = SYNC_REQUESTS,
        bounds: Bounds = BOUNDS,
        authorize: Authorize = nobody_may,
    ) -> None:
        self.collections = collections
        self.accounts = accounts
        self.page_limit = page_limit
        self.bulk_limit = bulk_limit
        self.records = Records(collections)
        self.catalog = Catalog(collections)
        self.versions = Versions(collections, self.catalog, secrets)
        self.stream = Stream()
        self.changes = Changes()
        self.changes.on(Topic.WORKFLOWS, self.catalog.reload)
        wire = Notifying() if connection().capabilities.dialect == "postgres" else Polling()
        self._exchange = Exchange(self.changes, self.stream, wire)
        self.repetitions = Repetitions(secret)
        self._queue = queue = make_queue(lease, self.stream.publish)
        journal = Journal(collections, lease, self.stream.publish, self._ended, queue.put)
        self._caller = Caller(CheckedTransport(reach), secrets)
        tools = Tools(self.records, self._caller)
        self._patience = Patience()
        callers = Callers(collections, accounts.actor_of, authorize)
        nodes = {kind: node(tools) for kind, node in NODES_BY_KIND.items()}
        runner = Runner(nodes, journal, self._follow, callers.allow)
        self.worker = Worker(queue, journal, runner, Places(self.catalog.stays_inside), retention, sync_requests)
        self._executed = Executed()
        dispatcher = Dispatcher(journal, runner, self.worker, queue, self._patience, self._executed, sync_wait)
        events = Events(self.collections, self.catalog, callers, bounds)
        self._runner, self._dispatcher, self._events = runner, dispatcher, events
        self._hooks = Hooks(self.collections, self.catalog, dispatcher.start, bounds)
        self._performer = Performer(self.records, self.catalog, events, dispatcher, self.repetitions, rows, lenient)
        self.executions = Executions(journal, self.versions, queue, self._patience, self._executed)
        self.by_hand = ByHand(self.versions, self.collections, dispatcher, self.repetitions, callers)

    # What runs executions is there before what starts them, so these two are asked through the engine.

    async def _follow(self, run: Run, changes: Sequence[Change]) -> None:
        await self._dispatcher.follow(run, await self._events.follow(changes, run.cause))

    async def _ended(self, execution: int, key: str, status: Status) -> None:
        await self._hooks.ended(execution, key, status)

    async def start(self, *, taking: bool = True) -> None:
        """Read the workflows, and begin to run what is queued; hear what other processes do from now on.

        Unless it is `taking`, what is queued is left to other processes.
        """
        self.changes.begin(await marks())
        await self.catalog.reload()
        await self._runner.start()
        self._exchange.start()
        self._queue.start()
        self._executed.start()
        self.worker.start(taking=taking)

    def leave(self) -> None:
        """Have nobody wait for long any more: the process is going to end."""
        self._patience.run_out()

    async def stop(self) -> None:
        """Let what runs come to its end, or to others."""
        await self.worker.stop()
        await self._executed.stop()
        await self._queue.stop()
        await self._exchange.stop()
        await self._caller.close()

    # These hand on what is to be awaited: a coroutine around it would go on with it behind every statement.
    def perform(
        self, action: AnyWrite | FindOrCreate, actor: Actor, request_id: str, terms: Terms = PLAIN
    ) -> Coroutine[Any, Any, Written]:
        """Carry out a write of one of the doors with everything it starts; see `engine/perform.py`."""
        return self._performer.perform(action, actor, request_id, terms)

    def link(
        self, action: LinkRecords, actor: Actor, request_id: str, terms: Terms = PLAIN
    ) -> Coroutine[Any, Any, list[Any]]:
        """Change which records hang on another; answers the keys of those that do."""
        return self._performer.link(action, actor, request_id, terms)
