"""What an answer cost, whose price that is, and how well it is known."""

from datetime import UTC, datetime

import pytest
from genai_prices import __version__

from workfleet.tasks.answer import Answer, Usage
from workfleet.workers.endpoints.pricing import Pricing
from workfleet.workers.prices.price_list import PriceList
from workfleet.workers.settings.provider import ModelSettings, Prices, ProviderSettings

NOW = datetime(2026, 11, 21, tzinfo=UTC)
LIST = f"genai-prices {__version__}"
LISTED = PriceList()
USED = Usage(input_tokens=1_000_000, output_tokens=500_000)
GUESSED = USED.model_copy(update={"source": "estimate"})
CACHED = Usage(input_tokens=1_000_000, cached_read_tokens=800_000, cache_write_tokens=100_000)
HOSTED = ProviderSettings(
    name="hosted",
    type="openai",
    prices=Prices(input_usd_per_mtok=2.0, output_usd_per_mtok=8.0),
    models=(
        ModelSettings(name="as-the-provider"),
        ModelSettings(name="dear", prices=Prices(input_usd_per_mtok=20.0, output_usd_per_mtok=80.0)),
        ModelSettings(name="half-known", prices=Prices(input_usd_per_mtok=20.0)),
        ModelSettings(name="gpt-4o", prices=Prices(output_usd_per_mtok=20.0)),
        ModelSettings(name="gratis", free=True),
        ModelSettings(
            name="caches",
            prices=Prices(
                input_usd_per_mtok=2.0,
                output_usd_per_mtok=8.0,
                cache_read_usd_per_mtok=0.5,
                cache_write_usd_per_mtok=2.5,
            ),
        ),
    ),
)
UNPRICED = ProviderSettings(name="hosted", type="openai")
LOCAL = ProviderSettings(name="local", type="vllm", tier="local", prices=HOSTED.prices)
RENTED = LOCAL.model_copy(update={"tier": "hosted"})
SAID_LOCAL = USED.model_copy(update={"cost_usd": 0.0, "cost_source": "local"})
FREE_PLAN = ProviderSettings(name="groq", type="groq", tier="free")
ROUTER = ProviderSettings(name="router", type="openrouter")
OF_OUR_OWN = ProviderSettings(name="own", type="openai_compatible", base_urls=("http://gpu:8000",))
#: A server of our own that says it costs nothing, and passes the calls of some models on.
OLLAMA = ProviderSettings(
    name="ollama",
    type="ollama",
    tier="local",
    prices=Prices(input_usd_per_mtok=0.0, output_usd_per_mtok=0.0),
    models=(
        ModelSettings(name="qwen3-coder:480b-cloud", prices=Prices(input_usd_per_mtok=2.0, output_usd_per_mtok=8.0)),
    ),
)
FREE_NAME = "google/gemini-2.0-flash-exp:free"


@pytest.mark.parametrize(
    ("used", "provider", "model", "cost_usd", "source", "version"),
    [
        pytest.param(
            Usage(cost_usd=0.125, cost_source="receipt"), HOSTED, "dear", 0.125, "receipt", None, id="the receipt wins"
        ),
        pytest.param(SAID_LOCAL, RENTED, "m", 6.0, "table", "configuration", id="a rented server of a local kind"),
        pytest.param(SAID_LOCAL, LOCAL, "m", 0.0, "local", None, id="a server of our own, whatever its prices"),
        pytest.param(SAID_LOCAL, UNPRICED, "m", None, None, None, id="rented at an unknown price"),
        pytest.param(USED, HOSTED, "as-the-provider", 6.0, "table", "configuration", id="the provider's price"),
        pytest.param(USED, HOSTED, "not-listed", 6.0, "table", "configuration", id="for models that are not listed"),
        pytest.param(USED, HOSTED, "dear", 60.0, "table", "configuration", id="a model's own before the provider's"),
        pytest.param(GUESSED, HOSTED, "dear", 60.0, "estimate", "configuration", id="estimated tokens: an estimate"),
        pytest.param(USED, HOSTED, "half-known", None, None, None, id="half a price is none"),
        pytest.param(USED, HOSTED, "gpt-4o", 12.5, "table", "configuration", id="the list has the other half"),
        pytest.param(USED, HOSTED, "gratis", 0.0, "table", "free", id="a free model costs nothing"),
        pytest.param(CACHED, HOSTED, "dear", 20.0, "table", "configuration", id="cached tokens, no price of their own"),
        pytest.param(CACHED, HOSTED, "caches", 0.85, "table", "configuration", id="cached tokens with their prices"),
        pytest.param(USED, UNPRICED, "gpt-4o", 7.5, "table", LIST, id="the list's price where none is configured"),
        pytest.param(GUESSED, UNPRICED, "gpt-4o", 7.5, "estimate", LIST, id="the list's price of an estimate"),
        pytest.param(USED, UNPRICED, "any", None, None, None, id="unknown is unknown, not nothing"),
        pytest.param(USED, OF_OUR_OWN, "gpt-4o", None, None, None, id="a server of one's own is nobody's list"),
        pytest.param(USED, LOCAL, "any", 0.0, "local", None, id="our own machines cost nothing"),
        pytest.param(SAID_LOCAL, OLLAMA, "qwen3:4b", 0.0, "local", None, id="and so does Ollama"),
        pytest.param(USED, OLLAMA, "gpt-oss:120b-cloud", None, None, None, id="but not what it passes on"),
        pytest.param(GUESSED, OLLAMA, "glm-4.6:cloud", None, None, None, id="nor the beginning of it"),
        pytest.param(
            USED,
            OLLAMA,
            "qwen3-coder:480b-cloud",
            6.0,
            "table",
            "configuration",
            id="which may have a price of its own",
        ),
        pytest.param(USED, FREE_PLAN, "llama-3.3-70b-versatile", 0.0, "table", "free", id="a free plan costs nothing"),
        pytest.param(USED, ROUTER, FREE_NAME, 0.0, "table", "free", id="a model that its name calls free"),
    ],
)
def test_costs(
    used: Usage, provider: ProviderSettings, model: str, cost_usd: float | None, source: str | None, version: str | None
) -> None:
    found = Pricing(provider, LISTED, lambda: NOW).of_usage(used, model)
    assert found.cost_usd == pytest.approx(cost_usd)
    assert (found.cost_source, found.price_version) == (source, version)
    without = {"cost_usd": None, "cost_source": None, "price_version": None}
    assert found.model_copy(update=without) == used.model_copy(update=without)


def test_what_anthropic_keeps_for_an_hour_costs_twice_its_input() -> None:
    kept = Usage(input_tokens=1_000_000, cache_write_tokens=1_000_000)
    for_an_hour = kept.model_copy(update={"cache_write_1h_tokens": 1_000_000})
    pricing = Pricing(ProviderSettings(name="anthropic", type="anthropic"), LISTED, lambda: NOW)
    costs = [pricing.of_usage(used, "claude-sonnet-4-6").cost_usd for used in (kept, for_an_hour)]
    assert costs == pytest.approx([3.75, 6.0])


@pytest.mark.parametrize(
    ("said", "source"), [(SAID_LOCAL, "local"), (USED, None)], ids=["answered here", "passed on, as the answer says"]
)
def test_a_server_that_passes_a_call_on_says_so_whatever_the_model_is_called(said: Usage, source: str | None) -> None:
    found = Pricing(OLLAMA, LISTED, lambda: NOW).of_answer(Answer(model="mine", usage=said), "mine")
    assert found.cost_source == source


def test_a_model_that_took_over_for_a_free_one_is_not_free() -> None:
    answer = Answer(model="x-ai/grok-4", usage=USED)
    found = Pricing(ROUTER, LISTED, lambda: NOW).of_answer(answer, FREE_NAME)
    assert (found.cost_usd, found.price_version) == (10.5, LIST)
