"""What is too large for the history is cut, and says so."""

import json

import pytest

from engine.workflow.caps import MAX_BYTES, MAX_CONTEXT_BYTES, MAX_TEXT, capped, capped_context, capped_text


@pytest.mark.parametrize("value", [None, True, 5, "a" * (MAX_BYTES - 2), {"a": [1]}, []])
def test_what_fits_stays_as_it_is(value):
    assert value is capped(value)


@pytest.mark.parametrize("value", ["a" * (MAX_BYTES - 1), ["ä" * MAX_BYTES], {"a": list(range(MAX_BYTES))}])
def test_what_is_too_large_is_its_beginning(value):
    """Cut between characters, whatever their bytes are."""
    cut = capped(value)
    text = json.dumps(value, ensure_ascii=False)

    assert (True, len(text.encode())) == (cut["truncated"], cut["bytes"])
    assert text.startswith(cut["start"])
    assert MAX_BYTES - 2 <= len(cut["start"].encode()) <= MAX_BYTES


def test_of_a_context_only_the_record_is_cut():
    """Who caused it, and by what, is there whatever the record holds."""
    context = {"data": {"content": "a" * MAX_CONTEXT_BYTES}, "previous": {"content": "b"}, "user": {"id": 1}}
    cut = capped_context(context)

    assert cut["data"]["truncated"]
    assert ({"content": "b"}, {"id": 1}) == (cut["previous"], cut["user"])
    assert len(json.dumps(cut)) < MAX_CONTEXT_BYTES


@pytest.mark.parametrize(
    ("length", "kept"), [(MAX_TEXT, MAX_TEXT), (MAX_TEXT + 1, MAX_TEXT + 1), (10**6, MAX_TEXT + 1)]
)
def test_a_text_is_cut_with_an_ellipsis(length, kept):
    cut = capped_text("a" * length)

    assert kept == len(cut)
    assert (length > MAX_TEXT) == cut.endswith("…")
