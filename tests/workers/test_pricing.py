"""What an answer cost, and how well that is known."""

import pytest

from workfleet.tasks.answer import Usage
from workfleet.workers.pricing import priced
from workfleet.workers.settings.provider import ModelSettings, Prices, ProviderSettings

USED = Usage(input_tokens=1_000_000, output_tokens=500_000)
PRICES = Prices(input_usd_per_mtok=2.0, output_usd_per_mtok=8.0)
HOSTED = ProviderSettings(
    name="hosted",
    type="openai",
    prices=PRICES,
    models=(
        ModelSettings(name="as-the-provider"),
        ModelSettings(name="dear", prices=Prices(input_usd_per_mtok=20.0, output_usd_per_mtok=80.0)),
        ModelSettings(name="half-known", prices=Prices(input_usd_per_mtok=20.0)),
        ModelSettings(name="gratis", free=True),
    ),
)
UNPRICED = ProviderSettings(name="hosted", type="openai")
LOCAL = ProviderSettings(name="local", type="vllm", tier="local", prices=PRICES)


@pytest.mark.parametrize(
    ("used", "provider", "model", "cost_usd", "source"),
    [
        (Usage(cost_usd=0.125, cost_source="receipt"), HOSTED, "dear", 0.125, "receipt"),
        (USED, HOSTED, "as-the-provider", 6.0, "table"),
        (USED, HOSTED, "not-listed", 6.0, "table"),
        (USED, HOSTED, "dear", 60.0, "table"),
        (USED.model_copy(update={"source": "estimate"}), HOSTED, "dear", 60.0, "estimate"),
        (USED, HOSTED, "half-known", None, None),
        (USED, HOSTED, "gratis", 0.0, "table"),
        (USED, UNPRICED, "any", None, None),
        (USED, LOCAL, "any", 0.0, "local"),
    ],
    ids=[
        "the provider's receipt wins",
        "the provider's price",
        "also for models that are not listed",
        "a model's own price before the provider's",
        "estimated tokens give an estimate",
        "half a price is none",
        "a free model costs nothing",
        "an unknown price is unknown, not nothing",
        "our own machines cost nothing",
    ],
)
def test_costs(used: Usage, provider: ProviderSettings, model: str, cost_usd: float | None, source: str | None) -> None:
    found = priced(used, provider, model)
    assert (found.cost_usd, found.cost_source) == (cost_usd, source)
    assert found.model_copy(update={"cost_usd": None, "cost_source": None}) == used.model_copy(
        update={"cost_usd": None, "cost_source": None}
    )
