"""The node `end` ends the whole run."""

import pytest

from engine.system.models import Status
from engine.workflow.nodes.base import Stop
from engine.workflow.nodes.end import End


@pytest.mark.parametrize(
    ("config", "status"),
    [({}, Status.SUCCEEDED), ({"status": "succeeded"}, Status.SUCCEEDED), ({"status": "failed"}, Status.FAILED)],
)
async def test_the_run_ends_as_it_says(bench, config, status):
    """Succeeded where it does not say."""
    assert Stop(status) == await bench.run(End, config)
    assert {"status": status.value} == bench.input(End, config)


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"status": "error"}, "status"),
        ({"status": "faild"}, "status"),
        ({"status": 1}, "status"),
        ({"stat": 1}, "stat"),
    ],
)
def test_a_config_is_checked_when_it_is_saved(bench, config, place):
    """The other statuses are the engine's."""
    assert {place} == bench.told(End, config).keys()
