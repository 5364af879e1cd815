"""Reads the history, the database and what came to the sink afterwards, and tells which promise was broken."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.faults.database import Database
from tests.faults.history import FAIL, OK, History
from tests.faults.sink import Delivery

WATCHED = "watched"
"""The workflow that each write of the clients names; see `site.py` for its nodes."""
ENDED = frozenset({"succeeded", "failed", "error", "cancelled", "timed_out", "skipped"})


@dataclass
class Verdict:
    """What was broken, by the name of the promise, with the operation or execution; and figures of what was not.

    * `lost`: what was answered with success is not there, or a record without its execution (P1, P3)
    * `phantom`: something is there of what was refused or undone (P2)
    * `duplicate`: something is there twice (P1, P3)
    * `unended`: an execution that nobody goes on with (P4)
    * `overwritten`: a status was written over a terminal one (P5)
    * `unstable`: repetitions of one call came with several keys (P3)
    """

    broken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    writes: int = 0
    unknown: int = 0
    executions: int = 0
    given_up: int = 0
    extra: int = 0
    recoveries: list[float] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """Which promises were broken."""
        return {name for name, found in self.broken.items() if found}

    @property
    def figures(self) -> dict[str, object]:
        """A line of the table."""
        counts = {name: len(self.broken.get(name, ())) for name in ("lost", "phantom", "duplicate")}
        return {
            "writes": self.writes,
            "unknown": self.unknown,
            **counts,
            "extra deliveries": self.extra,
            "given up": self.given_up,
            "recovery p50": f"{percentile(self.recoveries, 50):.1f} s",
            "recovery p99": f"{percentile(self.recoveries, 99):.1f} s",
        }


@dataclass(frozen=True)
class _Found:
    """What the database holds of the operations."""

    posts: Counter[str]
    executions: dict[str, list[tuple[int, str]]]
    notes: Counter[str]
    orphans: list[int]


def judge(history: History, database: Database, deliveries: Callable[[], Sequence[Delivery]]) -> Verdict:
    """The verdict over a run of `Clients`, when what it started had time to end.

    What still runs is told as `unended` alone: its status is read before its effects are.
    """
    outcomes, found = history.outcomes(), _found(database)
    verdict = Verdict(writes=len(outcomes), unknown=sum(kind not in (OK, FAIL) for kind in outcomes.values()))
    delivered: dict[str, Counter[str]] = defaultdict(Counter)
    for delivery in deliveries():
        if op := delivery.op:
            delivered[op][delivery.key] += 1
    for op in {*outcomes, *found.posts, *delivered, *(text.split(" ")[-1] for text in found.notes)}:
        for name, what in _faults(op, outcomes.get(op, ""), found, delivered[op]):
            verdict.broken[name].append(f"{op}: {what}")
    for orphan in found.orphans:
        verdict.broken["phantom"].append(f"execution {orphan} has no record")
    _judge_statuses(verdict, database)
    ended = [status for each in found.executions.values() for _, status in each]
    verdict.executions = len(ended)
    verdict.given_up = ended.count("error")
    verdict.extra = sum(count - 1 for keys in delivered.values() for count in keys.values())
    verdict.recoveries = list(_recoveries(database, history.moments("kill", "stop")))
    return verdict


def _faults(op: str, outcome: str, found: _Found, keys: Counter[str]) -> Iterator[tuple[str, str]]:
    posts, executions = found.posts[op], found.executions.get(op, [])
    notes = {text: found.notes[f"{text} {op}"] for text in ("before", "after")}
    if outcome == OK and not posts:
        yield "lost", "it was answered with success, and is not there"
    if posts and not executions:
        yield "lost", "it is there without an execution"
    if outcome == FAIL and posts:
        yield "phantom", "it was refused, and is there"
    if not posts and (any(notes.values()) or keys):
        yield "phantom", "it had effects, and is not there"
    if posts > 1 or len(executions) > 1:
        yield "duplicate", f"{posts} records, {len(executions)} executions"
    for text, count in notes.items():
        if count > max(1, len(executions)):
            yield "duplicate", f"{count} notes '{text}'"
    if len(keys) > max(1, len(executions)):
        yield "unstable", f"{len(keys)} keys for one call"
    for execution, status in executions:
        if status not in ENDED:
            yield "unended", f"execution {execution} is {status}"
        if status == "succeeded" and not (all(notes.values()) and keys):
            yield "lost", f"execution {execution} has succeeded without its effects"


def _found(database: Database) -> _Found:
    executions: dict[str, list[tuple[int, str]]] = defaultdict(list)
    orphans = []
    for op, execution, status in database.rows(
        "SELECT p.title, e.id, e.status FROM executions e "
        f"LEFT JOIN posts p ON CAST(p.id AS varchar(20)) = e.record_key WHERE e.key = '{WATCHED}' ORDER BY e.id"
    ):
        if op is None:
            orphans.append(execution)
        else:
            executions[op].append((execution, status))
    posts = database.rows("SELECT title, count(*) FROM posts WHERE title LIKE 'op-%' GROUP BY title")
    notes = database.rows(
        "SELECT text, count(*) FROM notes WHERE text LIKE 'before op-%' OR text LIKE 'after op-%' GROUP BY text"
    )
    return _Found(Counter(dict(posts)), dict(executions), Counter(dict(notes)), orphans)


def _judge_statuses(verdict: Verdict, database: Database) -> None:
    for execution, before, after in database.rows("SELECT execution, before, after FROM status_log ORDER BY id"):
        if before in ENDED:
            verdict.broken["overwritten"].append(f"execution {execution} was {before}, then {after}")


def _recoveries(database: Database, blows: Sequence[float]) -> Iterator[float]:
    """Seconds from the kill or stop that interrupted an execution until another process took it over.

    What a process gives back by itself has one attempt less then, and was not interrupted.
    """
    began: dict[int, tuple[int, float]] = {}
    interrupted: dict[int, float] = {}
    for execution, before, after, attempt, at in database.rows(
        "SELECT execution, before, after, attempt, at FROM status_log ORDER BY id"
    ):
        attempted, since = began.get(execution, (0, at))
        taken_from = (before, after) == ("running", "queued") and attempt == attempted
        if taken_from and (blow := _first(blows, since, at)):
            interrupted.setdefault(execution, blow)
        if after == "running":
            began[execution] = attempt, at
            if execution in interrupted:
                yield at - interrupted.pop(execution)


def _first(blows: Iterable[float], after: float, before: float) -> float | None:
    """The moment of a blow is written down right after it."""
    return min((blow for blow in blows if after - 0.1 <= blow <= before), default=None)


def percentile(values: Sequence[float], of: int) -> float:
    """0 where there are none.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 50), percentile([], 99)
    (2.0, 0.0)
    """
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * of // 100) - 1)] if ordered else 0.0
