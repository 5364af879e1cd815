"""Which node comes next follows from what was recorded, so a crash at any moment changes nothing of the order."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.system.models import Status
from engine.workflow.definition import Step
from engine.workflow.nodes.base import Done, Effect, Enter, Failed, Leave, LeaveRound, Left, Stop, Waiting
from engine.workflow.processor import End, Recorded, Run, Turn, next_step, record

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def step(path, **branches):
    """A node, with the nodes of its branches."""
    return Step(path.rpartition("/")[2], "any", None, None, Effect.NONE, branches)


def run_of(steps, recorded=None):
    return Run(1, "lease", SimpleNamespace(steps=tuple(steps)), {}, recorded if recorded is not None else {})


def carried_out(run, outcomes):
    """The places of the nodes in the order of their turns, and the end."""
    order = []
    while isinstance(turn := next_step(run), Turn):
        order.append(turn.path)
        run.keep(record(turn, outcomes(turn)))
    return order, turn


LOOP = step("loop", do=(step("a"), step("b")))
FORK = step("fork", then=(step("fork/then/a"), step("fork/then/b")), **{"else": (step("fork/else/c"),)})


@pytest.mark.parametrize(
    ("branch", "order"),
    [
        ("then", ["before", "fork", "fork/then/a", "fork/then/b", "behind"]),
        ("else", ["before", "fork", "fork/else/c", "behind"]),
        ("neither", ["before", "fork", "behind"]),
    ],
)
def test_a_run_goes_on_behind_the_branch_that_was_entered(branch, order):
    run = run_of([step("before"), FORK, step("behind")])

    assert (order, End(Status.SUCCEEDED)) == carried_out(run, lambda at: Enter(branch) if at.path == "fork" else Done())


def test_no_nodes_are_a_success():
    assert End(Status.SUCCEEDED) == next_step(run_of([]))


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED])
def test_a_stop_ends_the_run_from_inside_a_branch(status):
    run = run_of([FORK, step("behind")])
    outcomes = {"fork": Enter("then"), "fork/then/a": Stop(status)}

    assert (["fork", "fork/then/a"], End(status)) == carried_out(run, lambda at: outcomes[at.path])


def test_a_failure_ends_the_run_and_says_where():
    run = run_of([FORK, step("behind")])
    outcomes = {"fork": Enter("else"), "fork/else/c": Failed("no such record")}

    assert End(Status.ERROR, "Node 'fork/else/c': no such record") == carried_out(run, lambda at: outcomes[at.path])[1]


def test_results_are_known_by_the_keys_of_their_nodes():
    run = run_of([FORK])
    carried_out(run, lambda at: Enter("else", {"met": False}) if at.path == "fork" else Done(at.path))

    assert {"fork": {"met": False}, "c": "fork/else/c"} == run.results


def each_of(count):
    """What a loop answers that takes so many rounds."""
    return lambda turn: Enter("do", round=0) if turn.left is None else another(turn.left, count)


def another(left, count):
    over = left.broken or left.round + 1 == count
    return Done({"rounds": left.round + 1}) if over else Enter("do", round=left.round + 1)


@pytest.mark.parametrize(
    ("count", "leave", "order"),
    [
        (2, {}, ["loop", "loop/0/a", "loop/0/b", "loop", "loop/1/a", "loop/1/b", "loop", "behind"]),
        (2, {"loop/0/a": Leave.BREAK}, ["loop", "loop/0/a", "loop", "behind"]),
        (2, {"loop/0/a": Leave.CONTINUE}, ["loop", "loop/0/a", "loop", "loop/1/a", "loop/1/b", "loop", "behind"]),
    ],
    ids=["all", "break", "continue"],
)
def test_a_loop_is_asked_at_the_end_of_each_round(count, leave, order):
    run = run_of([LOOP, step("behind")])

    def outcomes(turn):
        if turn.path == "loop":
            return each_of(count)(turn)
        return LeaveRound(leave[turn.path]) if turn.path in leave else Done()

    assert (order, End(Status.SUCCEEDED)) == carried_out(run, outcomes)


def test_a_round_is_left_from_inside_of_a_branch_and_only_the_innermost():
    inner = step("inner", do=(step("ask", then=(step("leave"),)), step("never")))
    run = run_of([step("outer", do=(inner, step("after")))])

    def outcomes(turn):
        match turn.step.key:
            case "outer" | "inner":
                return each_of(2)(turn)
            case "ask":
                return Enter("then")
            case "leave":
                return LeaveRound(Leave.BREAK)
        return Done()

    order, _ = carried_out(run, outcomes)
    once = ["outer/{}/inner", "outer/{}/inner/0/ask", "outer/{}/inner/0/ask/then/leave", "outer/{}/inner"]
    rounds = [[path.format(number) for path in [*once, "outer/{}/after"]] for number in (0, 1)]

    assert ["outer", *rounds[0], "outer", *rounds[1], "outer"] == order


def test_what_a_round_has_found_is_not_known_in_the_next():
    """Where a node of it does not run again, an old result would be taken for one of this round."""
    run = run_of([step("before"), LOOP])
    seen = []

    def outcomes(turn):
        seen.append((turn.path, set(run.results)))
        return each_of(2)(turn) if turn.path == "loop" else Done()

    carried_out(run, outcomes)

    assert ("loop/1/a", {"before", "loop"}) in seen
    assert {"before", "loop", "a", "b"} == set(run.results)


def test_a_long_loop_keeps_no_more_than_one_round():
    run = run_of([LOOP])
    carried_out(run, lambda turn: each_of(500)(turn) if turn.path == "loop" else Done())

    assert ["loop", "loop/499/a", "loop/499/b"] == list(run.recorded)


def test_the_rounds_around_a_node_are_known_to_it():
    run = run_of([step("outer", do=(step("inner", do=(step("a"),)),))])
    for path in ("outer", "outer/3/inner"):
        run.keep(Recorded(path, path[-5:], Status.RUNNING, path, "do", round=3))

    assert {"outer": "outer", "inner": "outer/3/inner"} == run.scopes("outer/3/inner/3/a")
    assert {"outer": "outer"} == run.scopes("outer/3/inner")
    assert {} == run.scopes("outer")


@pytest.mark.parametrize(
    ("waiting", "turn"),
    [
        (Waiting(NOW, {"until": "then"}), Turn(step("a"), "a", 1, Left({"until": "then"}))),
        (Waiting(NOW, error="not now"), Turn(step("a"), "a", 2)),
    ],
    ids=["rests", "again"],
)
def test_what_waits_is_next(waiting, turn):
    """A node that rests goes on; one that failed for the moment begins once more."""
    run = run_of([step("a"), step("b")])
    run.keep(record(next_step(run), waiting))

    assert turn == next_step(run)


def steps_under(depth, prefix=""):
    """Lists of nodes whose branches hold lists of nodes. The names of loops are large letters."""
    names = st.lists(st.sampled_from("abLM"), unique=True, max_size=3)
    if depth == 0:
        return names.map(lambda keys: tuple(step(f"{prefix}{key.lower()}") for key in keys))

    @st.composite
    def steps(draw):
        made = []
        for name in draw(names):
            key = f"{prefix}{name}"
            branches = ("do",) if loops(key) else ("then", "else")
            made.append(step(key, **{branch: draw(steps_under(depth - 1, key + branch[0])) for branch in branches}))
        return tuple(made)

    return steps()


def loops(path):
    return path[-1].isupper()


OUTCOMES = [
    *(Done(1), Done(2), Enter("then"), Enter("then"), Enter("else")),
    *(Stop(Status.SUCCEEDED), Stop(Status.FAILED), Failed("no")),
]
LEAVES = [LeaveRound(Leave.BREAK), LeaveRound(Leave.CONTINUE)]


def straight(steps, answer, prefix=""):
    """The oracle: the nodes as a program would run them that never crashes and remembers nothing.

    Tells which nodes had a turn, and what ended the list early. A loop has a turn before and after each of two rounds.
    """
    order = []
    for each in steps:
        path = f"{prefix}{each.key}"
        order.append(path)
        outcome = Done() if loops(path) else answer(path)
        inside, early = [], None
        if loops(path):
            inside, early = straight_rounds(each.branches["do"], answer, path)
        elif isinstance(outcome, Enter):
            inside, early = straight(each.branches.get(outcome.branch, ()), answer, f"{path}/{outcome.branch}/")
        elif not isinstance(outcome, Done):
            early = outcome
        order += inside
        if early:
            return order, early
    return order, None


def straight_rounds(steps, answer, path):
    order = []
    for number in range(2):
        inside, early = straight(steps, answer, f"{path}/{number}/")
        order += inside
        if isinstance(early, Stop | Failed):
            return order, early
        order.append(path)
        if early == LeaveRound(Leave.BREAK):
            break
    return order, None


@given(steps_under(2), st.data())
def test_a_run_that_crashes_anywhere_goes_the_same_way(steps, data):
    """However many of its nodes were recorded, the rest follow as if nothing had happened."""
    drawn = {}

    def answer(path):
        if path not in drawn:
            inside_of_a_loop = any(name.isdecimal() for name in path.split("/"))
            known = OUTCOMES + LEAVES if inside_of_a_loop else OUTCOMES
            drawn[path] = data.draw(st.sampled_from(known), label=path)
        return drawn[path]

    def outcomes(turn):
        return each_of(2)(turn) if loops(turn.path) else answer(turn.path)

    expected, _ = straight(steps, answer)
    whole, crashed = run_of(steps), run_of(steps)
    order, end = carried_out(whole, outcomes)
    moment = data.draw(st.integers(0, len(order)), label="moment of the crash")
    for _ in range(moment):
        turn = next_step(crashed)
        crashed.keep(record(turn, outcomes(turn)))
    resumed = run_of(steps, dict(crashed.recorded))

    assert expected == order
    assert (order[moment:], end) == carried_out(resumed, outcomes)
    assert whole.recorded == resumed.recorded
