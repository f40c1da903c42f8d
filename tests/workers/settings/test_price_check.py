from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from workfleet.workers.prices.price_list import PriceList
from workfleet.workers.settings import Settings
from workfleet.workers.settings.price_check import stale_prices

Load = Callable[..., Settings]

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("provider", "stale"),
    [
        pytest.param(
            "openai: {models: [gpt-4o], cost_per_1k_input: 0.005, cost_per_1k_output: 0.01}",
            ["input of gpt-4o is 5 USD"],
            id="old",
        ),
        pytest.param(
            "openai: {models: [gpt-4o], costPer1MTokens: {input: 2.6, output: 9.6}}", [], id="within five percent"
        ),
        pytest.param(
            "openai: {models: [{name: gpt-4o, prices: {input: 9}}], prices: {input: 2.5}}",
            ["input of gpt-4o is 9 USD"],
            id="of a model",
        ),
        pytest.param("openai: {models: [gpt-4o]}", [], id="none configured"),
        pytest.param("openai: {models: [of-my-own], prices: {input: 9}}", [], id="a model that no list has"),
        pytest.param("ollama: {models: [llama3.2], prices: {input: 0, output: 0}}", [], id="our own machine"),
    ],
)
def test_a_price_that_differs_from_the_list_is_a_warning(provider: str, stale: list[str], load: Load) -> None:
    problems = stale_prices(load(f"providers:\n  {provider}\n"), PriceList(), NOW)
    assert [problem.message.partition(" a million")[0] for problem in problems] == stale


def test_the_warning_names_both_prices_and_the_provider(load: Load) -> None:
    (problem,) = stale_prices(load("providers: {openai: {models: [gpt-4o], prices: {output: 15}}}"), PriceList(), NOW)
    assert str(problem) == (
        "providers.openai: output of gpt-4o is 15 USD a million tokens here and 10 in the price list; "
        "correct it, or leave it out"
    )
