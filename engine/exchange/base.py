"""The port of the exchange: how the processes on one database reach each other."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Line(Protocol):
    """What is open between this process and the others. Whatever fails on it ends it: a new one is opened then."""

    async def marks(self) -> dict[str, str]:
        """The mark of each topic that was ever announced."""

    async def say(self, texts: Sequence[str]) -> None:
        """Bring each of these to every other process, and not back to this one; at most `Wire.longest` bytes each."""


class Wire(Protocol):
    """Either adapter. Where `longest` is 0 nobody would hear anything, and nothing is said."""

    longest: int

    def opened(self, changed: Callable[[], None], heard: Callable[[str], None]) -> AbstractAsyncContextManager[Line]:
        """A line that calls `changed` when something was announced, and `heard` with what another process has said."""
