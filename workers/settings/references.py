"""How people write targets: `provider`, `provider/model`, `vendor/model:tag`, `provider:model`, `model`.

The first segment is a provider if it names a configured one, else it belongs to the model's name. A colon separates a
provider only if its left side is one, because tags have colons too (`qwen3-coder:30b`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .kinds import kind_of
from .placeholders import is_placeholder
from .problems import did_you_mean
from .provider import ProviderSettings

Providers = Mapping[str, ProviderSettings]

#: Providers that offer other vendors' models under `vendor/model`.
_GATEWAYS = ("openrouter",)
#: Names that gateways have given up, or never had, and documents use.
_RENAMED = {("openrouter", "command-r-plus"): "cohere/command-r-plus"}
#: Vendors of models whose name is also a type of provider.
_VENDORS = frozenset({"openai", "anthropic", "google", "cohere"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A target as it was meant. model: None is the provider's own choice."""

    provider: ProviderSettings
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Why a text is no target. passing: it may well become one when a provider's key is set or a model is chosen."""

    why: str
    passing: bool = False


def resolve(text: str, providers: Providers, routes: Collection[str] = ()) -> Reference | Unresolved:
    """The target that a text means among these providers. routes: what else might have been meant, for the message."""
    text = text.strip()
    if not text:
        return Unresolved("is empty; name a provider, or provider/model")
    named = _with_provider(text, providers)
    if named is not None:
        provider, model = named
        return Reference(provider, _RENAMED.get((provider.type, model), model) if model else None)
    if is_placeholder(text):
        return Unresolved(f"{text!r} is a placeholder, not a model; name one that exists", passing=True)
    owner = _owner(text, providers)
    return Reference(owner, text) if owner else _unresolved(text, providers, routes)


def _with_provider(text: str, providers: Providers) -> tuple[ProviderSettings, str | None] | None:
    whole = provider_named(text, providers)
    if whole is not None:
        return whole, None
    for separator in ("/", ":"):
        name, found, model = text.partition(separator)
        provider = provider_named(name, providers)
        if found and model and provider is not None:
            return provider, model
    return None


def provider_named(name: str, providers: Providers) -> ProviderSettings | None:
    """The provider of a name: exactly, else without regard to case, else the only one of that type."""
    if name in providers:
        return providers[name]
    same = [provider for provider in providers.values() if provider.name.lower() == name.lower()]
    kind = kind_of(name)
    same = same or [provider for provider in providers.values() if kind is not None and provider.type == kind.name]
    return same[0] if len(same) == 1 else None


def _owner(model: str, providers: Providers) -> ProviderSettings | None:
    """Who has a model that is named without a provider: who lists it, else a gateway if it has a vendor."""
    by_priority = sorted(providers.values(), key=lambda each: (not each.usable, each.priority))
    vendor, slash, _ = model.partition("/")
    listed = (each for each in by_priority if model in each.named_models())
    gateways = (each for each in by_priority if each.type in _GATEWAYS and slash and _is_vendor(vendor))
    return next(listed, None) or next(gateways, None)


def _is_vendor(name: str) -> bool:
    return kind_of(name) is None or name.lower() in _VENDORS


def _unresolved(text: str, providers: Providers, routes: Collection[str]) -> Unresolved:
    first = text.replace(":", "/").partition("/")[0]
    known = ", ".join(providers) or "none"
    if kind_of(first) is not None:
        return Unresolved(f"{first!r} is not among the configured providers; configured: {known}", passing=True)
    close = did_you_mean(first, {*providers, *routes}, listed=())
    what = "no route, provider or listed model" if routes else "no provider and no listed model"
    among = f"providers: {known}" + (f"; routes: {', '.join(routes)}" if routes else "")
    return Unresolved(f"{text!r} names {what}{close}; {among}".replace("?;", "?"))
