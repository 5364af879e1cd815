"""A workflow version as the engine sees it: frozen, validated when it was saved, never when it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from engine.system.models import WorkflowType
from engine.workflow.nodes.base import Effect
from engine.workflow.triggers.changes import ChangeConfig


@dataclass(frozen=True, slots=True)
class Options:
    """`atomic`: runs inside the write's own transaction, and undoes the write when it does not succeed.

    `timeout`: seconds from the start of a run to its end, waiting included. `in_order`: those of one record run one
    after the other. `concurrency`: how many run at once, everywhere. `reentries`: how often a run of it may lead to
    another one of it, over whatever workflows. `as_caller`: what its nodes do to records, whoever caused the run does,
    with the rights that they have by then.
    """

    atomic: bool = False
    timeout: float | None = None
    in_order: bool = False
    concurrency: int | None = None
    reentries: int = 1
    as_caller: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a node is attempted when what it failed of may pass, and the seconds before the second attempt."""

    attempts: int = 1
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a workflow. `config` is what its kind has read; `timeout` is in seconds.

    Its place, the keys and branches on the way to it, is known when it is its turn: a loop has many of them.
    """

    key: str
    kind: str
    title: str | None
    config: Any
    effect: Effect
    branches: Mapping[str, tuple[Step, ...]] = field(default_factory=lambda: MappingProxyType({}))
    loops: bool = False
    retry: Retry = Retry()
    timeout: float | None = None

    def walk(self) -> Iterator[Step]:
        """This node and all that are inside it."""
        yield self
        for branch in self.branches.values():
            for step in branch:
                yield from step.walk()


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of one workflow. `document` is its text form, which executions keep a copy of."""

    id: int
    key: str
    version: int
    title: str
    type: WorkflowType
    sync: bool
    enabled: bool
    config: ChangeConfig
    options: Options
    steps: tuple[Step, ...]
    document: Mapping[str, Any]

    @property
    def collection(self) -> str:
        return self.config.collection

    def walk(self) -> Iterator[Step]:
        """Every node, branches included, in the order they are written."""
        for step in self.steps:
            yield from step.walk()
