"""The public list of prices that `genai-prices` brings along (MIT, about 50 providers, updated weekly by its authors).

Nothing is fetched: the list is as old as the installed package, whose version the ledger keeps beside each cost.
"""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from .corrections import corrected
from .price import Price, Rate

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

#: Our types of provider that the list has under the same name. Others it knows by the address of their API only.
_LISTED = frozenset(
    {
        "anthropic",
        "azure",
        "cerebras",
        "cohere",
        "deepseek",
        "google",
        "groq",
        "mistral",
        "openai",
        "openrouter",
        "together",
    }
)
#: OpenRouter passes on the prices of vendors who alone serve their models; the list drops those that are superseded.
_SOLE_VENDORS = frozenset({"anthropic", "cohere", "google", "openai", "perplexity", "x-ai"})
#: Variants of OpenRouter's names that cost what the model costs.
_VARIANTS = (":nitro", ":floor", ":thinking", ":exacto", ":extended")


class PriceList:
    """The prices as of any moment. What has been looked up is remembered, so that a call's cost takes microseconds."""

    def __init__(self) -> None:
        self._models: dict[tuple[str, str, str], ModelInfo | None] = {}
        self._prices: dict[int, tuple[ModelPrice, Price]] = {}
        self._providers: list[Provider] | None = None
        self._version = ""

    def warm(self) -> None:
        """Read the list, a fifth of a second; otherwise the first look-up does."""
        if self._providers is None:
            from genai_prices import __version__, data

            self._providers = data.providers
            self._version = f"genai-prices {__version__}"

    @property
    def version(self) -> str:
        """Whose prices they are, and of when."""
        self.warm()
        return self._version

    def price(self, type_: str, model: str, *, at: datetime, base_url: str = "") -> Price | None:
        """A model's price at a provider of a type; None if the list has none. at: with its time zone."""
        if (known := corrected(type_, _plain(model), at, version=self.version)) is not None:
            return known
        key = (type_, base_url, model)
        if key not in self._models:
            self._models[key] = self._find(*key)
        found = self._models[key]
        return None if found is None else self._priced(found.get_prices(at))

    def _find(self, type_: str, base_url: str, model: str) -> "ModelInfo | None":
        from genai_prices.data_snapshot import DataSnapshot

        self.warm()
        assert self._providers is not None
        snapshot = DataSnapshot(providers=self._providers, from_auto_update=False)
        name = _plain(model) if type_ == "openrouter" else model
        try:
            if type_ in _LISTED:
                provider = snapshot.find_provider(None, type_, None)
            elif base_url:
                provider = snapshot.find_provider(None, None, base_url)
            else:
                return None
        except LookupError:
            return None
        return provider.find_model(name, all_providers=self._providers) or self._of_vendor(type_, name)

    def _of_vendor(self, type_: str, name: str) -> "ModelInfo | None":
        vendor, _, model = name.partition("/")
        if type_ != "openrouter" or vendor not in _SOLE_VENDORS:
            return None
        assert self._providers is not None
        return next((each.find_model(model) for each in self._providers if each.id == vendor), None)

    def _priced(self, found: "ModelPrice") -> Price:
        if id(found) not in self._prices:
            price = Price(
                version=self.version,
                input=_rate(found.input_mtok),
                output=_rate(found.output_mtok),
                cache_read=_rate(found.cache_read_mtok),
                cache_write=_rate(found.cache_write_mtok),
                cache_write_1h=_rate(found.cache_write_1h_mtok),
            )
            self._prices[id(found)] = (found, price)  # with its key's object: an id is only good while that lives
        return self._prices[id(found)][1]


def _plain(model: str) -> str:
    return next((model.removesuffix(variant) for variant in _VARIANTS if model.endswith(variant)), model)


def _rate(value: "Decimal | TieredPrices | None") -> Rate | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return Rate(float(value))
    return Rate(float(value.base), tuple((tier.start, float(tier.price)) for tier in value.tiers))
