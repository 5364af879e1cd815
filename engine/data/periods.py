"""What date operators are given → a span of days or of moments, in the caller's time zone; pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from typing import TypeAlias
from zoneinfo import ZoneInfo, available_timezones

MOMENT = timedelta(microseconds=1)
"""The least that databases tell apart."""

_DAY = timedelta(days=1)
_OFFSET = r"[+-](?:0\d|1[0-4]):[0-5]\d"
_RANGE = re.compile(rf"([\[(])([^,]+),([^,]+)([\])])({_OFFSET})?")
# Stricter than Python, which takes more forms, and a NUL behind them.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE)
_EXPECTED = (
    "must be a day (2024-05-03), month (2024-05), quarter (2024Q2), week (2024W18), year (2024), "
    "time (2024-05-03T10:00:00Z) or range of these ([2024-05,2024-07))"
)

Days: TypeAlias = tuple[date, date]
"""The first day and the last."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` to `last`, both in it: days for a column of days, moments in UTC for one of times.

    Both are in it, since the day after the last that databases know cannot be written. A span whose end is before
    its begin holds nothing, as a day that a zone skipped.
    """

    first: date
    last: date


def parse_zone(text: str) -> tzinfo:
    """The zone of an IANA name or an offset; raises `ValueError` with a sentence that can follow a name.

    >>> parse_zone("+02:00")
    datetime.timezone(datetime.timedelta(seconds=7200))
    """
    if re.fullmatch(_OFFSET, text, re.ASCII):
        offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:]))
        return timezone(-offset if text[0] == "-" else offset)
    if text not in _zones():
        raise ValueError("must be the name of a time zone such as Europe/Berlin, or an offset such as +02:00")
    return ZoneInfo(text)


def days_of(text: object, zone: tzinfo) -> Span:
    """The days that a text is about; a time is about the day it falls on in the zone.

    Raises `ValueError` with a sentence that can follow a field's name.

    >>> days_of("2024Q2", UTC)
    Span(first=datetime.date(2024, 4, 1), last=datetime.date(2024, 6, 30))
    """
    return _span(text, zone, _days_of_one, _DAY)


def moments_of(text: object, zone: tzinfo) -> Span:
    """The moments that a text is about; a time is about its millisecond. Days begin and end as the zone's clocks say.

    Raises `ValueError` as `days_of` does.

    >>> span = moments_of("2024-03-31", parse_zone("Europe/Berlin"))
    >>> span.last - span.first
    datetime.timedelta(seconds=82799, microseconds=999999)
    """
    return _span(text, zone, _moments_of_one, MOMENT)


def between(first: Span, last: Span) -> Span:
    """From the begin of one span to the end of another."""
    return Span(first.first, last.last)


@cache
def _zones() -> frozenset[str]:
    # `ZoneInfo` alone would open whatever file has the name.
    return frozenset(available_timezones())


def _span(text: object, zone: tzinfo, one: Callable[[str, tzinfo], Span | None], step: timedelta) -> Span:
    if not isinstance(text, str):
        raise ValueError(_EXPECTED)
    try:
        if found := _RANGE.fullmatch(text):
            opening, from_, to, closing, offset = found.groups()
            zone = parse_zone(offset) if offset else zone
            begin, end = one(from_.strip(), zone), one(to.strip(), zone)
            if begin and end:
                return Span(
                    begin.first if opening == "[" else begin.last + step,
                    end.last if closing == "]" else end.first - step,
                )
        elif span := one(text, zone):
            return span
    except (ValueError, OverflowError):
        pass  # told below, in words of ours
    raise ValueError(_EXPECTED)


def _days_of_one(text: str, zone: tzinfo) -> Span | None:
    calendar, _ = _split(text, zone)
    if days := _days(calendar):
        return Span(*days)
    if moment := _instant(text, zone):
        day = moment.astimezone(zone).date()
        return Span(day, day)
    return None


def _moments_of_one(text: str, zone: tzinfo) -> Span | None:
    calendar, zone_of_days = _split(text, zone)
    if days := _days(calendar):
        return Span(_begin(days[0], zone_of_days), _end(days[1], zone_of_days))
    if moment := _instant(text, zone):
        begin = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        return Span(begin, begin.replace(microsecond=begin.microsecond + 999))
    return None


def _split(text: str, zone: tzinfo) -> tuple[str, tzinfo]:
    """A day, month and so on, without the offset that may follow it, and the zone it is meant in."""
    found = re.fullmatch(rf"([^:]+)({_OFFSET})", text, re.ASCII)
    return (found[1], parse_zone(found[2])) if found else (text, zone)


def _days(text: str) -> Days | None:
    for pattern, days in _FORMS:
        if found := pattern.fullmatch(text):
            return days(*(int(group) for group in found.groups()))
    return None


def _months(year: int, month: int, count: int) -> Days:
    after = year * 12 + month - 1 + count
    # The first of the next month may be one that Python cannot write.
    last = date(9999, 12, 31) if after == 120000 else date(after // 12, after % 12 + 1, 1) - _DAY
    return date(year, month, 1), last


def _week(year: int, week: int) -> Days:
    return date.fromisocalendar(year, week, 1), date.fromisocalendar(year, week, 7)


_FORMS: tuple[tuple[re.Pattern[str], Callable[..., Days]], ...] = (
    (re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII), lambda *parts: (date(*parts), date(*parts))),
    (re.compile(r"(\d{4})-(\d\d)", re.ASCII), lambda year, month: _months(year, month, 1)),
    (re.compile(r"(\d{4})Q([1-4])", re.ASCII), lambda year, quarter: _months(year, quarter * 3 - 2, 3)),
    (re.compile(r"(\d{4})W(\d\d)", re.ASCII), _week),
    (re.compile(r"(\d{4})", re.ASCII), lambda year: _months(year, 1, 12)),
)


def _instant(text: str, zone: tzinfo) -> datetime | None:
    """A time in UTC; one without an offset is the zone's."""
    if not _INSTANT.fullmatch(text):
        return None
    moment = datetime.fromisoformat(text)
    return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)


def _begin(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day, or of all time.

    Where clocks are put forward at midnight, the moment they would have shown it is the one at which they jump.
    """
    try:
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _end(day: date, zone: tzinfo) -> datetime:
    """The last moment of a day, or of all time."""
    try:
        return _begin(day + _DAY, zone) - MOMENT
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
