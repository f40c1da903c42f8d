"""Configured prices against a price list: an old price makes every budget and report wrong, and nobody notices."""

from collections.abc import Iterator
from datetime import datetime

from ..prices.price_list import PriceList
from .problems import Problem
from .provider import ProviderSettings
from .schema import Settings

#: What a configured price may be off before it is worth a word.
TOLERANCE = 0.05


def stale_prices(settings: Settings, listed: PriceList, at: datetime) -> list[Problem]:
    """A warning for each price of a hosted model that the list has otherwise. A model that it lacks has none."""
    providers = (each for each in settings.providers.values() if each.enabled and each.tier == "hosted")
    return [problem for provider in providers for problem in _of_provider(provider, listed, at)]


def _of_provider(provider: ProviderSettings, listed: PriceList, at: datetime) -> Iterator[Problem]:
    for name in sorted(provider.named_models()):
        said = provider.prices_of(name)
        price = listed.price(provider.type, name, at=at, base_url=provider.base_urls[0] if provider.base_urls else "")
        if price is None:
            continue
        pairs = (
            ("input", said.input_usd_per_mtok, price.input),
            ("output", said.output_usd_per_mtok, price.output),
        )
        for what, ours, rate in pairs:
            theirs = rate.usd_per_mtok if rate is not None else None
            if ours is not None and theirs is not None and abs(ours - theirs) > TOLERANCE * theirs:
                message = f"{what} of {name} is {ours:g} USD a million tokens here and {theirs:g} in the price list"
                yield Problem(f"{message}; correct it, or leave it out", field=f"providers.{provider.name}")
