"""What a mode leaves of the providers. A mode is a hard limit: no fallback, no route and no job relaxes it."""

from collections.abc import Iterable

from ...routing.directory import Mode, named_free
from .kinds import FREE_BESIDE_PAID, FREE_PLANS
from .provider import ModelSettings, ProviderSettings


def under(mode: Mode, provider: ProviderSettings) -> ProviderSettings:
    """The provider as it is in a mode: with its models' prices looked at, and `unusable` if it gets no jobs."""
    models = tuple(
        model.model_copy(update={"free": True}) if _costs_nothing(provider, model.name) else model
        for model in provider.models
    )
    provider = provider.model_copy(update={"models": models})
    beside_paid = provider.type in FREE_BESIDE_PAID
    if mode == "free_only" and provider.tier == "hosted" and (beside_paid or provider.type in FREE_PLANS):
        provider = provider.model_copy(update={"tier": "free"})
    if (provider.tier == "free" and beside_paid) or (mode == "free_only" and provider.tier == "local"):
        provider = provider.model_copy(update={"only_free": True})
    unusable = _why_not(mode, provider)
    if provider.only_free or (mode == "free_only" and provider.tier == "hosted" and unusable is None):
        provider = _only_free_models(provider)
    return provider.model_copy(update={"unusable": unusable, "stays": mode == "offline"})


def near(providers: Iterable[ProviderSettings]) -> frozenset[str] | None:
    """The only hosts, besides this machine, that may be connected to on their behalf; None is any."""
    given = tuple(providers)
    if not any(each.stays for each in given):
        return None
    return frozenset(host for each in given if each.usable for host in each.hosts)


def _only_free_models(provider: ProviderSettings) -> ProviderSettings:
    """What is not listed can't be asked for, not even by a job that names it.

    A server of ours may be asked for whatever it lists, but for what it passes on.
    """
    free = {name for name in provider.named_models() if costs_nothing(provider, name)}
    listed = [model for model in provider.models if model.name in free]
    others = sorted(free - {model.name for model in listed}) if provider.tier != "local" else ()
    return provider.model_copy(
        update={
            "models": (*listed, *(ModelSettings(name=name, free=True) for name in others)),
            "default_model": provider.default_model if provider.default_model in free else None,
            "model_overrides": {task: name for task, name in provider.model_overrides.items() if name in free},
        }
    )


def _why_not(mode: Mode, provider: ProviderSettings) -> str | None:
    if mode == "offline" and provider.tier != "local":
        return "mode offline: it does not run on our machines"
    if mode == "hosted" and provider.tier == "local":
        return "mode hosted: it runs on our machines"
    if mode == "free_only" and not _offers_something_free(provider):
        return "mode free_only: nothing says that it is free (`tier: free`, prices of 0, or a model named `…:free`)"
    return None


def _offers_something_free(provider: ProviderSettings) -> bool:
    others = provider.tier == "free" or (provider.tier == "local" and not provider.models)
    return others or any(costs_nothing(provider, model) for model in provider.named_models())


def costs_nothing(provider: ProviderSettings, model: str | None) -> bool:
    """Whether a call of the model is known to be free."""
    if model is None:
        return provider.tier != "hosted"
    plan = provider.tier == "free" and not provider.only_free
    return plan or provider.keeps(model) or _costs_nothing(provider, model)


def _costs_nothing(provider: ProviderSettings, name: str) -> bool:
    model = provider.model(name)
    return is_free_anyway(provider, name) or (model is not None and model.free)


def is_free_anyway(provider: ProviderSettings, name: str) -> bool:
    """Whether a model's name or its prices say that it costs nothing."""
    prices = provider.prices_of(name)
    zero = prices.input_usd_per_mtok == 0 and prices.output_usd_per_mtok == 0
    return named_free(provider.type, name) or zero


def admits(mode: Mode, provider: ProviderSettings, model: str | None) -> bool:
    """Whether a route of this mode may hold the target; model None is the provider's own choice."""
    if mode == "offline":
        return provider.tier == "local"
    if mode == "hosted":
        return provider.tier != "local"
    if mode == "free_only":
        return costs_nothing(provider, model or provider.default_choice())
    return True
