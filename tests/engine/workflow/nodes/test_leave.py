"""The nodes `break` and `continue` end the round around them; where they may stand is for the document to say."""

import pytest

from engine.workflow.nodes.base import Leave, LeaveRound
from engine.workflow.nodes.break_ import Break
from engine.workflow.nodes.continue_ import Continue


@pytest.mark.parametrize(("kind", "leave"), [(Break, Leave.BREAK), (Continue, Leave.CONTINUE)])
async def test_the_round_is_left(bench, kind, leave):
    assert LeaveRound(leave) == await bench.run(kind, {})


@pytest.mark.parametrize("kind", [Break, Continue])
def test_there_is_nothing_to_say_of_it(bench, kind):
    """Which loop is meant, for instance: it is the innermost."""
    assert {"loop"} == bench.told(kind, {"loop": "each"}).keys()
