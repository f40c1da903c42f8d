"""What an answer cost: the provider's receipt, else the configured price; an unknown price stays unknown."""

from ..tasks.answer import Usage
from .settings.provider import Prices, ProviderSettings


def priced(usage: Usage, provider: ProviderSettings, model: str) -> Usage:
    """The usage with its cost, if one can be known."""
    if usage.cost_usd is not None:
        return usage
    if provider.tier == "local":
        return usage.model_copy(update={"cost_usd": 0.0, "cost_source": "local"})
    own = provider.model(model)
    if own is not None and own.free:
        return usage.model_copy(update={"cost_usd": 0.0, "cost_source": "table"})
    prices = own.prices if own is not None and own.prices is not None else provider.prices
    cost = _cost(usage, prices)
    if cost is None:
        return usage
    return usage.model_copy(
        update={"cost_usd": cost, "cost_source": "table" if usage.source == "provider" else "estimate"}
    )


def _cost(usage: Usage, prices: Prices) -> float | None:
    if prices.input_usd_per_mtok is None or prices.output_usd_per_mtok is None:
        return None
    return (usage.input_tokens * prices.input_usd_per_mtok + usage.output_tokens * prices.output_usd_per_mtok) / 1e6
