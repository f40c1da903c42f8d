"""What a provider's own choice of a model costs, to compare providers by."""

from datetime import datetime

from ..prices.price_list import PriceList
from .modes import costs_nothing
from .provider import Prices, ProviderSettings


def usual_cost(provider: ProviderSettings, listed: PriceList, at: datetime) -> float | None:
    """USD for a million tokens of input and as many of output; None is unknown.

    What the configuration says wins over the list. Servers of our own and free tiers cost nothing.
    """
    name = provider.default_choice()
    if costs_nothing(provider, name):
        return 0.0
    if name is None:
        return None
    model = provider.model(name)
    said = (model.prices if model else None) or provider.prices
    rates = said if _whole(said) else _listed(provider, name, listed, at)
    if rates.input_usd_per_mtok is None or rates.output_usd_per_mtok is None:
        return None
    return rates.input_usd_per_mtok + rates.output_usd_per_mtok


def _whole(prices: Prices) -> bool:
    return prices.input_usd_per_mtok is not None and prices.output_usd_per_mtok is not None


def _listed(provider: ProviderSettings, model: str, listed: PriceList, at: datetime) -> Prices:
    price = listed.price(provider.type, model, at=at, base_url=provider.base_urls[0] if provider.base_urls else "")
    return Prices(
        input_usd_per_mtok=price.input.usd_per_mtok if price and price.input else None,
        output_usd_per_mtok=price.output.usd_per_mtok if price and price.output else None,
    )
