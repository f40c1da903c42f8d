"""What calls have cost beside what another model would have charged."""

import pytest

from workfleet.tasks.usage import Row, Sums
from workfleet.workers.prices.price import Price, Rate
from workfleet.workers.prices.savings import Saving, charged, savings, together

BASELINE = Price("list", Rate(2.0), Rate(8.0), cache_read=Rate(0.5))
DAY = "2026-11-21"


def row(target: str, outcome: str = "succeeded", source: str = "table") -> Row:
    return Row(target, "general", "ann", outcome, source)


GOOD = Sums(calls=10, input_tokens=1_000_000, output_tokens=100_000, nano_usd=500_000_000)


def test_all_tries_are_paid_and_the_baseline_answers_at_once() -> None:
    table = {
        row("groq/llama"): GOOD,
        row("groq/llama", "bad_output"): Sums(calls=2, input_tokens=9, output_tokens=9, nano_usd=100_000_000),
        row("groq/llama", "transport", "unseen"): Sums(calls=1, unpriced=1, presumed_nano_usd=40_000_000),
    }
    (found,) = savings({DAY: table}, ["model"], BASELINE)
    assert (found.names, found.calls) == (("groq/llama",), 13)
    assert (found.paid_usd, found.baseline_usd) == pytest.approx((0.64, 2.8))
    assert found.saved == pytest.approx(1 - 0.64 / 2.8)


def test_what_costs_more_than_the_baseline_saves_less_than_nothing() -> None:
    (found,) = savings({DAY: {row("dear/m"): GOOD + Sums(nano_usd=5_000_000_000)}}, ["model"], BASELINE)
    assert found.saved == pytest.approx(1 - 5.5 / 2.8)


def test_where_a_price_is_unknown_nothing_is_said_of_savings_and_the_total_is_of_the_rest() -> None:
    unknown = Sums(calls=3, input_tokens=10, output_tokens=10, unpriced=3)
    found = savings({DAY: {row("groq/llama"): GOOD, row("odd/m", source="unknown"): unknown}}, ["model"], BASELINE)
    assert [(each.names[0], each.paid_usd, each.saved is None) for each in found] == [
        ("groq/llama", 0.5, False),
        ("odd/m", None, True),
    ]
    assert together(found) == Saving((), 10, 0.5, 2.8)


def test_embeddings_are_no_work_of_the_baselines() -> None:
    (found,) = savings({DAY: {row("own/embed"): Sums(calls=5, input_tokens=1_000_000)}}, ["model"], BASELINE)
    assert (found.baseline_usd, found.saved) == (0.0, None)


def test_cached_tokens_are_charged_as_such_and_the_mean_prompt_decides_the_rate() -> None:
    tiered = Price("list", Rate(2.0, ((200_000, 4.0),)), Rate(8.0), cache_read=Rate(0.5))
    many = Sums(calls=10, input_tokens=500_000, cached_read_tokens=1_000_000)
    few = Sums(calls=1, input_tokens=500_000, cached_read_tokens=1_000_000)
    assert (charged(tiered, many), charged(tiered, few)) == (1.5, 2.5)
