"""The directory with what is known of its models: so strategies have scores and prices to order by, and a job is kept
away from a model that cannot run it.

What the configuration says stands. Then comes what the provider itself lists, then the registry, then the price list.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ...routing.directory import Directory, ModelFacts, ProviderFacts
from ..prices.price_list import PriceList
from ..providers.dialect import ListedModel
from ..providers.registered import known_row
from .registry import Known, Registry

#: What a model can or cannot do, whoever serves it; everything else is for its server to say.
_OF_THE_MODEL = frozenset({"tools", "vision", "embedding", "audio", "reasoning", "code", "chat"})
#: What only a server can do.
_OF_THE_SERVER = frozenset({"several_choices"})

Listings = Mapping[str, Iterable[ListedModel]]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Where facts come from. listed: provider -> what it lists. at: as of when prices are read."""

    registry: Registry
    prices: PriceList
    at: datetime
    listed: Listings = field(default_factory=dict[str, Iterable[ListedModel]])

    def informed(self, directory: Directory) -> Directory:
        """The directory with every gap filled that can be."""
        asked: dict[str, set[str]] = {}
        for link in (link for route in directory.routes.values() for link in route.chain if link.model):
            asked.setdefault(link.provider, set()).add(link.model or "")
        providers = {name: self._provider(facts, asked.get(name, set())) for name, facts in directory.providers.items()}
        return directory.model_copy(update={"providers": providers})

    def _provider(self, facts: ProviderFacts, asked: set[str]) -> ProviderFacts:
        own = {model.name for model in facts.models}
        named = {facts.default_model, *facts.model_overrides.values(), *asked} - own - {None}
        others = (
            self.facts(facts, facts.facts_of(name) or ModelFacts(name=name)) for name in sorted(filter(None, named))
        )
        return facts.model_copy(
            update={
                "models": tuple(self.facts(facts, model) for model in facts.models),
                "elsewhere": self._elsewhere(facts),
                "known": tuple(model for model in others if model != ModelFacts(name=model.name)),
            }
        )

    def _elsewhere(self, facts: ProviderFacts) -> frozenset[str]:
        """Under every name that means them. Only a type that is local by nature can tell its models apart."""
        row = known_row(facts.type)
        if facts.tier != "local" or row is None or row.tier != "local":
            return frozenset()
        remote = (model.name for model in self.listed.get(facts.name, ()) if not model.local)
        return frozenset(name for full in remote for name in (full, full.removesuffix(":latest")))

    def facts(self, provider: ProviderFacts, said: ModelFacts) -> ModelFacts:
        """All that is known of one model. said: by the configuration."""
        known = self.registry.find(provider.type, said.name)
        listed = next((each for each in self.listed.get(provider.name, ()) if each.is_called(said.name)), None)
        prices, (long_above, long_times) = self._prices(provider, said, listed), self._long(provider, said, listed)
        return said.model_copy(
            update={
                "context_tokens": said.context_tokens
                or (listed.context_tokens if listed else None)
                or (known.context_tokens if known else None),
                "capabilities": _capabilities(provider, said, listed, known),
                "input_usd_per_mtok": prices[0],
                "output_usd_per_mtok": prices[1],
                "long_prompt_tokens": long_above,
                "long_prompt_times": long_times,
                **(_of_registry(said, known) if known is not None else {}),
            }
        )

    def _prices(
        self, provider: ProviderFacts, said: ModelFacts, listed: ListedModel | None
    ) -> tuple[float | None, float | None]:
        if provider.costs_nothing(said):
            return said.input_usd_per_mtok, said.output_usd_per_mtok
        own = provider.prices_of(said)
        if None not in own:
            return own
        if listed is not None and listed.prices is not None:
            theirs: tuple[float | None, ...] = (listed.prices.input_usd_per_mtok, listed.prices.output_usd_per_mtok)
        else:
            price = self.prices.price(provider.type, said.name, at=self.at)
            rates = (price.input, price.output) if price is not None else (None, None)
            theirs = tuple(rate.usd_per_mtok if rate is not None else None for rate in rates)
        first, second = (mine if mine is not None else other for mine, other in zip(own, theirs, strict=True))
        return first, second

    def _long(self, provider: ProviderFacts, said: ModelFacts, listed: ListedModel | None) -> tuple[int | None, float]:
        """Where the price list's rates rise with the prompt, and how many times as high they get."""
        theirs = listed is not None and listed.prices is not None
        if theirs or provider.costs_nothing(said) or None not in provider.prices_of(said):
            return None, 1.0
        price = self.prices.price(provider.type, said.name, at=self.at)
        rates = (price.input, price.output) if price is not None else ()
        steps = [
            (above, usd / rate.usd_per_mtok)
            for rate in rates
            if rate and rate.usd_per_mtok
            for above, usd in rate.steps
        ]
        return min((above for above, _ in steps), default=None), max((times for _, times in steps), default=1.0)


def _of_registry(said: ModelFacts, known: Known) -> dict[str, object]:
    """What nobody but the registry tells, unless the configuration does."""
    return {
        "quality": said.quality if said.quality is not None else known.entry.quality,
        "strengths": said.strengths or frozenset(known.entry.strengths),
        "parameters_b": known.entry.parameters_b,
        "tokens_per_s": known.offer.tokens_per_s if known.offer is not None else None,
        "retired": known.retired,
    }


def _capabilities(
    provider: ProviderFacts, said: ModelFacts, listed: ListedModel | None, known: Known | None
) -> frozenset[str] | None:
    if said.capabilities is not None:
        return said.capabilities
    if listed is not None and listed.capabilities is not None:
        return listed.capabilities | (provider.capabilities & _OF_THE_SERVER)
    if known is None or not known.entry.capabilities:
        return None
    return (provider.capabilities - _OF_THE_MODEL) | known.entry.capabilities
