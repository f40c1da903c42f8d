"""Which limits a call of a target has to keep: as configured, or lower if the provider says so. Pure."""

import hashlib
import math
from collections.abc import Iterator, Mapping

from ...routing.limits import Limit, Pace, Period, Quota, Slots, Unit
from ...routing.quota_calendar import LENGTH_S, ROLLING, edges
from ..settings.provider import Limits, ProviderSettings
from .budgets import budget_quotas

#: A limit by what it is of: units in a period.
Of = tuple[Unit, Period]

#: Where a type's quotas begin anew, if its limits do not say (C.7, C.11 of the wire formats); UTC for all others.
_RESETS = {"google": "America/Los_Angeles", "groq": ROLLING, "openai": ROLLING}

#: Types that count each model by itself: what they tell is of the model that was asked, whomever ours are for.
_EACH_MODEL = frozenset({"anthropic", "azure", "cerebras", "github", "google", "groq", "mistral", "openai"})

#: Those that providers have. Budgets are the customer's, and stand beside them.
EVERY: tuple[Of, ...] = tuple((unit, period) for period in Period for unit in (Unit.REQUESTS, Unit.TOKENS))


def scope_of(provider: ProviderSettings, model: str) -> str:
    """Whom the limits are for, which all calls of a target keep together. A key is told by a digest of it."""
    own = provider.model(model)
    return f"{provider.name}/{model}" if own is not None and own.limits is not None else _shared(provider, model)


def _shared(provider: ProviderSettings, model: str) -> str:
    """Whom the provider's own limits are for."""
    if provider.limits.per == "model":
        return f"{provider.name}/{model}"
    if provider.limits.per == "key" and provider.api_key is not None:
        return "key-" + hashlib.sha256(provider.api_key.get_secret_value().encode()).hexdigest()[:16]
    return provider.name


def told_scope(provider: ProviderSettings, model: str) -> str:
    """Whom that is for which the provider tells of its limits with a call of the model."""
    scope = scope_of(provider, model)
    own = f"{provider.name}/{model}"
    return f"{scope}/{model}" if scope != own and provider.type in _EACH_MODEL else scope


def pauses_of(provider: ProviderSettings, model: str) -> tuple[str, ...]:
    """Under which keys it may be noted that nobody asks the model for a while: of all that are counted with it, and its
    own.
    """
    return tuple(dict.fromkeys((told_scope(provider, model), f"{provider.name}/{model}")))


def limit_key(scope: str, of: Of) -> str:
    """As in `requests/minute@groq`."""
    unit, period = of
    return f"{unit}/{period}@{scope}"


def resets(provider: ProviderSettings, limits: Limits) -> str:
    return limits.resets or _RESETS.get(provider.type, "UTC")


def amounts(limits: Limits, told: Mapping[Of, float]) -> dict[Of, float]:
    """What is configured and what the provider told, the lower of both."""
    found: dict[Of, float] = {}
    for of in EVERY:
        unit, period = of
        configured: int | None = getattr(limits, f"{unit}_per_{period}")
        known = [amount for amount in (configured, told.get(of)) if amount is not None]
        if known:
            found[of] = min(known)
    return found


def permitted(provider: ProviderSettings, model: str, told: Mapping[Of, float], *, now: float) -> tuple[Limit, ...]:
    """Every limit that a call has to keep. told: by the provider itself, of the target's `told_scope`."""
    return (*_rates(provider, model, told, now), *_budgets(provider, model, now), *_slots(provider))


def _rates(provider: ProviderSettings, model: str, told: Mapping[Of, float], now: float) -> Iterator[Limit]:
    limits, scope, of_model = provider.limits_of(model), scope_of(provider, model), told_scope(provider, model)
    zone = resets(provider, limits)
    if of_model == scope:
        yield from _counted(scope, amounts(limits, told), zone, now)
        return
    ours = amounts(limits, {})
    yield from _counted(scope, ours, zone, now)
    lower = {of: amount for of, amount in told.items() if amount < ours.get(of, math.inf)}
    yield from _counted(of_model, lower, zone, now)


def _counted(scope: str, amounts: Mapping[Of, float], zone: str, now: float) -> Iterator[Limit]:
    for of, amount in amounts.items():
        unit, period = of
        key = limit_key(scope, of)
        if period is Period.MINUTE:
            yield Pace(key, unit, amount, LENGTH_S[period])
        else:
            yield Quota(key, unit, amount, LENGTH_S[period], edges(period, zone, now))


def _budgets(provider: ProviderSettings, model: str, now: float) -> Iterator[Limit]:
    """A model's own budget is beside the provider's, which pays for all its models."""
    own = provider.model(model)
    if own is not None and own.limits is not None and own.limits.budgeted:
        yield from budget_quotas(own.limits, scope_of(provider, model), now=now)
        if provider.limits.per == "model":
            return
    if provider.limits.budgeted:
        yield from budget_quotas(provider.limits, _shared(provider, model), now=now)


def _slots(provider: ProviderSettings) -> Iterator[Limit]:
    """A hosted provider's slots are the whole fleet's; those of our own servers are each endpoint's."""
    if provider.limits.concurrency is not None:
        yield Slots(f"slots@{provider.name}", provider.limits.concurrency)
    elif not provider.self_hosted:
        yield Slots(f"slots@{provider.name}", provider.slots)
