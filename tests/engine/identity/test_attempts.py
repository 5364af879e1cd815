"""Failed sign-ins: counted for all processes together, and forgotten after a minute (attack A14)."""

import pytest

from engine.errors import Code, Refusal
from engine.identity.attempts import MOST, Attempts
from engine.system.models import SignInFailures

pytestmark = pytest.mark.usefixtures("accounts")


async def fail(attempts: Attempts, account: str = "root", peer: str = "peer") -> Code | None:
    """Try a wrong password; answers what came instead of a trial."""
    try:
        async with attempts.attempt(account, peer) as attempt:
            attempt.fail()
    except Refusal as refusal:
        return refusal.complaints[0].code
    return None


async def test_processes_count_together(clock):
    """Each of them has its own `Attempts` over the one database."""
    processes = [Attempts(clock) for _ in range(3)]
    answers = [await fail(processes[number % 3]) for number in range(MOST + 3)]

    assert [None] * MOST + [Code.RATE_LIMITED] * 3 == answers


async def test_what_succeeds_is_taken_back(clock):
    attempts = Attempts(clock)
    for _ in range(MOST - 1):
        await fail(attempts)
    for _ in range(3):
        async with attempts.attempt("root", "peer"):
            pass

    assert [None, Code.RATE_LIMITED] == [await fail(attempts), await fail(attempts)]


async def test_an_attempt_that_is_broken_off_counts(clock):
    """Whoever hangs up before the answer has had their guess."""
    attempts = Attempts(clock)
    for _ in range(MOST):
        with pytest.raises(ConnectionError):
            async with attempts.attempt("root", "peer"):
                raise ConnectionError

    assert Code.RATE_LIMITED == await fail(attempts)


async def test_a_minute_after_the_first_failure_all_are_forgotten(clock):
    attempts = Attempts(clock)
    await fail(attempts, peer="elsewhere")
    for _ in range(MOST):
        await fail(attempts)
    clock.move(seconds=59)
    before = await fail(attempts)
    clock.move(seconds=1)

    assert (Code.RATE_LIMITED, None) == (before, await fail(attempts))
    assert 1 == await SignInFailures.all().count()
