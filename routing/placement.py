"""Which queue a job is handed to: its lane, or the alternate queue of the first target that can run it.

No provider is chosen for a job that any target of its lane may run; the pools pull. Only a narrower job (pinned, local
only, needs vision …) is handed to a provider, with the rest of its chain.
"""

from dataclasses import dataclass

from .cost_cap import CostCap
from .directory import ChainLink, Directory, ModelFacts, ProviderFacts, Route
from .lanes import Band, alternate_queue, lane


@dataclass(frozen=True, slots=True)
class Wants:
    """What a job asks of its targets. tokens: estimated input plus the answer's limit. cost: None is any.

    priced: somebody pays for it who has a budget.
    """

    needs: frozenset[str] = frozenset()
    tokens: int = 0
    local_only: bool = False
    free_only: bool = False
    only: frozenset[str] = frozenset()  #: providers; empty is any
    never: frozenset[str] = frozenset()
    cost: CostCap | None = None
    priced: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """queue: where the job waits, None if no target can run it. chain: its targets in order, empty if the lane's route
    serves it. skipped: target -> why not.
    """

    queue: str | None
    chain: tuple[ChainLink, ...]
    skipped: dict[str, str]


def why_not(provider: ProviderFacts | None, model: str | None, wants: Wants) -> str | None:
    """Why a target can't run a job, None if it can. These hold at every fallback too; nothing relaxes them."""
    if provider is None:
        return "the provider is not configured"
    if not provider.enabled:
        return provider.unusable or "disabled"
    if wants.only and provider.name not in wants.only:
        return "the job does not allow this provider"
    if provider.name in wants.never:
        return "the job excludes this provider"
    if wants.local_only and provider.tier != "local":
        return "the job is local only"
    if (wants.local_only or provider.stays) and model and provider.runs_elsewhere(model):
        return "the model runs elsewhere, though a server of ours lists it"
    facts = (provider.facts_of(model) or ModelFacts(name=model)) if model else None
    if (wants.free_only or provider.only_free) and not provider.costs_nothing(facts):
        return "the job is free only" if wants.free_only else "the provider is asked for nothing that costs money"
    if (lacking := _lacks(provider, facts, wants) or _unpriced(provider, facts, wants)) is not None:
        return lacking
    if wants.cost is None:
        return None
    target = f"{provider.name}/{model}"
    prices = provider.prices_of(facts, prompt_tokens=wants.cost.most_input_tokens(target))
    return wants.cost.objection(*prices, target)


def _lacks(provider: ProviderFacts, facts: ModelFacts | None, wants: Wants) -> str | None:
    has = facts.capabilities if facts is not None and facts.capabilities is not None else provider.capabilities
    missing = wants.needs - has
    if missing:
        return f"lacks {', '.join(sorted(missing))}"
    if facts is not None and facts.context_tokens is not None and wants.tokens > facts.context_tokens:
        return f"about {wants.tokens} tokens do not fit its context of {facts.context_tokens}"
    return None


def _unpriced(provider: ProviderFacts, facts: ModelFacts | None, wants: Wants) -> str | None:
    """What nobody knows the price of would break any budget unseen."""
    if not (wants.priced or provider.budgeted or (facts is not None and facts.budgeted)):
        return None
    to_read, to_write = provider.prices_of(facts)
    if to_read is not None and (to_write is not None or "embedding" in wants.needs):
        return None
    whose = "the job's agent" if wants.priced else "it"
    return f"its price is unknown, and {whose} has a budget; say `prices:` of the model or the provider"


def admissible(
    directory: Directory, chain: tuple[ChainLink, ...], task_type: str, wants: Wants
) -> tuple[list[ChainLink], dict[str, str]]:
    """The links of a chain that can run the job, in order of priority, and why the others can't."""
    good: list[ChainLink] = []
    skipped: dict[str, str] = {}
    for link in sorted(chain, key=lambda each: each.priority):
        provider = directory.providers.get(link.provider)
        model = link.model or (provider.model_for(task_type) if provider else None)
        reason = why_not(provider, model, wants)
        if reason is None:
            good.append(link)
        else:
            skipped[f"{link.provider}/{model}" if model else link.provider] = reason
    return good, skipped


def place(
    directory: Directory, route: Route | None, task_type: str, band: Band, wants: Wants, *, pinned: bool
) -> Placement:
    """Where a job goes.

    pinned: the route is the job's or its agent's own and not the lane's.
    """
    if route is None:
        return Placement(lane(task_type, band), (), {})
    good, skipped = admissible(directory, route.chain, task_type, wants)
    if not good:
        return Placement(None, (), skipped)
    enabled = sum(
        1 for link in route.chain if link.provider in directory.providers and directory.providers[link.provider].enabled
    )
    if pinned or len(good) < enabled:
        return Placement(alternate_queue(good[0].provider), tuple(good), skipped)
    return Placement(lane(task_type, band), (), skipped)
