"""What goes from process to process: short enough for the database, and understood or refused as a whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exchange.telegrams import read, written
from engine.observe import ExecutionChanged
from engine.system.models import Status

EVENTS = st.lists(
    st.builds(ExecutionChanged, st.integers(1, 2**63 - 1), st.text(min_size=1, max_size=64), st.sampled_from(Status))
)


@given(EVENTS)
def test_what_was_written_is_read_in_its_order_in_texts_that_are_short_enough(events):
    texts = list(written(events, 1000))

    assert events == [event for text in texts for event in read(text)]
    assert all(len(text.encode()) <= 1000 for text in texts)


def test_a_flood_takes_few_texts():
    events = [ExecutionChanged(number, "greet", Status.RUNNING) for number in range(1000)]

    assert 4 == len(list(written(events, 7900)))


@pytest.mark.parametrize(
    "text", ["", "{}", "7", '"lost"', "[7]", '[["7","greet","queued"]]', '[[7,"greet"]]', '[[7,"greet","resting"]]']
)
def test_what_another_version_says_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read(text)
