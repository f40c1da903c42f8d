"""Configured prices against a price list: an old price makes every budget and report wrong, and nobody notices."""

from collections.abc import Iterator

from .problems import Problem
from .provider import Prices, ProviderSettings
from .schema import Settings

#: What a configured price may be off before it is worth a word.
TOLERANCE = 0.05


def stale_prices(settings: Settings) -> list[Problem]:
    """A warning for each price of a hosted model that the list has otherwise. A model that it lacks has none."""
    providers = (each for each in settings.providers.values() if each.enabled and each.tier == "hosted")
    return [problem for provider in providers for problem in _of_provider(provider)]


def _of_provider(provider: ProviderSettings) -> Iterator[Problem]:
    for name in sorted(provider.named_models()):
        model = provider.model(name)
        said = (model.prices if model else None) or provider.prices
        listed = _listed(provider.type, name)
        pairs = (
            ("input", said.input_usd_per_mtok, listed.input_usd_per_mtok),
            ("output", said.output_usd_per_mtok, listed.output_usd_per_mtok),
        )
        for what, ours, theirs in pairs:
            if ours is not None and theirs is not None and abs(ours - theirs) > TOLERANCE * theirs:
                message = f"{what} of {name} is {ours:g} USD a million tokens here and {theirs:g} in the price list"
                yield Problem(f"{message}; correct it, or leave it out", field=f"providers.{provider.name}")


def _listed(provider: str, model: str) -> Prices:
    # Imported here: it takes a third of a second, and only this command needs it.
    from genai_prices import Usage, calc_price

    try:
        # A thousand tokens: some models cost more from a length on, and a configured price is for less than that.
        found = calc_price(Usage(input_tokens=1000, output_tokens=1000), model, provider_id=provider)
    except LookupError:
        return Prices()
    return Prices(
        input_usd_per_mtok=float(found.input_price) * 1000, output_usd_per_mtok=float(found.output_price) * 1000
    )
