"""What a kind of node is: how its config is read when a workflow is saved, and what it answers when it runs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from engine.data.records import Records
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


@dataclass(frozen=True, slots=True)
class Done:
    """The node is finished; `result` is what later nodes see, `message` what the caller of a sync workflow is told."""

    result: Any = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The node could not be carried out, and the reason is kept.

    `transient`: another time it may succeed, after `wait` seconds at the earliest where somebody has said so.
    """

    error: str
    transient: bool = False
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Enter:
    """Go on in a branch of this node, and behind it afterwards."""

    branch: str
    result: Any = None


@dataclass(frozen=True, slots=True)
class Stop:
    """End the whole run, from any depth, as `succeeded` or `failed`."""

    status: Status
    result: Any = None


Outcome: TypeAlias = Done | Failed | Enter | Stop


@dataclass(frozen=True, slots=True)
class Tools:
    """What a node may work with."""

    records: Records
    caller: Caller


class Node(ABC, Generic[Config]):
    """A kind of node. It knows neither the processor nor the journal, and keeps nothing between runs.

    `branches` are the names that branches of this kind may have.
    """

    kind: ClassVar[str]
    effect: ClassVar[Effect]
    branches: ClassVar[tuple[str, ...]] = ()

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

    def input(self, config: Config, scope: Scope) -> Any:
        """What the history shows as the node's input: its config with the variables filled in. JSON values."""
        return None
