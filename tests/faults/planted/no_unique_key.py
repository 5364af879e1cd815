"""No unique key keeps one request from being carried out twice: who finds the key taken goes on as if it were not."""

from engine.actions import Repetition
from engine.idempotency import Repetitions, Taken


def plant() -> None:
    claim = Repetitions.claim

    async def claim_anyway(self: Repetitions, repetition: Repetition) -> None:
        try:
            await claim(self, repetition)
        except Taken:
            return

    Repetitions.claim = claim_anyway
