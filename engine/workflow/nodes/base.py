"""What a kind of node is: how its config is read when a workflow is saved, and what it answers when it runs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from msgspec import Struct

from engine.data.records import Records
from engine.data.store import Change
from engine.outgoing.calls import Caller
from engine.system.models import Status
from engine.workflow.complaints import Complaints
from engine.workflow.scope import Known, Scope

Config = TypeVar("Config")


class Effect(StrEnum):
    """What running a node twice would do: nothing, read the database again, write it again, or reach the world outside
    of the database again, which no transaction takes back."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
    OUTSIDE = "outside"


class Done(Struct, frozen=True):
    """The node is finished; `result` is what later nodes see, `message` what the caller of a sync workflow is told.

    `changes` are those of records, which other workflows may follow.
    """

    result: Any = None
    message: str | None = None
    changes: Sequence[Change] = ()


class Failed(Struct, frozen=True):
    """The node could not be carried out, and the reason is kept.

    `transient`: another time it may succeed, after `wait` seconds at the earliest where somebody has said so.
    """

    error: str
    transient: bool = False
    wait: float | None = None


class Enter(Struct, frozen=True):
    """Go on in a branch of this node, and behind it afterwards.

    With a `round`, the number of times it was entered before, the node is asked again at the end of the branch.
    """

    branch: str
    result: Any = None
    round: int | None = None


class Waiting(Struct, frozen=True):
    """Let the run rest until then, without a process that waits. `error` is there when that is for another attempt."""

    until: datetime
    result: Any = None
    error: str | None = None


class Leave(StrEnum):
    """How a round ends early: with the whole loop, or for the next round."""

    BREAK = "break"
    CONTINUE = "continue"


class LeaveRound(Struct, frozen=True):
    """End the round of the innermost loop around this node."""

    leave: Leave


class Stop(Struct, frozen=True):
    """End the whole run, from any depth, in a terminal status."""

    status: Status
    result: Any = None
    error: str | None = None


Outcome: TypeAlias = Done | Failed | Enter | Waiting | LeaveRound | Stop


class Left(Struct, frozen=True):
    """How a node stands that is asked to go on: what it has answered when it began to wait, or when it entered a
    round, which one that was, and whether that was broken off."""

    result: Any
    round: int | None = None
    broken: bool = False


class Tools(Struct, frozen=True):
    """What a node may work with."""

    records: Records
    caller: Caller


class Node(ABC, Generic[Config]):
    """A kind of node. It knows neither the processor nor the journal, and keeps nothing between runs.

    `branches` are the names that branches of this kind may have; a kind that `loops` enters one again and again, one
    that `waits` rests without a process, and one that `leaves` is for the inside of loops.
    """

    kind: ClassVar[str]
    effect: ClassVar[Effect]
    branches: ClassVar[tuple[str, ...]] = ()
    loops: ClassVar[bool] = False
    waits: ClassVar[bool] = False
    leaves: ClassVar[bool] = False

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    @classmethod
    @abstractmethod
    def read(cls, given: Mapping[str, Any], branches: Set[str], known: Known, complaints: Complaints) -> Config | None:
        """The config of a document as a frozen value; None after complaints. Called when a workflow is saved.

        `branches` are the names of those that the node has in the document, empty ones included.
        """

    @abstractmethod
    async def run(self, config: Config, scope: Scope) -> Outcome:
        """Do the node's work. A `Refusal` that leaves it counts as `Failed`."""

    async def resume(self, config: Config, scope: Scope, left: Left) -> Outcome:
        """Go on, when what it has waited for has come, or the round that it has entered is over."""
        raise NotImplementedError(f"'{self.kind}' neither waits nor loops")

    def input(self, config: Config, scope: Scope) -> Any:
        """What the history shows as the node's input: its config with the variables filled in. JSON values."""
        return None
