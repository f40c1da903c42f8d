"""What targets show lately, and what several nodes have seen together."""

import pytest

from workfleet.routing.observed import Observed, together


def after(answers: str, *, total_s: float = 1.0, cost_usd: float | None = 0.01) -> Observed:
    """`.` accepted, `r` rejected, `x` failed."""
    seen = Observed()
    for each in answers:
        if each == "x":
            seen = seen.failed()
            continue
        seen = seen.answered(total_s=total_s, first_token_s=0.2, cost_usd=cost_usd)
        if each == "r":
            seen = seen.turned_down()
    return seen


def test_the_first_answer_is_all_that_is_known() -> None:
    assert after(".") == Observed(calls=1, total_s=1.0, first_token_s=0.2, cost_usd=0.01)


def test_a_slower_time_is_known_after_a_few_dozen_answers() -> None:
    seen = after("." * 50)
    for _ in range(60):
        seen = seen.answered(total_s=3.0, first_token_s=None, cost_usd=None)
    assert seen.total_s == pytest.approx(3.0, abs=0.15)
    assert seen.first_token_s == pytest.approx(0.2)
    assert seen.cost_usd == pytest.approx(0.01)


def test_failures_and_rejections_are_shares() -> None:
    assert after("x." * 100).failing == pytest.approx(0.5, abs=0.1)
    assert after("r." * 100).rejected == pytest.approx(0.5, abs=0.1)
    assert after("." * 100).failing == 0.0


def test_rejected_answers_make_the_accepted_ones_dearer() -> None:
    assert after("." * 40).cost_per_accepted_usd == pytest.approx(0.01)
    assert after("r." * 100).cost_per_accepted_usd == pytest.approx(0.02, rel=0.25)
    assert after(".", cost_usd=None).cost_per_accepted_usd is None


def test_nodes_count_by_their_calls() -> None:
    many, few = after("." * 15, total_s=1.0), after("." * 5, total_s=3.0)
    assert together([many, few, Observed()]).total_s == pytest.approx(1.5)
    assert together([]) == Observed()
