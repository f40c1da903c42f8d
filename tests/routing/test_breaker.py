"""When a breaker opens, what it lets through, and how it closes."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.routing.breaker import Breaker, BreakerPolicy, BreakerState

POLICY = BreakerPolicy(failures=5, window_s=60.0, least_calls=10, share=0.5, cool_off_s=30.0, max_cool_off_s=300.0)


def after(outcomes: str, *, every_s: float = 1.0, policy: BreakerPolicy = POLICY) -> Breaker:
    """A breaker after calls, one each `every_s`: `.` succeeded, `x` failed."""
    breaker = Breaker()
    for at, outcome in enumerate(outcomes):
        now = at * every_s
        note = breaker.succeeded if outcome == "." else breaker.failed
        breaker = note(policy, began=now, now=now)
    return breaker


@pytest.mark.parametrize(
    ("outcomes", "every_s", "opens"),
    [
        ("xxxx", 1.0, False),
        ("xxxxx", 1.0, True),
        ("xxxx.xxxx", 1.0, False),
        ("." * 50 + "xxxxx", 1.0, True),
        ("xxxxx", 20.0, False),
        (".xx" * 3, 1.0, False),
        (".xx" * 3 + "x", 1.0, True),
        (".x" * 4 + "..", 1.0, False),
        (".x" * 5, 1.0, True),
        ("x." * 5, 1.0, False),
        ("x." * 5 + "x", 1.0, True),
        (".x" * 5, 10.0, False),
        (("." * 20 + "x") * 20, 0.1, False),
    ],
    ids=[
        "four failures are too few",
        "five in a row open it",
        "a success between begins the row anew",
        "earlier successes do not hold it",
        "five within more than the window do not open it",
        "two thirds of nine calls are too few calls",
        "two thirds of ten calls open it",
        "four of ten calls do not open it",
        "half of ten calls open it",
        "but not at a success",
        "only at the next failure",
        "half of the calls over more than the window do not open it",
        "one failure in twenty-one never opens it",
    ],
)
def test_what_opens_it(outcomes: str, every_s: float, opens: bool) -> None:
    assert (after(outcomes, every_s=every_s).opened_at is not None) is opens


@pytest.mark.parametrize(
    ("outcomes", "opens"),
    [
        ("AaAaAaAaAaAA", True),
        ("AbAbAbAbAbAAAAAA", False),
        ("bbbbbAAAAA", True),
        ("AbAbAbAAAAABA", True),
        ("AbBbAAAAAAA", True),
        ("AAbAAAAA", False),
    ],
    ids=[
        "a node without others",
        "a node that fails beside one that does not",
        "what succeeded before the first failure says nothing",
        "until another node fails too",
        "both fail, if one of them less",
        "one success beside it is enough",
    ],
)
def test_a_node_that_fails_alone_does_not_open_it(outcomes: str, opens: bool) -> None:
    """A letter is a call of a node, a capital one of it failed."""
    breaker = Breaker()
    for at, letter in enumerate(outcomes):
        note = breaker.failed if letter.isupper() else breaker.succeeded
        breaker = note(POLICY, began=at, now=at, node=letter.lower())
    assert (breaker.opened_at is not None) is opens


@dataclass(frozen=True)
class Probed:
    """A breaker that opened at 4 s, and the time of what follows."""

    breaker: Breaker
    now: float

    def failing(self, times: int) -> "Probed":
        found = self
        for _ in range(times):
            now = found.breaker.probe_at(POLICY)
            found = Probed(found.breaker.failed(POLICY, began=now, now=now), now)
        return found


OPEN = Probed(after("xxxxx"), 4.0)


def test_it_is_open_until_the_cool_off_is_over_and_half_open_from_then_on() -> None:
    assert OPEN.breaker.state(POLICY, now=33.99) is BreakerState.OPEN
    assert OPEN.breaker.state(POLICY, now=34.0) is BreakerState.HALF_OPEN
    assert OPEN.breaker.state(POLICY, now=1e9) is BreakerState.HALF_OPEN


@pytest.mark.parametrize(
    ("failed_probes", "cool_off_s"),
    [(0, 30.0), (1, 60.0), (2, 120.0), (3, 240.0), (4, 300.0), (5, 300.0), (100, 300.0)],
)
def test_each_failed_probe_doubles_the_cool_off_up_to_the_cap(failed_probes: int, cool_off_s: float) -> None:
    found = OPEN.failing(failed_probes)
    assert found.breaker.probe_at(POLICY) - found.now == cool_off_s


def test_a_successful_probe_closes_it_and_forgets_what_was() -> None:
    assert OPEN.failing(3).breaker.succeeded(POLICY, began=2000.0, now=2001.0) == Breaker()


def test_as_many_probes_as_wanted_close_it_and_one_that_fails_begins_anew() -> None:
    policy = replace(POLICY, successes=3)
    found = OPEN.breaker.succeeded(policy, began=34.0, now=35.0, calls=9).succeeded(policy, began=35.0, now=36.0)
    assert (found.state(policy, now=36.0), found.successes) == (BreakerState.HALF_OPEN, 2)
    assert found.succeeded(policy, began=36.0, now=37.0) == Breaker()
    assert found.failed(policy, began=36.0, now=37.0) == Breaker(opened_at=37.0, trips=2)


@pytest.mark.parametrize("now", [20.0, 40.0], ids=["that end while it is open", "that end after the cool-off"])
def test_calls_from_before_the_cool_offs_end_say_nothing_new(now: float) -> None:
    assert OPEN.breaker.failed(POLICY, began=3.0, now=now) == OPEN.breaker
    assert OPEN.breaker.succeeded(POLICY, began=3.0, now=now) == OPEN.breaker


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[float, bool]]:
    steps = draw(st.lists(st.tuples(st.floats(0, 50), st.booleans()), max_size=120))
    now, history = 0.0, list[tuple[float, bool]]()
    for pause_s, ok in steps:
        now += pause_s
        history.append((now, ok))
    return history


@given(histories())
def test_it_opens_only_by_a_documented_rule_and_stays_open_for_the_whole_cool_off(
    history: list[tuple[float, bool]],
) -> None:
    breaker, seen = Breaker(), list[tuple[float, bool]]()
    for now, ok in history:
        before = breaker.state(POLICY, now=now)
        note = breaker.succeeded if ok else breaker.failed
        breaker = note(POLICY, began=now, now=now)
        state = breaker.state(POLICY, now=now)
        if before is BreakerState.OPEN:
            assert state is BreakerState.OPEN
        elif before is BreakerState.HALF_OPEN:
            assert state is (BreakerState.CLOSED if ok else BreakerState.OPEN)
            seen = []
        else:
            seen = [call for call in [*seen, (now, ok)] if call[0] > now - POLICY.window_s][-64:]
            assert (state is BreakerState.OPEN) is (not ok and _documented(seen))


def _documented(calls: list[tuple[float, bool]]) -> bool:
    """The rules in other words than the code's."""
    if [ok for _, ok in calls[-5:]] == [False] * 5:
        return True
    failed = [at for at, ok in calls if not ok]
    return len(calls) >= 10 and len(failed) * 2 >= len(calls)
