"""Changes of executions ⇄ the texts that go from process to process: ids, keys and statuses, no more. Pure."""

import json
from collections.abc import Iterable, Iterator

from engine.observe import ExecutionChanged
from engine.system.models import Status


def written(events: Iterable[ExecutionChanged], longest: int) -> Iterator[str]:
    """As few texts of at most `longest` bytes as these take.

    >>> list(written([ExecutionChanged(7, "greet", Status.QUEUED), ExecutionChanged(8, "greet", Status.ERROR)], 30))
    ['[[7,"greet","queued"]]', '[[8,"greet","error"]]']
    """
    parts: list[str] = []
    length = 0
    for event in events:
        part = json.dumps([event.execution, event.workflow, event.status.value], separators=(",", ":"))
        if parts and length + len(part) + 2 > longest:
            yield f"[{','.join(parts)}]"
            parts, length = [], 0
        parts.append(part)
        length += len(part) + 1
    if parts:
        yield f"[{','.join(parts)}]"


def read(text: str) -> list[ExecutionChanged]:
    """What a text tells; raises `ValueError` for one that another version has written.

    >>> read('[[7,"greet","queued"]]')
    [ExecutionChanged(execution=7, workflow='greet', status=<Status.QUEUED: 'queued'>)]
    >>> read('[[7,"greet","resting"]]')
    Traceback (most recent call last):
    ValueError: 'resting' is not a valid Status
    """
    match json.loads(text):
        case [*parts]:
            return [_event(part) for part in parts]
    raise ValueError(f"no list: {text!r}")


def _event(part: object) -> ExecutionChanged:
    match part:
        case [int(execution), str(workflow), str(status)]:
            return ExecutionChanged(execution, workflow, Status(status))
    raise ValueError(f"no change of an execution: {part!r}")
