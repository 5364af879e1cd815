"""One WebSocket of the protocol `graphql-transport-ws`: its messages → subscriptions → what they tell.

Of our own, like the door of HTTP: Strawberry's has one context for the whole life of a socket, where each event needs
the rights its reader has by then, and knows none of our codes.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, aclosing, suppress
from dataclasses import dataclass
from typing import Any

import strawberry
from msgspec.structs import replace
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from api.body import parse_json
from api.credentials import Credentials
from api.error_body import STATUSES
from api.graphql import PATH, Asked, asked, encode, formatted
from engine.actions import Actor
from engine.data.availability import refusal_of
from engine.errors import Code, Refusal, refuse
from engine.rates import Rate
from schema import audit
from schema.context import Context
from schema.loaders import Request
from schema.permissions import signed_in
from schema.shaped import seen_by

log = logging.getLogger("bangpath.graphql")

MAX_ID = 128


@dataclass(frozen=True, slots=True)
class Limits:
    """What one socket may have and do. Times are in seconds, `message` in bytes.

    `opening` is how long a socket may go without saying who it is, `check` how often that is looked at again.
    """

    subscriptions: int = 100
    opening: float = 3.0
    check: float = 30.0
    message: int = 64 * 1024


class Closing(Exception):
    """Ends the socket, with a code of the protocol and the reason for people, at most 123 bytes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """A socket that was accepted. `seat` counts it as one of a user's while it is open, or raises `Closing`; `rate`
    counts its subscriptions as requests of theirs."""

    def __init__(
        self,
        socket: WebSocket,
        schema: strawberry.Schema,
        limits: Limits,
        seat: Callable[[int], AbstractContextManager[None]],
        rate: Rate,
    ) -> None:
        self._socket = socket
        self._schema = schema
        self._limits = limits
        self._seat = seat
        self._rate = rate
        self._context: Context = socket.state.context
        self._credentials: Credentials = socket.state.credentials
        self._begun = False
        self._acknowledged = False
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._tasks = asyncio.TaskGroup()
        self._held = ExitStack()

    async def run(self) -> None:
        """Answer messages until one side closes the socket. Whatever fails in one of its tasks ends it."""
        try:
            with self._held:
                async with self._tasks:
                    self._tasks.create_task(self._read())
        except* WebSocketDisconnect:
            pass
        except* Exception as errors:
            closing = self._closing(errors.exceptions[0])
            with suppress(WebSocketDisconnect):
                await self._socket.close(closing.code, closing.reason)

    def _closing(self, error: Exception) -> Closing:
        if isinstance(error, Closing):
            return error
        refusal = error if isinstance(error, Refusal) else refusal_of(error)
        if refusal is None:
            log.error("the socket of request %s failed", self._context.request_id, exc_info=error)
            refusal = refuse(Code.INTERNAL, "Internal error")
        audit.refused(self._context, f"WebSocket {PATH}", refusal.code)
        return Closing(4000 + STATUSES[refusal.code], refusal.code.value)

    async def _read(self) -> None:
        opening = asyncio.timeout(self._limits.opening)
        try:
            async with opening:
                while True:
                    await self._take(await self._message())
                    if self._acknowledged:
                        opening.reschedule(None)
        except TimeoutError:
            if not opening.expired():
                raise
            raise Closing(4408, "Connection initialisation timeout") from None

    async def _message(self) -> dict[str, Any]:
        received = await self._socket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received["code"])
        text = (received.get("text") or "").encode()
        if len(text) > self._limits.message:
            raise Closing(4400, f"A message has {self._limits.message} bytes at most")
        try:
            message = parse_json(text)
        except Refusal:
            raise Closing(4400, "A message is JSON, as text") from None
        if not isinstance(message, dict):
            raise Closing(4400, "A message is an object")
        return message

    async def _take(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "connection_init":
                await self._begin(message.get("payload"))
            case "ping":
                await self._send(type="pong")
            case "pong":
                pass
            case "subscribe":
                self._subscribe(message)
            case "complete":
                self._complete(message)
            case _:
                raise Closing(4400, "There is no such type of message")

    async def _begin(self, payload: Any) -> None:
        """Find out who it is; what cannot be told is closed with the refusal's code."""
        if self._begun:
            raise Closing(4429, "Too many initialisation requests")
        self._begun = True
        shown = {} if payload is None else payload
        if not isinstance(shown, dict):
            raise Closing(4400, "The payload of connection_init is an object")
        self._credentials = self._credentials.joined_by(_texts(shown, "authorization"), _texts(shown, "x-role"))
        actor = await self._identify()
        # Who asks in the default role stays in it, should another one become the default.
        self._credentials = self._credentials.in_role(actor.role)
        self._held.enter_context(self._seat(actor.key))
        self._tasks.create_task(self._check())
        self._acknowledged = True
        await self._send(type="connection_ack")

    async def _identify(self) -> Actor:
        token = self._credentials.token
        accounts = self._context.engine.accounts
        return signed_in(await accounts.actor(token, self._credentials.role) if token else None)

    async def _check(self) -> None:
        """Ends the socket of somebody who is nobody any more, though there may be nothing to tell them."""
        while True:
            await asyncio.sleep(self._limits.check)
            await self._identify()

    def _subscribe(self, message: Mapping[str, Any]) -> None:
        if not self._acknowledged:
            raise Closing(4401, "Unauthorized")
        name = _id(message)
        if name in self._operations:
            raise Closing(4409, "Subscriber for this id already exists")
        if len(self._operations) >= self._limits.subscriptions:
            raise Closing(4429, f"Too many subscriptions: a socket has {self._limits.subscriptions} at most")
        payload = message.get("payload")
        if not isinstance(payload, dict):
            raise Closing(4400, "The payload of subscribe is an object")
        self._operations[name] = self._tasks.create_task(self._operate(name, asked(payload)))

    def _complete(self, message: Mapping[str, Any]) -> None:
        if operation := self._operations.pop(_id(message), None):
            operation.cancel()

    async def _operate(self, name: str, wanted: Asked) -> None:
        """Tell what a subscription has to tell, to its end.

        Subscriptions alone: a write would lack everything that HTTP has around it, its statuses and its bounds.
        """
        actor = await self._identify()
        self._rate.take(str(actor.key))
        context = replace(self._context, actor=actor)
        results = await seen_by(self._schema, context).stream(
            wanted.query,
            variable_values=wanted.variables,
            context_value=Request(context, identify=self._identify),
            operation_name=wanted.operation_name,
            allowed_operation_types=(OperationType.SUBSCRIPTION,),
        )
        async with aclosing(results):
            async for result in results:
                assert isinstance(result, ExecutionResult), "incremental delivery is off"
                if _is_end(result):
                    await self._end(name, type="error", payload=[formatted(error) for error in result.errors or ()])
                    return
                await self._send(id=name, type="next", payload=_payload(result))
        await self._end(name, type="complete")

    async def _end(self, name: str, **message: Any) -> None:
        # First: a client may take the id again as soon as it has read this.
        del self._operations[name]
        await self._send(id=name, **message)

    async def _send(self, **message: Any) -> None:
        """Send a message; waits while the client does not read."""
        await self._socket.send_text(encode(message).decode())


def _id(message: Mapping[str, Any]) -> str:
    name = message.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_ID:
        raise Closing(4400, f"An id is a text of 1 to {MAX_ID} characters")
    return name


def _texts(payload: Mapping[str, Any], header: str) -> list[str]:
    """What stands in the payload in place of a header, whose name is written as one likes."""
    values = [value for name, value in payload.items() if name.lower() == header]
    if not all(isinstance(value, str) for value in values):
        raise Closing(4400, f"'{header}' is a text")
    return values


def _is_end(result: ExecutionResult) -> bool:
    """Whether the subscription did not begin, or what it follows has failed; errors within one event have a path."""
    return result.data is None and not any(error.path for error in result.errors or ())


def _payload(result: ExecutionResult) -> dict[str, Any]:
    payload: dict[str, Any] = {"data": result.data}
    if result.errors:
        payload["errors"] = [formatted(error) for error in result.errors]
    return payload
