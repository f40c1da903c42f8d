"""What a provider's death cost, from ledgers."""

import math

from workfleet.tasks.job import Attempt
from workfleet.workers.bench.failover_cost import Cost, cost_of


def attempt(provider: str, outcome: str, began: float, took: float, first_token_s: float | None = None) -> Attempt:
    return Attempt(
        number=1,
        epoch=1,
        target=f"{provider}/m",
        outcome=outcome,
        node="here",
        started_at=began,
        total_s=took,
        first_token_s=first_token_s,
    )


def cost(*ledgers: list[Attempt]) -> Cost:
    return cost_of(ledgers, dead="one", struck_at=100.0, lost=0, makespan_ratio=1.0, back_s=2.0)


def test_a_switch_runs_from_the_first_failure_to_the_first_byte_from_another() -> None:
    found = cost(
        [
            attempt("one", "transport", 99.0, 1.5),
            attempt("one", "transport", 100.6, 0.1),
            attempt("two", "succeeded", 100.8, 3.0, 0.2),
        ]
    )
    assert (round(found.switch_p50_ms), round(found.asked_p99_ms)) == (500, 300)
    assert (found.switched, found.calls_to_dead) == (1, 1)


def test_an_answer_in_one_piece_has_its_first_byte_at_its_end() -> None:
    found = cost([attempt("one", "server", 100.0, 1.0), attempt("two", "succeeded", 101.0, 0.25)])
    assert found.switch_p99_ms == 250.0


def test_jobs_that_stayed_where_they_were_have_not_switched() -> None:
    found = cost(
        [attempt("one", "succeeded", 101.0, 1.0)],
        [attempt("one", "server", 101.0, 1.0), attempt("one", "succeeded", 102.0, 1.0)],
        [attempt("two", "succeeded", 101.0, 1.0)],
    )
    assert (found.switched, found.calls_to_dead) == (0, 3)
    assert math.isnan(found.switch_p99_ms)
    assert (found.to_json()["switch_p99_ms"], found.to_json()["asked_p99_ms"]) == (None, None)


def test_the_slowest_of_a_hundred_is_beyond_the_99th_percentile() -> None:
    ledgers = [
        [attempt("one", "server", 100.0, 0.0), attempt("two", "succeeded", 100.0, 0.01 * number)]
        for number in range(1, 101)
    ]
    found = cost(*ledgers)
    assert (round(found.switch_p50_ms), round(found.switch_p99_ms)) == (500, 990)


def test_what_the_death_cost_the_other_provider_is_how_much_longer_its_calls_took_than_before() -> None:
    found = cost(
        [attempt("two", "succeeded", 98.0, 0.2)],
        [attempt("two", "succeeded", 99.9, 0.8)],  # under way when it happened: neither before nor after
        [attempt("one", "server", 100.1, 0.1), attempt("two", "succeeded", 101.0, 0.3)],
    )
    assert (round(found.other_ms), round(found.other_slowed, 3)) == (300, 1.5)
    assert round(found.calls_per_job, 3) == 1.333


def test_a_provider_that_was_asked_by_nobody_before_has_not_become_slower() -> None:
    found = cost([attempt("one", "server", 100.1, 0.1), attempt("two", "succeeded", 101.0, 0.3)])
    assert (found.to_json()["other_ms"], found.to_json()["other_slowed"]) == (300.0, None)
