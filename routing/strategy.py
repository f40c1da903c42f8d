"""In which order the strategies put a chain's targets, from what is configured and what has been observed of them.

| strategy        | first comes                                                                                      |
|-----------------|--------------------------------------------------------------------------------------------------|
| `cost_based`    | the least cost of an accepted answer, once known; until then by price; unknown prices last       |
| `latency_based` | the fastest answers; what nobody has asked yet comes first, so that it becomes known              |
| `quality`       | the best score, less what judges turned down; without a score last                               |
| `balanced`      | the least sum of the three places                                                                |

Targets that are alike are peers; among them and wherever nothing is known, the configured priority decides. Hard limits
(mode, constraints, budget) come before any of it: they say who is in the chain at all.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .directory import ChainLink, ModelFacts, ProviderFacts, Route
from .gate import PoolState
from .observed import Observed

#: An answer as it is on average, to compare prices by: tokens of the prompt and of the answer.
TYPICAL_TOKENS = (1000, 500)
#: Calls after which an observation counts.
KNOWN_AFTER = 5
#: Figures are compared in steps of this factor; otherwise targets would change places all the time.
ALIKE = 1.25


@dataclass(frozen=True, slots=True)
class Candidate:
    """A link with what is known of its target."""

    link: ChainLink
    provider: ProviderFacts | None
    model: ModelFacts | None
    observed: Observed

    def cost_usd(self) -> float | None:
        """Of an accepted answer; None is unknown."""
        if self.observed.calls >= KNOWN_AFTER and self.observed.cost_per_accepted_usd is not None:
            return self.observed.cost_per_accepted_usd
        to_read, to_write = self.provider.prices_of(self.model) if self.provider is not None else (None, None)
        if to_read is None or to_write is None:
            return None
        read, written = TYPICAL_TOKENS
        price = (read * to_read + written * to_write) / 1e6
        return price / max(1.0 - self.observed.rejected, 0.01)

    def latency_s(self) -> float | None:
        return self.observed.total_s if self.observed.calls >= KNOWN_AFTER else None

    def quality(self) -> float | None:
        score = self.model.quality if self.model is not None else None
        return None if score is None else score * (1.0 - self.observed.rejected)


_Place = tuple[float, ...]


def _by_cost(each: Candidate) -> _Place:
    return (math.inf,) if (cost := each.cost_usd()) is None else (_step(cost),)


def _by_latency(each: Candidate) -> _Place:
    return (-math.inf,) if (latency := each.latency_s()) is None else (_step(latency),)


def _by_quality(each: Candidate) -> _Place:
    return (math.inf,) if (quality := each.quality()) is None else (-round(quality, 2),)


_PLACES: Mapping[str, Callable[[Candidate], _Place]] = {
    "cost_based": _by_cost,
    "latency_based": _by_latency,
    "quality": _by_quality,
}


def ordered(route: Route, providers: Mapping[str, ProviderFacts], pools: Mapping[str, PoolState]) -> Route:
    """The route with its links' priorities as its strategy has them; itself if that is the configured order.

    Each link names its model, where that is known.
    """
    candidates = [_candidate(link, providers, pools) for link in route.chain]
    if route.strategy == "balanced":
        sums = [0.0] * len(candidates)
        for place in _PLACES.values():
            for at, rank in enumerate(_ranks([place(each) for each in candidates])):
                sums[at] += rank
        return _ranked(route, [(total,) for total in sums])
    if route.strategy in _PLACES:
        return _ranked(route, [_PLACES[route.strategy](each) for each in candidates])
    return route


def _candidate(link: ChainLink, providers: Mapping[str, ProviderFacts], pools: Mapping[str, PoolState]) -> Candidate:
    provider, pool = providers.get(link.provider), pools.get(link.provider)
    facts = provider.facts_of(link.model) if provider is not None and link.model is not None else None
    seen = pool.observed.get(link.model) if pool is not None and link.model is not None else None
    return Candidate(link, provider, facts, seen or Observed())


def _ranked(route: Route, places: Sequence[_Place]) -> Route:
    """Alike targets keep the order of their priorities."""
    keys = [(*place, float(link.priority)) for place, link in zip(places, route.chain, strict=True)]
    chain = (link.model_copy(update={"priority": rank}) for link, rank in zip(route.chain, _ranks(keys), strict=True))
    return route.model_copy(update={"chain": tuple(chain)})


def _ranks(places: Sequence[_Place]) -> list[int]:
    known = sorted(set(places))
    return [known.index(place) for place in places]


def _step(value: float) -> float:
    """The same for values that are alike."""
    return -math.inf if value <= 0 else float(round(math.log(value, ALIKE)))
