"""The public price list under our types and names."""

from datetime import UTC, datetime

import pytest

from workfleet.workers.prices.price import Rate
from workfleet.workers.prices.price_list import PriceList

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LISTED = PriceList()


@pytest.mark.parametrize(
    ("type_", "model", "rates"),
    [
        ("anthropic", "claude-sonnet-4-20250514", (3, 15)),
        ("anthropic", "claude-opus-4-20250514", (15, 75)),
        ("anthropic", "claude-3-haiku-20240307", (0.25, 1.25)),
        ("openai", "gpt-4o-mini", (0.15, 0.6)),
        ("openai", "gpt-4.1", (2, 8)),
        ("openai", "o1-mini", (1.1, 4.4)),
        ("openai", "text-embedding-3-small", (0.02, None)),
        ("azure", "gpt-4o", (2.5, 10)),
        ("google", "gemini-2.5-flash-lite", (0.1, 0.4)),
        ("groq", "llama-3.3-70b-versatile", (0.59, 0.79)),
        ("cohere", "command-r-plus", (2.5, 10)),
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", (0.88, 0.88)),
        ("openrouter", "anthropic/claude-sonnet-4", (3, 15)),
        ("openrouter", "mistralai/devstral-2512", (0.4, 2)),
        ("openrouter", "anthropic/claude-sonnet-4:floor", (3, 15)),
        ("openrouter", "x-ai/grok-4", (3, 15)),
    ],
)
def test_models_that_the_documents_name_have_their_price(
    type_: str, model: str, rates: tuple[float, float | None]
) -> None:
    price = LISTED.price(type_, model, at=NOW)
    assert price is not None
    assert price.input is not None
    assert (price.input.usd_per_mtok, price.output.usd_per_mtok if price.output else None) == rates


@pytest.mark.parametrize(
    ("type_", "model", "base_url"),
    [
        pytest.param("openai", "of-my-own", "", id="no such model"),
        pytest.param("openai_compatible", "gpt-4o", "http://gpu:8000", id="a server of one's own"),
        pytest.param("openai_compatible", "gpt-4o", "", id="no address"),
        pytest.param("openrouter", "nobody/grok-4", "", id="no such vendor"),
        pytest.param("vllm", "gpt-4o", "", id="a local type"),
    ],
)
def test_what_the_list_lacks_has_no_price(type_: str, model: str, base_url: str) -> None:
    assert LISTED.price(type_, model, at=NOW, base_url=base_url) is None


def test_another_api_is_known_by_its_address() -> None:
    price = LISTED.price("openai_compatible", "grok-4", at=NOW, base_url="https://api.x.ai/v1")
    assert price is not None
    assert price.input == Rate(3.0)


def test_long_prompts_cost_more_where_the_list_says_so() -> None:
    price = LISTED.price("google", "gemini-1.5-pro", at=NOW)
    assert price is not None
    assert price.input == Rate(1.25, ((128_000, 2.5),))


def test_a_price_may_depend_on_the_time_of_day() -> None:
    day, night = (LISTED.price("deepseek", "deepseek-chat", at=NOW.replace(hour=hour)) for hour in (12, 20))
    assert day is not None
    assert night is not None
    assert day.input != night.input
