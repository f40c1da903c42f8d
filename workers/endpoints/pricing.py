"""What an answer cost: the provider's receipt, else a price of one's own, else the list's, else it is unknown."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from ...routing.directory import named_free
from ...tasks.answer import Answer, Usage
from ..prices.price import Price, Rate
from ..prices.price_list import PriceList
from ..providers.registered import known_row
from ..settings.provider import Prices, ProviderSettings

#: The version of a price that the configuration states, and of one that is 0 by the provider's own word.
CONFIGURED, FREE = "configuration", "free"


@dataclass(frozen=True, slots=True)
class Pricing:
    """The prices of one provider, as its pool asks for them. clock: the time of day, which some prices depend on."""

    provider: ProviderSettings
    listed: PriceList = field(default_factory=PriceList)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def of(cls, provider: ProviderSettings) -> Self:
        pricing = cls(provider)
        if provider.tier == "hosted":
            pricing.listed.warm()  # the first answer's costs would hold up the other calls meanwhile
        return pricing

    def of_answer(self, answer: Answer, model: str) -> Usage:
        """What an answer used, with its cost. model: that was asked for."""
        # A server of a kind that is one's own says of each answer that it is local, unless it only passed the call on.
        row = known_row(self.provider.type)
        passed_on = row is not None and row.tier == "local" and answer.usage.cost_source != "local"
        return self.of_usage(answer.usage, model, answered_by=answer.model, kept=not passed_on)

    def of_usage(self, usage: Usage, model: str, *, answered_by: str = "", kept: bool = True) -> Usage:
        """The usage with its cost. kept: a server of ours did not pass the call on."""
        at, kept = self.clock(), kept and self.provider.keeps(model)
        return priced(usage, self.provider, model, listed=self.listed, at=at, answered_by=answered_by, kept=kept)


def priced(
    usage: Usage,
    provider: ProviderSettings,
    model: str,
    *,
    listed: PriceList,
    at: datetime,
    answered_by: str = "",
    kept: bool,
) -> Usage:
    """The usage with its cost, if one can be known.

    model: as it was asked for. answered_by: as the answer names it; a hosted provider may have taken another one. at:
    when it answered. kept: by a server of ours.
    """
    if usage.cost_source == "local":
        # So says the dialect of a server that is usually one's own; it may be one that is rented by the token.
        usage = usage.model_copy(update={"cost_usd": None, "cost_source": None})
    if usage.cost_usd is not None:
        return usage
    if kept:
        return usage.model_copy(update={"cost_usd": 0.0, "cost_source": "local"})
    price = price_of(provider, model, listed=listed, at=at, answered_by=answered_by)
    cost = price.cost_usd(usage) if price is not None else None
    if price is None or cost is None:
        return usage
    source = "table" if usage.source == "provider" else "estimate"
    return usage.model_copy(update={"cost_usd": cost, "cost_source": source, "price_version": price.version})


def price_of(
    provider: ProviderSettings, model: str, *, listed: PriceList, at: datetime, answered_by: str = ""
) -> Price | None:
    """The price of a model that is not kept by a server of ours, None if nobody states one."""
    if _is_free(provider, model, answered_by):
        return Price(FREE, Rate(0.0), Rate(0.0))
    url = provider.base_urls[0] if provider.base_urls else ""
    names = [name for name in (answered_by, model) if name]
    found = (listed.price(provider.type, name, at=at, base_url=url) for name in names)
    theirs = next((price for price in found if price is not None), None)
    said = _said(provider.prices_of(answered_by if provider.model(answered_by) else model, passed_on=True))
    return theirs if said is None else said.over(theirs)


def _is_free(provider: ProviderSettings, model: str, answered_by: str) -> bool:
    """Its account is on a free plan, or the model costs nothing. One that took over for it may cost something."""
    own = provider.model(model)
    free = own is not None and own.free and answered_by in ("", model)
    plan = provider.tier == "free" and not provider.only_free
    return plan or free or named_free(provider.type, answered_by or model)


def _said(prices: Prices) -> Price | None:
    rates = (
        prices.input_usd_per_mtok,
        prices.output_usd_per_mtok,
        prices.cache_read_usd_per_mtok,
        prices.cache_write_usd_per_mtok,
        prices.cache_write_1h_usd_per_mtok,
    )
    if all(rate is None for rate in rates):
        return None
    return Price(CONFIGURED, *(None if rate is None else Rate(rate) for rate in rates))
