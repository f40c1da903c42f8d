"""Which models a lane's jobs may go to, and in which order: a route in which nothing is left to choose. Pure.

A link that names no model leaves it to the strategy: `cost_based`, `quality` and `balanced` weigh every model that the
configuration names for the provider; with the others, the provider's own choice serves the lane.
"""

from collections.abc import Iterator, Mapping

from .directory import ChainLink, ModelFacts, ProviderFacts, Route
from .gate import PoolState
from .strategy import BUILT_IN, Ordering, ordered
from .suitability import Work

_NOBODY: Mapping[str, PoolState] = {}


def selected(
    route: Route,
    providers: Mapping[str, ProviderFacts],
    work: Work,
    pools: Mapping[str, PoolState] = _NOBODY,
    ordering: Ordering | None = None,
) -> Route:
    """The route for some work, as its strategy has it.

    pools: what has been observed of them counts. ordering: of a strategy that is not ours.
    """
    return ordered(widened(route, providers, work.task_type, ordering), providers, work, pools, ordering)


def widened(
    route: Route, providers: Mapping[str, ProviderFacts], task_type: str, ordering: Ordering | None = None
) -> Route:
    """With a link for each model that the strategy may choose. They have the priority of the link that they are of."""
    ordering = ordering or BUILT_IN.get(route.strategy)
    if ordering is None or not ordering.chooses or all(link.model for link in route.chain):
        return route
    named = {(link.provider, link.model) for link in route.chain}
    chain = [each for link in route.chain for each in _links(link, providers, task_type, named)]
    return route.model_copy(update={"chain": tuple(chain)})


def _links(
    link: ChainLink, providers: Mapping[str, ProviderFacts], task_type: str, named: set[tuple[str, str | None]]
) -> Iterator[ChainLink]:
    """named: links of the chain that say themselves where they stand."""
    provider = providers.get(link.provider)
    models = _models(provider, task_type) if provider is not None and link.model is None else ()
    if not models:
        yield link
        return
    for model in models:
        if (link.provider, model) not in named:
            yield link.model_copy(update={"model": model})


def _models(provider: ProviderFacts, task_type: str) -> tuple[str, ...]:
    """The provider's own choice first. What it says of a task type leaves nothing to choose."""
    if task_type in provider.model_overrides:
        return (provider.model_overrides[task_type],)
    own = provider.model_for(task_type)
    names = dict.fromkeys(name for name in (own, *(facts.name for facts in provider.models)) if name)
    return tuple(name for name in names if _may_be_chosen(provider.facts_of(name))) or tuple(names)[:1]


def _may_be_chosen(facts: ModelFacts | None) -> bool:
    """A model that is gone, or that only embeds, gets the jobs that name it, and no other."""
    if facts is None:
        return True
    known = facts.capabilities or frozenset()
    return not facts.retired and ("chat" in known or "embedding" not in known)
