import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.workers.simulator.windows import WINDOWS, Bucket, FixedWindow, SlidingWindow, Window, WindowType

EVERY = [pytest.param(kind, id=kind) for kind in WINDOWS]


def admitted(window: Window, times: list[float], amount: float = 1) -> list[float]:
    """The times at which the amount fitted and was taken."""
    taken: list[float] = []
    for now in times:
        if window.wait_s(amount, now) == 0:
            window.take(amount, now)
            taken.append(now)
    return taken


def test_a_fixed_window_gives_everything_back_at_the_next_multiple_of_its_length() -> None:
    window = FixedWindow(3, 60)
    assert admitted(window, [118, 118, 118, 118, 119, 120, 120, 120, 120]) == [118, 118, 118, 120, 120, 120]
    assert (window.used(121), window.wait_s(1, 121), window.reset_s(121)) == (3, 59, 59)


def test_a_fixed_window_lets_twice_its_limit_pass_around_its_border() -> None:
    assert len(admitted(FixedWindow(10, 60), [59.9] * 20 + [60.0] * 20)) == 20


def test_a_sliding_window_gives_each_unit_back_a_window_after_it_was_taken() -> None:
    window = SlidingWindow(3, 60)
    assert admitted(window, [100, 110, 120, 130, 159, 160, 165, 170, 175]) == [100, 110, 120, 160, 170]
    assert (window.used(175), window.wait_s(1, 175), window.reset_s(175)) == (3, 5, 55)


def test_a_sliding_window_waits_for_as_many_units_as_an_amount_needs() -> None:
    window = SlidingWindow(100, 60)
    window.take(50, 0)
    window.take(30, 10)
    assert [window.wait_s(amount, 20) for amount in (20, 21, 70, 71, 100)] == [0, 40, 40, 50, 50]


def test_a_bucket_starts_full_and_refills_evenly() -> None:
    window = Bucket(60, 60)
    assert len(admitted(window, [0.0] * 100)) == 60
    assert (window.wait_s(1, 0), window.wait_s(1, 0.25), window.wait_s(5, 2)) == (1, 0.75, 3)
    assert (window.used(20), window.reset_s(20)) == (40, 40)


@pytest.mark.parametrize("kind", EVERY)
def test_an_amount_above_the_limit_never_fits(kind: WindowType) -> None:
    assert WINDOWS[kind](10, 60).wait_s(11, 5) == math.inf


@pytest.mark.parametrize("kind", EVERY)
def test_an_unused_window_has_nothing_to_wait_for(kind: WindowType) -> None:
    window = WINDOWS[kind](10, 60)
    assert (window.used(7), window.wait_s(10, 7), window.reset_s(7)) == (0, 0, 0)


@pytest.mark.parametrize("kind", EVERY)
@given(
    steps=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), max_size=60),
    limit=st.integers(1, 12),
)
def test_an_amount_fits_exactly_when_its_wait_is_over(
    kind: WindowType, steps: list[tuple[int, int]], limit: int
) -> None:
    window, now = WINDOWS[kind](limit, 60), 0.0
    for pause, amount in steps:
        now += pause
        wait_s = window.wait_s(amount, now)
        if math.isinf(wait_s):
            assert amount > limit
            continue
        now += wait_s
        assert window.wait_s(amount, now) == pytest.approx(0, abs=1e-9)
        window.take(amount, now)
        assert window.used(now) <= limit + 1e-9


@given(steps=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5)), max_size=80), limit=st.integers(5, 20))
def test_no_span_of_a_sliding_window_ever_holds_more_than_the_limit(steps: list[tuple[int, int]], limit: int) -> None:
    window, now = SlidingWindow(limit, 60), 0
    taken: list[tuple[int, int]] = []
    for pause, amount in steps:
        now += pause
        if window.wait_s(amount, now) == 0:
            window.take(amount, now)
            taken.append((now, amount))
    for end, _ in taken:
        assert sum(amount for at, amount in taken if end - 60 < at <= end) <= limit


@given(pauses=st.lists(st.floats(0, 5), max_size=100), limit=st.integers(1, 30))
def test_a_bucket_never_gives_more_than_its_limit_and_what_has_been_refilled(pauses: list[float], limit: int) -> None:
    window, now, taken = Bucket(limit, 60), 0.0, 0
    for pause in pauses:
        now += pause
        if window.wait_s(1, now) == 0:
            window.take(1, now)
            taken += 1
    assert taken <= limit + limit * now / 60 + 1e-6
