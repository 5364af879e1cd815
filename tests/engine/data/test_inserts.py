"""What an instance knows after its insert is what the database has of it."""

from datetime import time, timedelta
from decimal import Decimal

import pytest

from schema.sample.models import Note
from tests.kinds import Thing


def columns(row):
    return {name: getattr(row, name) for name in row._meta.fields_db_projection}


@pytest.mark.parametrize("given", [{}, {"id": 4711}], ids=["its key is made", "its key is given"])
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"amount": Decimal("1.239")},
        {"extras": {"b": [1, None], "a": "x"}},
        {"ratio": 2},
        {"moment": "2026-02-03T04:05:06.123456+02:00", "day": "2026-02-03", "clock": time(4, 5, 6)},
        {"span": timedelta(days=1, microseconds=1), "mark": "7d444840-9dc0-11d1-b245-5ffdce74fad2"},
        {"size": "large", "grade": 2, "flag": True, "picture": b"\x00\xff", "big": 2**62},
    ],
    ids=lambda values: ", ".join(values) or "nothing",
)
async def test_it_is_what_a_read_would_bring(kinds, given, values):
    row = await Thing.create(**given, **values)

    assert columns(await Thing.get(pk=row.pk)) == columns(row)


async def test_it_may_be_changed_as_one_that_was_read(sample):
    note = await Note.create(text="before")
    note.text = "after"
    await note.save()

    assert ["after"] == await Note.all().values_list("text", flat=True)
