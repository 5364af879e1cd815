"""The node `delay`: lets the run rest, for so long or until a moment, without a process that waits."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.data.values import render
from engine.workflow.checks import check_templates
from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.nodes.base import Done, Effect, Failed, Left, Node, Outcome, Waiting
from engine.workflow.scope import Known, Scope

MAX_SECONDS = 366 * 24 * 60 * 60

_SECONDS_RULE = f"The seconds are a number from 0 to {MAX_SECONDS}, a year."
_UNTIL_RULE = "'until' is a moment such as 2026-05-03T10:00:00Z, at most a year from now."


@dataclass(frozen=True, slots=True)
class DelayConfig:
    """One of both is there, and may be a template."""

    seconds: Any
    until: Any


class Delay(Node[DelayConfig]):
    """Its result is `{"until"}`, the moment at which the run was to go on."""

    kind = "delay"
    effect = Effect.NONE
    waits = True

    @classmethod
    def read(
        cls, given: Mapping[str, Any], branches: Set[str], known: Known, complaints: Complaints
    ) -> DelayConfig | None:
        members = Members(given, complaints)
        members.refuse_others("seconds", "until")
        seconds, until = given.get("seconds"), given.get("until")
        if (seconds is None) == (until is None):
            complaints.add("A delay has either 'seconds' or 'until'.")
        check_templates(given, known, complaints)
        if seconds is not None and not _template(seconds) and _length(seconds) is None:
            complaints.add(_SECONDS_RULE, "seconds")
        if until is not None and not _template(until) and _moment(until) is None:
            complaints.add(_UNTIL_RULE, "until")
        return DelayConfig(seconds, until)

    async def run(self, config: DelayConfig, scope: Scope) -> Outcome:
        if config.until is None:
            length = _length(scope.fill(config.seconds))
            if length is None:
                return Failed(_SECONDS_RULE)
            until = scope.now + length
        else:
            moment = _moment(scope.fill(config.until))
            if moment is None or moment - scope.now > timedelta(seconds=MAX_SECONDS):
                return Failed(_UNTIL_RULE)
            until = moment
        return _rest(until, scope)

    async def resume(self, config: DelayConfig, scope: Scope, left: Left) -> Outcome:
        return _rest(datetime.fromisoformat(left.result["until"]), scope)

    def input(self, config: DelayConfig, scope: Scope) -> Any:
        if config.until is None:
            return {"seconds": scope.fill(config.seconds)}
        return {"until": scope.fill(config.until)}


def _rest(until: datetime, scope: Scope) -> Outcome:
    result = {"until": render(until)}
    return Done(result) if until <= scope.now else Waiting(until, result)


def _template(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value


def _length(value: Any) -> timedelta | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS
    return timedelta(seconds=value) if fits else None


def _moment(value: Any) -> datetime | None:
    """A moment as records have it; one without a zone is in UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        # Beside the first and the last day of the calendar there are moments that UTC has no date for.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
