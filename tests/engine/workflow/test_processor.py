"""Which node comes next follows from what was recorded, so a crash at any moment changes nothing of the order."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.system.models import Status
from engine.workflow.definition import Step
from engine.workflow.nodes.base import Done, Effect, Enter, Failed, Stop
from engine.workflow.processor import End, Run, next_step, record

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def step(path, **branches):
    """A node, with the nodes of its branches."""
    return Step(path.rpartition("/")[2], "any", None, path, None, Effect.NONE, branches)


def run_of(steps, recorded=None):
    return Run(1, "lease", SimpleNamespace(steps=tuple(steps)), {}, recorded if recorded is not None else {})


def carried_out(run, outcomes):
    """The places of the nodes in the order of their turns, and the end."""
    order = []
    while isinstance(turn := next_step(run), Step):
        order.append(turn.path)
        run.recorded[turn.path] = record(turn, outcomes(turn))
    return order, turn


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


def steps_under(prefix, depth):
    """Lists of nodes whose branches hold lists of nodes."""
    names = st.lists(st.sampled_from("abc"), unique=True, max_size=3)
    if depth == 0:
        return names.map(lambda keys: tuple(step(f"{prefix}{key}") for key in keys))

    @st.composite
    def steps(draw):
        made = []
        for key in draw(names):
            path = f"{prefix}{key}"
            branches = {name: draw(steps_under(f"{path}/{name}/", depth - 1)) for name in ("then", "else")}
            made.append(step(path, **branches))
        return tuple(made)

    return steps()


OUTCOMES = st.sampled_from(
    [Done(1), Enter("then"), Enter("then"), Enter("else"), Stop(Status.SUCCEEDED), Stop(Status.FAILED), Failed("no")]
)


def all_of(steps):
    return [inside for each in steps for inside in each.walk()]


def straight(steps, outcomes):
    """The oracle: the nodes as a program would run them that never crashes and remembers nothing. True: it stopped."""
    order = []
    for each in steps:
        order.append(each.path)
        match outcomes[each.path]:
            case Stop() | Failed():
                return order, True
            case Enter(branch=branch):
                inside, stopped = straight(each.branches.get(branch, ()), outcomes)
                order += inside
                if stopped:
                    return order, True
    return order, False


@given(steps_under("", 2), st.data())
def test_a_run_that_crashes_anywhere_goes_the_same_way(steps, data):
    """However many of its nodes were recorded, the rest follow as if nothing had happened."""
    outcomes = {each.path: data.draw(OUTCOMES) for each in all_of(steps)}
    expected, _ = straight(steps, outcomes)
    whole = run_of(steps)
    order, end = carried_out(whole, lambda at: outcomes[at.path])
    crashed = data.draw(st.integers(0, len(order)))
    resumed = run_of(steps, {path: whole.recorded[path] for path in order[:crashed]})

    assert expected == order
    assert (order[crashed:], end) == carried_out(resumed, lambda at: outcomes[at.path])
    assert whole.recorded == resumed.recorded
