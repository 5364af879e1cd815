"""What rests and what goes round survives its process: nothing begins anew, nothing is repeated, nothing skipped."""

import json
from collections import Counter

from tests.process.notes import began, ended, notes, noting
from tests.process.served import rows, until
from tests.process.test_kill import nobody_holds_any

ROUNDS = 60
SAMPLES = "create of post {} by root"


def note(key, text):
    return {"key": key, "type": "create", "config": {"collection": "notes", "values": {"text": text}}}


def resting(home):
    return rows(home, "SELECT 1 FROM executions WHERE status = 'waiting'")


def moment(home):
    """The moment that the delay waits for."""
    [told] = rows(home, "SELECT result FROM jobs WHERE node_key = 'rest'")
    return json.loads(told)["until"]


def test_a_delay_goes_on_after_a_restart_when_it_would_have(serve, home):
    served = serve(home)
    rest = {"key": "rest", "type": "delay", "config": {"seconds": 4}}
    served.post("workflows:create", noting("resting", 0, nodes=[note("a", "before"), rest, note("b", "after")]))
    post = served.post("posts:create?triggerWorkflows=resting", {"title": "x"})["data"]["id"]
    until(lambda: resting(home))
    before = moment(home)
    served.kill()
    stopped = notes(home)
    serve(home)
    until(lambda: not resting(home) and ended(home, 2))

    assert Counter(["before", SAMPLES.format(post)]) == stopped
    assert stopped + Counter(["after"]) == notes(home)
    assert before == moment(home)
    assert [1] == rows(
        home,
        f"SELECT max(finished_at) >= '{before.replace('T', ' ')[:-1]}' FROM jobs WHERE node_key = 'rest'",
    )


def test_a_loop_goes_on_in_the_round_in_which_its_process_was_killed(serve, home):
    served = serve(home)
    nodes = [note("m", "{{$scopes.loop.index}} m"), note("n", "{{$scopes.loop.index}} n")]
    loop = {"key": "loop", "type": "loop", "config": {"count": ROUNDS}, "branches": {"do": nodes}}
    served.post("workflows:create", noting("looping", 0, nodes=[loop]))
    post = served.post("posts:create?triggerWorkflows=looping", {"title": "x"})["data"]["id"]
    until(lambda: 6 < began(home), pause=0.001)
    served.kill()
    written = notes(home).total()
    nobody_holds_any(home)
    serve(home)
    until(lambda: ended(home, 2))

    assert written < 2 * ROUNDS, "it was killed too late to show anything"
    assert Counter([f"{i} {key}" for i in range(ROUNDS) for key in "mn"] + [SAMPLES.format(post)]) == notes(home)
    assert [json.dumps({"rounds": ROUNDS})] == rows(home, "SELECT result FROM jobs WHERE path = 'loop'")
