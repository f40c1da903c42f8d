"""Budgets: what a provider's, a model's or an agent's calls may cost in a day or a month. Pure.

They are quotas of money beside the quotas of requests and tokens, kept with them in one step. Nothing is asked of a
target whose price nobody knows while a budget would have to pay for it.
"""

from collections.abc import Iterator

from ...routing.cost_cap import INPUT_MARGIN
from ...routing.directory import Budget, ModelFacts, ProviderFacts
from ...routing.limits import Limit, Period, Quota, Unit
from ...routing.quota_calendar import LENGTH_S, edges
from ...tasks.request_size import Size
from ..settings.provider import Limits

NANO_PER_USD = 1_000_000_000
#: Nano-dollars a token, at a price of one USD for a million tokens.
_NANO_PER_TOKEN = 1000.0
_AGENT = "agent:"


def budget_quotas(budget: Limits | Budget, scope: str, *, now: float) -> Iterator[Quota]:
    """Days and months are those of our own calendar: UTC unless the configuration says otherwise."""
    for period, usd in ((Period.DAY, budget.usd_per_day), (Period.MONTH, budget.usd_per_month)):
        if usd is not None:
            whole = edges(period, budget.resets or "UTC", now)
            yield Quota(f"{Unit.USD}/{period}@{scope}", Unit.USD, usd * NANO_PER_USD, LENGTH_S[period], whole)


def agent_scope(agent: str) -> str:
    return f"{_AGENT}{agent}"


def agent_of(scope: str) -> str:
    return scope.removeprefix(_AGENT)


def is_agents(key: str) -> bool:
    """Whether a limit is an agent's budget, which all providers pay from."""
    return key.startswith(f"{Unit.USD}/") and key.partition("@")[2].startswith(_AGENT)


def budget_name(key: str) -> str | None:
    """As in `the budget of a day of agent reviewer`; None of what is no budget."""
    unit, _, rest = key.partition("/")
    period, _, scope = rest.partition("@")
    if unit != Unit.USD:
        return None
    who = f"agent {agent_of(scope)}" if scope.startswith(_AGENT) else scope
    return f"the budget of a {period} of {who}"


def spends(limits: tuple[Limit, ...]) -> str | None:
    """The key of a budget among the limits, None if there is none."""
    return next((limit.key for limit in limits if isinstance(limit, Quota) and limit.unit is Unit.USD), None)


def nano_rates(facts: ProviderFacts | None, model: str, size: Size) -> tuple[float, float] | None:
    """Nano-dollars for a token of the input and of the answer; None if a price is unknown.

    Estimates of the input are off by a little, and writing a provider's cache costs more: some is added.
    """
    if facts is None:
        return None
    own = facts.facts_of(model) or ModelFacts(name=model)
    to_read, to_write = facts.prices_of(own, prompt_tokens=size.input_tokens)
    if to_read is None or (to_write is None and size.answer_cap):
        return None
    return to_read * INPUT_MARGIN * _NANO_PER_TOKEN, (to_write or 0.0) * _NANO_PER_TOKEN
