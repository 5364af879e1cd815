"""Which executions a process takes, and how many at once: few of a slow workflow, many of one that is quick."""

from itertools import count

import pytest

from engine.outgoing.hosts import HostBusy
from engine.queue.base import Claim
from engine.workflow.places import COMMON, OF_ONE, QUICK, QUICK_SECONDS, Places

CALLS = "calls"
_NUMBERS = count(1)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def places(clock):
    return Places(lambda key: key != CALLS, clock)


def given(places, key, number):
    some = [Claim(next(_NUMBERS), "lease", 1, key) for _ in range(number)]
    places.give(some)
    return some


def ended(places, clock, key, number, seconds):
    """So many that have run at once, each for so long."""
    some = given(places, key, number)
    clock.now += seconds
    for claim in some:
        places.leave(claim)


def taken(places, key, wanted=1000):
    """How many of one workflow a queue with enough of them would take."""
    room, number = places.room(), 0
    while number < wanted and (some := room.of(key)):
        room.fill(key, some)
        number += some
    given(places, key, number)
    return number


def test_one_workflow_leaves_room_for_others(places):
    assert OF_ONE == taken(places, "a")
    assert COMMON - OF_ONE == taken(places, "b")
    assert 0 == taken(places, "c")


def test_room_counts_what_is_taken_of_it(places):
    room = places.room()
    room.fill("a", OF_ONE)

    assert (0, COMMON - OF_ONE) == (room.of("a"), room.of("b"))


def test_a_workflow_that_has_no_room_is_told_before(places):
    """So that a queue can pass over it."""
    given(places, "a", OF_ONE)
    given(places, "b", 1)

    assert {"a"} == set(places.room().full)


def test_one_that_ends_leaves_its_place(places):
    some = given(places, "a", OF_ONE)
    places.leave(some[0])

    assert 1 == places.room().of("a") - 1


def test_a_quick_workflow_gains_a_place_with_each_that_ends(places, clock):
    ended(places, clock, "a", 3, QUICK_SECONDS)

    assert OF_ONE + 3 == places.room().of("a")
    assert OF_ONE == places.room().of("b")


def test_one_that_is_not_quick_costs_half_of_them(places, clock):
    ended(places, clock, "a", 8, QUICK_SECONDS)
    ended(places, clock, "a", 1, QUICK_SECONDS + 0.1)

    assert OF_ONE + 4 == places.room().of("a")


def test_a_slow_workflow_gains_none(places, clock):
    ended(places, clock, "a", 20, QUICK_SECONDS + 0.1)

    assert OF_ONE == places.room().of("a")


def test_a_workflow_that_calls_others_gains_none(places, clock):
    """However quick it is: what is under way when the process is killed is told again."""
    ended(places, clock, CALLS, 20, 0.01)

    assert OF_ONE == places.room().of(CALLS)


def test_the_quick_keep_no_other_waiting(places, clock):
    ended(places, clock, "a", 500, 0.01)
    ended(places, clock, "b", 500, 0.01)

    assert QUICK + OF_ONE == taken(places, "a")
    assert COMMON - OF_ONE == taken(places, "b")
    assert 0 == places.room().total


def test_the_slow_keep_no_quick_one_waiting(places, clock):
    ended(places, clock, "quick", 10, 0.01)
    given(places, "a", OF_ONE)
    given(places, "b", COMMON - OF_ONE)

    assert 10 == places.room().of("quick")
    assert 0 == places.room().of("c")


def test_what_calls_a_busy_host_is_passed_over_until_that_is_free(places):
    free = []
    places.close(CALLS, HostBusy("h", lambda: bool(free)))
    before = places.room()
    free.append(True)

    assert (0, {CALLS}) == (before.of(CALLS), set(before.full))
    assert OF_ONE == places.room().of(CALLS)


def test_what_has_turned_slow_keeps_no_other_waiting(places, clock):
    ended(places, clock, "a", 500, 0.01)
    many = given(places, "a", QUICK + OF_ONE)
    clock.now += QUICK_SECONDS + 0.1
    places.leave(many[0])

    assert COMMON - OF_ONE == taken(places, "b")


def test_a_workflow_that_calls_others_by_now_has_what_it_gained_no_more(clock):
    inside = {"a"}
    places = Places(inside.__contains__, clock)
    ended(places, clock, "a", 20, 0.01)
    inside.clear()

    assert OF_ONE == places.room().of("a")


def test_where_nobody_may_have_a_place_there_is_no_room(places):
    given(places, "a", OF_ONE)
    given(places, "b", COMMON - OF_ONE)

    assert 0 == places.room().total


def test_where_the_quick_alone_may_have_places_the_queue_is_told(places, clock):
    """So that it does not look through all that it has of others."""
    ended(places, clock, "quick", 10, 0.01)
    before = places.room().only
    given(places, "a", OF_ONE)
    given(places, "b", COMMON - OF_ONE)

    assert (None, ["quick"]) == (before, places.room().only)


def test_many_that_have_turned_slow_leave_others_no_more_than_there_is(places, clock):
    for key in "abcdef":
        ended(places, clock, key, 14, 0.01)
        given(places, key, 14)
        for _ in range(4):
            ended(places, clock, key, 1, QUICK_SECONDS + 0.1)
    ended(places, clock, "quick", 200, 0.01)

    assert COMMON + QUICK >= 6 * 14 + taken(places, "quick")


@pytest.mark.parametrize(("gained", "shares"), [(0, (3, 3)), (10, (13, 3)), (100, (3 + 30, 3))])
def test_each_has_its_share_of_the_common_places(places, clock, gained, shares):
    """And so has who is quick of the others."""
    if gained:
        ended(places, clock, "quick", gained, 0.01)
    room = places.room()

    assert shares == (room.share("quick", 3), room.share("slow", 3))
