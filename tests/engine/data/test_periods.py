"""What texts of date operators stand for, in zones whose days are not all alike."""

import contextlib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.data.periods import MOMENT, Span, days_of, moments_of, parse_zone

DAY = timedelta(days=1)
DAYS = st.dates(date(1990, 1, 1), date(2037, 12, 30))
# Days of 23 and 25 hours, of 23½ and 24½, one that begins at one o'clock, one that is missing.
ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu"]
)


def hours(span: Span) -> float:
    return (span.last - span.first + MOMENT) / timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("UTC", "2024-03-31", 24),
        ("Europe/Berlin", "2024-03-31", 23),
        ("Europe/Berlin", "2024-10-27", 25),
        ("Australia/Lord_Howe", "2024-04-07", 24.5),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("America/Sao_Paulo", "2018-02-17", 25),
        ("Pacific/Apia", "2011-12-30", 0),
        ("+05:45", "2024-03-31", 24),
    ],
)
def test_a_day_is_as_long_as_clocks_make_it(zone, day, expected):
    assert expected == hours(moments_of(day, parse_zone(zone)))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024-12", "2024-12-01", "2024-12-31"),
        ("2024Q1", "2024-01-01", "2024-03-31"),
        ("2024Q4", "2024-10-01", "2024-12-31"),
        ("2024W01", "2024-01-01", "2024-01-07"),
        ("2020W53", "2020-12-28", "2021-01-03"),
        ("2024", "2024-01-01", "2024-12-31"),
        ("9999", "9999-01-01", "9999-12-31"),
        ("0001", "0001-01-01", "0001-12-31"),
        ("2024-02+14:00", "2024-02-01", "2024-02-29"),
        ("[2024,2025]", "2024-01-01", "2025-12-31"),
        ("[2024,2025)", "2024-01-01", "2024-12-31"),
        ("(2024-02, 2024Q2]", "2024-03-01", "2024-06-30"),
        ("(2024-02-28,2024-03)", "2024-02-29", "2024-02-29"),
        ("2024-02-29T23:30:00Z", "2024-02-29", "2024-02-29"),
        ("2024-02-29T23:30:00-01:00", "2024-03-01", "2024-03-01"),
    ],
)
def test_days(text, first, last):
    assert Span(date.fromisoformat(first), date.fromisoformat(last)) == days_of(text, UTC)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-07-01", "2024-06-30T22:00:00Z", "2024-07-01T21:59:59.999999Z"),
        ("2024-07-01+00:00", "2024-07-01T00:00:00Z", "2024-07-01T23:59:59.999999Z"),
        ("2024-07-01T10:00", "2024-07-01T08:00:00Z", "2024-07-01T08:00:00.000999Z"),
        ("2024-07-01 10:00:00.123456Z", "2024-07-01T10:00:00.123Z", "2024-07-01T10:00:00.123999Z"),
        ("[2024-07-01T10:00,2024-07-02)", "2024-07-01T08:00:00Z", "2024-07-01T21:59:59.999999Z"),
        ("(2024-07-01T10:00,2024-07-02)", "2024-07-01T08:00:00.001Z", "2024-07-01T21:59:59.999999Z"),
        ("[2024-07-01,2024-07-02)-05:00", "2024-07-01T05:00:00Z", "2024-07-02T04:59:59.999999Z"),
        ("0001", "0001-01-01T00:00:00Z", "0001-12-31T23:06:31.999999Z"),
        ("9999", "9998-12-31T23:00:00Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_moments_in_berlin(text, first, last):
    assert Span(at(first), at(last)) == moments_of(text, parse_zone("Europe/Berlin"))


NEITHER_DAYS = ("", "today", "24", "202", "20240503", "2024-5-3", "2024-00", "2024-13", "2024-02-30", "0000", " 2024")
NOR_WEEKS = ("2024Q0", "2024Q5", "2024q1", "2024W00", "2024W54", "2023W53", "2024w01", "2024\n", "２０２４", "2024+01")
NOR_TIMES = ("2024-05-03T", "2024-05-03T10", "2024-05-03T25:00Z", "2024-05-03T10:00\x00", "0001-01-01T00:00+14:00")
NOR_RANGES = ("[2024]", "[2024,]", "[,]", "[2024,2025", "2024,2025", "{2024,2025}", "[2024,2025]Z", "(9999,9999]")


@pytest.mark.parametrize("text", [*NEITHER_DAYS, *NOR_WEEKS, *NOR_TIMES, *NOR_RANGES, "[[2024,2025],2026]", None, 2024])
@pytest.mark.parametrize("read", [days_of, moments_of])
def test_other_texts_are_refused(read, text):
    with pytest.raises(ValueError, match=r"^must be a day \(2024-05-03\)"):
        read(text, UTC)


@given(day=DAYS, zone=ZONES)
@example(day=date(2011, 12, 29), zone="Pacific/Apia")
def test_where_a_day_ends_the_next_begins(day, zone):
    here = parse_zone(zone)
    ends, begins = moments_of(day.isoformat(), here), moments_of((day + DAY).isoformat(), here)

    assert ends.last + MOMENT == begins.first


@given(moment=st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 30), timezones=st.just(UTC)), zone=ZONES)
def test_a_moment_is_in_the_day_that_clocks_show(moment, zone):
    shown = moment.astimezone(parse_zone(zone)).date()
    span = moments_of(shown.isoformat(), parse_zone(zone))

    assert span.first <= moment <= span.last
    assert Span(shown, shown) == days_of(moment.isoformat(), parse_zone(zone))


@given(day=DAYS, zone=ZONES)
def test_a_year_begins_and_ends_with_its_days(day, zone):
    here = parse_zone(zone)
    year = moments_of(f"{day.year}", here)

    assert moments_of(f"{day.year}-01-01", here).first == year.first
    assert moments_of(f"{day.year}Q4", here).last == year.last


@given(text=st.text(alphabet="0123456789QWTZ:+-.[](), ", max_size=24))
@example(text="[2024-05-03T10:00Z,2024)")
def test_whatever_comes_is_read_or_refused(text):
    """Within the bounds of what databases know."""
    with contextlib.suppress(ValueError):
        span = moments_of(text, parse_zone("Europe/Berlin"))

        assert span.first.tzinfo is span.last.tzinfo is UTC


@pytest.mark.parametrize("name", sorted(available_timezones())[::20])
def test_every_zone_of_the_system_is_known(name):
    assert name == str(parse_zone(name))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Berlin",
        "europe/berlin",
        "../etc/passwd",
        "/etc/localtime",
        "Europe",
        "+2",
        "+02",
        "+0200",
        "+15:00",
        "+02:60",
    ],
)
def test_other_zones_are_refused(text):
    with pytest.raises(ValueError, match=r"^must be the name of a time zone such as Europe/Berlin"):
        parse_zone(text)
