"""A polite end: what runs is finished or left to the next process, and the status is 0."""

import signal
import threading

import pytest

from tests.process.notes import ended, expected, notes, noting
from tests.process.served import rows, until

SIGNALS = [signal.SIGTERM, signal.SIGINT]


@pytest.mark.parametrize("number", SIGNALS)
def test_an_idle_service_ends_at_once(serve, home, number):
    served = serve(home)

    assert 0 == served.end(number)
    assert "" == served.errors


@pytest.mark.parametrize("number", SIGNALS)
def test_a_request_is_answered_and_its_execution_finished(serve, home, number):
    """A sync one, so that the request is still open when the signal comes."""
    served = serve(home)
    served.post("workflows:create", noting("many", sync=True))
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(served.post("posts:create?triggerWorkflows=many", {"title": "x"}))
    )
    asking.start()
    until(lambda: rows(home, "SELECT id FROM jobs"), pause=0.001)
    served.process.send_signal(number)
    asking.join()
    status = served.process.wait()

    assert 0 == status
    assert ["succeeded", "queued"] == [each["status"] for each in answers[0]["meta"]["workflows"]]
    assert expected(answers[0]["data"]["id"]) <= notes(home)


def test_executions_are_finished_or_left_in_nobody_s_hands(serve, home):
    served = serve(home)
    served.post("workflows:create", noting("many"))
    for i in range(10):
        served.post("posts:create?triggerWorkflows=many", {"title": f"x{i}"})
    status = served.end(signal.SIGTERM)
    held = rows(home, "SELECT id FROM executions WHERE status = 'running' OR lease IS NOT NULL")
    serve(home)

    assert 0 == status
    assert [] == held
    assert {"succeeded"} == set(until(lambda: ended(home, 20)))
    assert {1} == set(notes(home).values())
    assert {1} == set(rows(home, "SELECT attempt FROM executions"))
