"""What is asked: the same few cases each time."""

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode

SETTINGS = settings(
    max_examples=3,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # a list of faults says as much as the smallest of each, and costs less
    suppress_health_check=list(HealthCheck),
)


def cases(operation: Any, mode: GenerationMode = GenerationMode.POSITIVE) -> list[Case]:
    """Some that fit the description of an operation, or do not."""
    made: list[Case] = []

    @SETTINGS
    @given(operation.as_strategy(generation_mode=mode))
    def make(case: Case) -> None:
        made.append(case)

    make()
    return made
