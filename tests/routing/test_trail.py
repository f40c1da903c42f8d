"""What a window of tokens has room for, while what is under way is only estimated."""

import random

import pytest

from workfleet.routing.limit_books import Books
from workfleet.routing.limits import Pace, Unit
from workfleet.routing.reservation import Ask, Granted, Used
from workfleet.routing.trail import SURE, Part, Trail, unsure
from workfleet.workers.simulator.windows import WINDOWS, WindowType

#: Parts of half a second; a call is in no window any more after 60.4 s and the rest of its part.
TPM = Pace("tpm", Unit.TOKENS, 6_000)
NOW = 600_000.0


def test_a_call_begins_at_once_while_the_window_has_room() -> None:
    trail = Trail().taken(TPM, 5_000, 0, NOW, NOW)
    assert trail.begins(TPM, 1_000, 0, NOW + 1) == NOW + 1


def test_it_waits_until_enough_of_the_window_is_over() -> None:
    trail = Trail().taken(TPM, 4_000, 0, NOW, NOW).taken(TPM, 2_000, 0, NOW + 10, NOW + 10)
    assert trail.begins(TPM, 1_000, 0, NOW + 20) == NOW + 0.5 + 60.4
    assert trail.begins(TPM, 5_000, 0, NOW + 20) == NOW + 10.5 + 60.4


def test_what_is_under_way_has_room_for_more_than_was_estimated_until_it_is_settled() -> None:
    trail = Trail().taken(TPM, 4_000, 200**2, NOW, NOW)
    assert trail.begins(TPM, 1_500, 0, NOW + 1) == NOW + 60.9
    settled = trail.settled(TPM, -100, 200**2, NOW, NOW + 1)
    assert settled.parts == {1_200_000: Part(3_900, 0)}
    assert settled.begins(TPM, 1_500, 0, NOW + 1) == NOW + 1


def test_no_call_begins_before_one_that_was_let_through_already() -> None:
    trail = Trail().taken(TPM, 10, 0, NOW + 5, NOW)
    assert trail.begins(TPM, 10, 0, NOW) == NOW + 5


def test_a_call_that_may_be_larger_than_the_limit_gets_a_window_of_its_own() -> None:
    trail = Trail().taken(TPM, 10, 0, NOW, NOW)
    assert trail.begins(TPM, 5_900, 10**6, NOW + 1) == NOW + 60.9
    assert Trail().begins(TPM, 5_900, 10**6, NOW) == NOW


def test_an_answer_is_no_more_unsure_than_its_cap_lets_it_be() -> None:
    assert unsure(100.0**2, spare=1e6) == 100**2
    assert unsure(100.0**2, spare=SURE * 10) == 10**2
    assert unsure(100.0**2, spare=0) == 0


def busy(window: WindowType, seed: int) -> tuple[float, int]:
    """(share used, refusals) of a small limit, a few minutes long, by answers of very different lengths."""
    rng, served, books, limits = random.Random(seed), WINDOWS[window](6_000, 60.0), Books(), (TPM,)
    now, used, refused, due = NOW, 0, 0, list[tuple[float, int, int]]()
    for number in range(120):
        answer = min(int(rng.lognormvariate(5.5, 0.8)), 1_500)
        books, said = books.reserve(Ask(str(number), "k", 40, 1_500, 1_000, 1e9, 600.0, limits), now)
        assert isinstance(said, Granted)
        now += said.wait_s
        if served.wait_s(40 + answer, now):
            refused += 1
        else:
            served.take(40 + answer, now)
            used += 40 + answer
        due.append((now + rng.uniform(1, 8), number, answer))
        for each in sorted(due):
            if each[0] <= now + 0.1:
                due.remove(each)
                books, _ = books.settle(str(each[1]), "k", limits, Used(1, 40 + each[2], each[2]), now)
    return used / (6_000 * (now - NOW) / 60), refused


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("seed", range(4))
def test_a_small_limit_is_well_used_and_never_overrun_by_long_answers(window: WindowType, seed: int) -> None:
    share, refused = busy(window, seed)
    assert refused == 0
    assert share > 0.6
