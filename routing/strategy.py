"""In which order the strategies put a chain's targets, from what is configured and what has been observed of them.

| strategy        | first comes                                                                                      |
|-----------------|--------------------------------------------------------------------------------------------------|
| `priority`      | the configured order; among equals the least cost                                                |
| `cost_based`    | of models that are good enough for the work, the least cost of an accepted answer, once known;   |
|                 | until then by price; unknown prices last. Then the others, the best first                        |
| `latency_based` | the fastest answers; what nobody has asked yet comes first, so that it becomes known              |
| `quality`       | the best at the work, less what judges turned down; without a score last                         |
| `balanced`      | of models that are good enough, and quick if the work calls for that, the best for cost and time:|
|                 | 0.1 of quality is worth twice the cost, or twice the time                                        |

Targets that are alike are peers; among them and wherever nothing is known, the configured priority decides, and between
the models of one provider whether it is strong at the work, has a score at all, and is the smallest. `local_first` puts
our own servers before all others. Hard limits (mode, constraints, budget) come before any of it: they say who is in the
chain at all.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .directory import ChainLink, ModelFacts, ProviderFacts, Route, Strategy
from .gate import PoolState
from .observed import Observed
from .suitability import Work, is_good_enough, is_quick_enough, is_strong, score

#: An answer as it is on average, to compare prices by: tokens of the prompt and of the answer.
TYPICAL_TOKENS = (1000, 500)
#: Calls after which an observation counts.
KNOWN_AFTER = 5
#: Figures are compared in steps of this factor; otherwise targets would change places all the time.
ALIKE = 1.25
_STEP = math.log2(ALIKE)
#: For `balanced`: the quality that is worth twice the cost; and what costs and takes less counts as so much.
_A_DOUBLING = 0.1
_LEAST_USD, _LEAST_S = 0.0001, 0.1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A link with what is known of its target. work: what it is to do."""

    link: ChainLink
    work: Work
    provider: ProviderFacts | None
    model: ModelFacts | None
    observed: Observed

    @property
    def good_enough(self) -> bool:
        return is_good_enough(self.model, self.work)

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
        known = score(self.model, self.work)
        return None if known is None else known * (1.0 - self.observed.rejected)

    def tie(self) -> "_Place":
        """What decides between alike models of one provider."""
        size = self.model.parameters_b if self.model is not None else None
        unscored = self.quality() is None
        return (not is_strong(self.model, self.work), unscored, math.inf if size is None or unscored else size)


_Place = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ordering:
    """A strategy. places: of candidates, in their order; the least comes first.

    chooses: it weighs every model of a provider, where a link of a route names none.
    """

    places: Callable[[Sequence[Candidate]], Sequence[_Place]]
    chooses: bool = False


def _cost(each: Candidate) -> float:
    return math.inf if (cost := each.cost_usd()) is None else _step(cost)


def _latency(each: Candidate) -> float:
    return -math.inf if (latency := each.latency_s()) is None else _step(latency)


def _quality(each: Candidate) -> float:
    return math.inf if (quality := each.quality()) is None else -round(quality, 2)


def _by_cost(candidates: Sequence[Candidate]) -> list[_Place]:
    return [(not each.good_enough, _cost(each) if each.good_enough else _quality(each)) for each in candidates]


def _balanced(candidates: Sequence[Candidate]) -> list[_Place]:
    costs = _filled([_doublings(each.cost_usd(), _LEAST_USD) for each in candidates], max, 1.0)
    times = _filled([_doublings(each.latency_s(), _LEAST_S) for each in candidates], min, 0.0)
    scores = _filled([each.quality() for each in candidates], min, 0.0)
    return [
        (
            not each.good_enough,
            not is_quick_enough(each.model, each.work),
            round((cost + time - quality / _A_DOUBLING) / _STEP),
        )
        for each, cost, time, quality in zip(candidates, costs, times, scores, strict=True)
    ]


def _doublings(value: float | None, least: float) -> float | None:
    return None if value is None else math.log2(max(value, least))


def _filled(values: Sequence[float | None], pick: Callable[[list[float]], float], more: float) -> list[float]:
    """The unknown ones as that of the known ones which is picked, and so much more; all alike where none is known."""
    known = [value for value in values if value is not None]
    other = pick(known) + more if known else 0.0
    return [other if value is None else value for value in values]


BUILT_IN: Mapping[Strategy, Ordering] = {
    "cost_based": Ordering(_by_cost, chooses=True),
    "latency_based": Ordering(lambda candidates: [(_latency(each),) for each in candidates]),
    "quality": Ordering(lambda candidates: [(_quality(each),) for each in candidates], chooses=True),
    "balanced": Ordering(_balanced, chooses=True),
    "priority": Ordering(lambda candidates: [(each.link.priority, _cost(each)) for each in candidates]),
}


def ordered(
    route: Route,
    providers: Mapping[str, ProviderFacts],
    work: Work,
    pools: Mapping[str, PoolState],
    ordering: Ordering | None = None,
) -> Route:
    """The route with its links' priorities as its strategy has them; itself if that is the configured order.

    ordering: of a strategy that is not ours.
    """
    ordering = ordering or BUILT_IN.get(route.strategy)
    if ordering is None or (route.strategy == "priority" and _in_a_row(route)):
        return route
    candidates = [candidate(link, providers, work, pools) for link in route.chain]
    places = ordering.places(candidates)
    if route.mode == "local_first" and route.strategy != "priority":
        places = [(not _is_local(each), *place) for each, place in zip(candidates, places, strict=True)]
    keys = [(*place, float(each.link.priority)) for place, each in zip(places, candidates, strict=True)]
    if ordering.chooses:
        keys = _smallest_first(keys, candidates)
    chain = (
        link.model_copy(update={"priority": rank + 1}) for link, rank in zip(route.chain, _ranks(keys), strict=True)
    )
    return route.model_copy(update={"chain": tuple(chain)})


def candidate(
    link: ChainLink, providers: Mapping[str, ProviderFacts], work: Work, pools: Mapping[str, PoolState]
) -> Candidate:
    """A link that names no model is of the provider's own choice."""
    provider, pool = providers.get(link.provider), pools.get(link.provider)
    model = link.model or (provider.model_for(work.task_type) if provider is not None else None)
    facts = provider.facts_of(model) if provider is not None and model is not None else None
    seen = pool.observed.get(model) if pool is not None and model is not None else None
    return Candidate(link, work, provider, facts, seen or Observed())


def _smallest_first(keys: Sequence[_Place], candidates: Sequence[Candidate]) -> list[_Place]:
    """With a place of its own for each model of a provider. Those of other providers stay peers."""
    groups: dict[tuple[str, _Place], list[_Place]] = {}
    for key, each in zip(keys, candidates, strict=True):
        groups.setdefault((each.link.provider, key), []).append(each.tie())
    ranks = {group: sorted(set(ties)) for group, ties in groups.items()}
    return [
        (*key, ranks[each.link.provider, key].index(each.tie())) for key, each in zip(keys, candidates, strict=True)
    ]


def _in_a_row(route: Route) -> bool:
    """Whether none is another's equal."""
    return len({link.priority for link in route.chain}) == len(route.chain)


def _is_local(each: Candidate) -> bool:
    return each.provider is not None and each.provider.tier == "local"


def _ranks(places: Sequence[_Place]) -> list[int]:
    known = sorted(set(places))
    return [known.index(place) for place in places]


def _step(value: float) -> float:
    """The same for values that are alike."""
    return -math.inf if value <= 0 else float(round(math.log(value, ALIKE)))
