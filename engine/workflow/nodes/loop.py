"""The node `loop`: goes through its branch for each item of a list, so many times, or while something holds."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from engine.workflow.checks import check_templates
from engine.workflow.complaints import Complaints
from engine.workflow.expressions import Expression, ExpressionError, read_expression
from engine.workflow.members import Members
from engine.workflow.nodes.base import Done, Effect, Enter, Failed, Left, Node, Outcome
from engine.workflow.scope import Known, Scope

DO = "do"
ROUNDS = 1_000
MAX_ROUNDS = 10_000

_WAYS = ("list", "count", "while")


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """One of `list`, `count` and `condition` is there; the first two may be templates. `limit` is in rounds."""

    list: Any
    count: Any
    condition: Expression | None
    limit: int


class Loop(Node[LoopConfig]):
    """While it goes round its result is `{"index", "item"}`, which is what `$scopes` shows, in the end `{"rounds"}`.

    It keeps no list: what it goes through is looked up again for each round, and cannot have changed, since it comes
    from what was recorded before the first.
    """

    kind = "loop"
    effect = Effect.NONE
    branches = (DO,)
    loops = True

    @classmethod
    def read(
        cls, given: Mapping[str, Any], branches: Set[str], known: Known, complaints: Complaints
    ) -> LoopConfig | None:
        members = Members(given, complaints)
        members.refuse_others(*_WAYS, "limit")
        if not known.inside:
            complaints.add(f"A loop has nodes in the branch '{DO}'.")
        if len(ways := [way for way in _WAYS if given.get(way) is not None]) != 1:
            complaints.add("A loop has one of 'list', 'count' and 'while'.")
            return None
        limit = members.number("limit", 1, MAX_ROUNDS, ROUNDS)
        match ways[0]:
            case "list":
                return LoopConfig(_list(members, known, limit), None, None, limit)
            case "count":
                return LoopConfig(None, _count(members, known, limit), None, limit)
        text = members.text("while")
        # Asked between the rounds, it sees what the last one has done.
        inside = replace(known, jobs=known.jobs | known.inside)
        expression = read_expression(text, inside, complaints.at("while")) if text else None
        return LoopConfig(None, None, expression, limit) if expression else None

    async def run(self, config: LoopConfig, scope: Scope) -> Outcome:
        return _round(config, scope, 0)

    async def resume(self, config: LoopConfig, scope: Scope, left: Left) -> Outcome:
        assert left.round is not None, "a loop is asked to go on behind a round"
        rounds = left.round + 1
        return Done({"rounds": rounds}) if left.broken else _round(config, scope, rounds)

    def input(self, config: LoopConfig, scope: Scope) -> Any:
        if config.condition:
            return {"while": config.condition.source, "limit": config.limit}
        if config.count is not None:
            return {"count": scope.fill(config.count), "limit": config.limit}
        # Not filled in: it may be long, and stands where it comes from.
        return {"list": config.list, "limit": config.limit}


def _round(config: LoopConfig, scope: Scope, number: int) -> Outcome:
    """Begin the round of this number, from 0, or end the loop."""
    if config.condition:
        return _while(config.condition, scope, number, config.limit)
    items: Any = None
    if config.count is None:
        items = scope.fill(config.list)
        if not isinstance(items, list | tuple):
            return Failed("What it shall go through is not a list.")
        rounds = len(items)
    else:
        rounds = scope.fill(config.count)
        if not isinstance(rounds, int) or isinstance(rounds, bool) or rounds < 0:
            return Failed("The number of its rounds is not an integer from 0 on.")
    if rounds > config.limit:
        return Failed(f"It would take {rounds} rounds, the limit is {config.limit}.")
    if number >= rounds:
        return Done({"rounds": number})
    return _enter(number, items[number] if items else None)


def _while(condition: Expression, scope: Scope, number: int, limit: int) -> Outcome:
    try:
        if not condition.decide(scope):
            return Done({"rounds": number})
    except ExpressionError as error:
        return Failed(str(error))
    return _enter(number, None) if number < limit else Failed(f"After {limit} rounds, the limit, it was not done.")


def _enter(number: int, item: Any) -> Enter:
    return Enter(DO, {"index": number, "item": item}, round=number)


def _list(members: Members, known: Known, limit: int) -> Any:
    """A list, or a text whose one variable brings it."""
    value = members.given["list"]
    complaints = members.complaints.at("list")
    if isinstance(value, list | tuple):
        if len(value) > limit:
            complaints.add(f"It has {len(value)} items, the limit is {limit} rounds.")
    elif not isinstance(value, str) or "{{" not in value:
        complaints.add("'list' is a list, or a variable that brings one, such as '{{$jobs.find}}'.")
    check_templates(value, known, complaints)
    return value


def _count(members: Members, known: Known, limit: int) -> Any:
    value = members.given["count"]
    if isinstance(value, str) and "{{" in value:
        check_templates(value, known, members.complaints.at("count"))
        return value
    return members.number("count", 0, limit, 0)
