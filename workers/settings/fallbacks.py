"""`fallback_provider`: the provider that takes over from another, and from that another, but never in a circle."""

from collections.abc import Iterator, Mapping

from .problems import Findings, did_you_mean
from .provider import ProviderSettings
from .references import Providers, provider_named
from .spelling import field_named
from .tree import Node


def linked(providers: Providers, nodes: Mapping[str, Node], findings: Findings) -> dict[str, ProviderSettings]:
    """The providers with the names of their fallbacks resolved. An unknown name, and a circle, are errors."""
    result: dict[str, ProviderSettings] = {}
    for name, provider in providers.items():
        said = provider.fallback_provider
        follower = provider_named(said, providers) if said else None
        if said and follower is None:
            unknown = f"{said!r} is not among the configured providers{did_you_mean(said, providers)}"
            findings.errors.append(_place(nodes[name]).problem(unknown))
        result[name] = provider.model_copy(update={"fallback_provider": follower.name if follower else None})
    _refuse_circles(result, nodes, findings)
    return result


def followers(provider: ProviderSettings, providers: Providers) -> Iterator[ProviderSettings]:
    """Who takes over, one after another."""
    seen = {provider.name}
    follower = providers.get(provider.fallback_provider or "")
    while follower is not None and follower.name not in seen:
        seen.add(follower.name)
        yield follower
        follower = providers.get(follower.fallback_provider or "")


def _place(provider: Node) -> Node:
    said = field_named(provider, "fallback_provider")
    return said[1] if said else provider


def _refuse_circles(providers: Providers, nodes: Mapping[str, Node], findings: Findings) -> None:
    told: set[frozenset[str]] = set()
    for name, provider in providers.items():
        path = [name, *(each.name for each in followers(provider, providers))]
        if providers[path[-1]].fallback_provider != name or frozenset(path) in told:
            continue
        told.add(frozenset(path))
        circle = " -> ".join([*path, name])
        findings.errors.append(
            _place(nodes[name]).problem(f"the fallbacks go in a circle: {circle}; remove one of them")
        )
