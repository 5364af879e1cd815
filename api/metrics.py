"""Figures for Prometheus: what this process has done and is doing, and how much there is to do in the database."""

import time
from collections.abc import Awaitable, Callable
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.data.availability import connections
from engine.engine import Engine
from engine.observe import Event
from engine.workflow.backlog import Backlog, backlog
from schema.permissions import METRICS, Verb, require

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NOTHING = "none"
"""The route of what is at no path: callers make up paths, which must not become labels."""


class Metrics:
    """One registry for each application, and not the one of the whole process: tests have several of them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        requests = Histogram(
            "bangpath_request_seconds",
            "Requests by what was asked for.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._sockets = Gauge("bangpath_sockets", "WebSockets that are open.", registry=self.registry)
        changes = Counter(
            "bangpath_executions",
            "Executions that this process brought into a status.",
            ["status"],
            registry=self.registry,
        )
        # Those that come with every request: Prometheus counts the labels, and looks for them behind a lock, each time.
        self._requests, self._changes = cache(requests.labels), cache(changes.labels)
        self._standing = Gauge(
            "bangpath_executions_now", "Executions that have a status now.", ["status"], registry=self.registry
        )
        self._oldest = Gauge(
            "bangpath_oldest_queued_seconds", "How long the oldest queued one waits.", registry=self.registry
        )
        self._running = Gauge(
            "bangpath_running", "Executions this process runs, by what for.", ["kind"], registry=self.registry
        )
        self._connections = Gauge(
            "bangpath_database_connections", "Connections that are open.", ["state"], registry=self.registry
        )

    def requested(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._requests(_route(scope), method, str(status)).observe(seconds)

    def opened(self) -> None:
        self._sockets.inc()

    def closed(self) -> None:
        self._sockets.dec()

    def happened(self, event: Event) -> None:
        self._changes(event.status.value).inc()

    def told(self, now: Backlog, engine: Engine) -> bytes:
        """The figures as text, those of the moment among them."""
        for status, count in now.executions.items():
            self._standing.labels(status.value).set(count)
        self._oldest.set(now.oldest_queued)
        for kind, count in engine.worker.running.items():
            self._running.labels(kind).set(count)
        for state, count in connections().items():
            self._connections.labels(state).set(count)
        return generate_latest(self.registry)


class Measured:
    """Around the whole application: what is refused at the threshold is measured, too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._http(scope, receive, send)
            case "websocket":
                self._metrics.opened()
                try:
                    await self._app(scope, receive, send)
                finally:
                    self._metrics.closed()
            case _:
                await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), 500

        async def look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, look)
        finally:
            self._metrics.requested(scope, status, time.perf_counter() - began)


def metrics_route(metrics: Metrics, engine: Engine, look: Callable[[], Awaitable[Backlog]] = backlog) -> Route:
    """The one route of the figures, for roles with the grant to read them."""

    async def answer(request: Request) -> Response:
        require(request.state.context.actor, METRICS, Verb.READ)
        return Response(metrics.told(await look(), engine), media_type=CONTENT_TYPE_LATEST)

    return Route(METRICS, answer, methods=["GET"])


def _route(scope: Scope) -> str:
    """What REST has found at the path, else the path as the route has it."""
    if operation := scope.get("state", {}).get("operation"):
        return str(operation)
    route = scope.get("endpoint") and scope.get("route")
    return getattr(route, "path", NOTHING)
