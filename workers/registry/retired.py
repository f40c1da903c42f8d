"""Models that a configuration names and that their provider has no longer."""

from collections.abc import Iterator

from ..settings.problems import Problem
from ..settings.provider import ProviderSettings
from ..settings.schema import Settings
from .registry import Registry


def retired_models(settings: Settings, registry: Registry) -> list[Problem]:
    """A warning for each, with what takes its place."""
    return [
        found
        for provider in settings.providers.values()
        if provider.enabled
        for found in _of(provider, settings, registry)
    ]


def instead_of(type_: str, model: str, registry: Registry) -> str | None:
    """What takes the place of a model that providers of the type have no longer, None if that is not known."""
    known = registry.find(type_, model)
    return known.offer.replaced_by if known is not None and known.offer is not None and known.retired else None


def _of(provider: ProviderSettings, settings: Settings, registry: Registry) -> Iterator[Problem]:
    links = (link for route in settings.routes.values() for link in route.chain if link.provider == provider.name)
    for name in sorted(provider.named_models() | {link.model for link in links if link.model}):
        known = registry.find(provider.type, name)
        if known is None or not known.retired:
            continue
        instead = instead_of(provider.type, name, registry)
        message = (
            f"{provider.type} has no {name} any more; {f'use {instead}' if instead else 'nothing takes its place'}"
        )
        yield Problem(message, field=f"providers.{provider.name}")
