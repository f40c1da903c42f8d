"""The configuration of a provider manager: `loadBalancing`, `costOptimization`, `cache` and `defaultProvider` beside a
list of providers with `provider`, `model` and times in milliseconds.
"""

from ..choices import truth
from ..problems import Findings
from ..spelling import field_named, inside, taken
from ..tree import Node


def manager(node: Node, findings: Findings) -> Node:
    """The strategy of load balancing is ours; what has no counterpart is dropped with a warning."""
    node = _strategy(node)
    for name in ("cache", "caching"):
        block, node = taken(node, name)
        if block is not None:
            findings.warnings.append(
                block.problem("has no effect: answers are kept by task type, `task_types: {NAME: {cache_s: SECONDS}}`")
            )
    return inside(node, "providers", _in_milliseconds)


def _strategy(node: Node) -> Node:
    balancing, node = taken(node, "load_balancing")
    cost, node = taken(node, "cost_optimization")
    if balancing is not None and truth(balancing.get("enabled"), default=True):
        strategy = balancing.get("strategy") if balancing.is_mapping else balancing
        return node if strategy is None else node.default("strategy", strategy)
    if cost is not None and truth(cost.get("enabled"), default=True):
        return node.default("strategy", cost.with_value("cost_based"))
    return node


def _in_milliseconds(providers: Node) -> Node:
    return providers.with_value(tuple(map(_timeout_ms, providers.items))) if providers.items else providers


def _timeout_ms(provider: Node) -> Node:
    found = field_named(provider, "timeout") if field_named(provider, "provider") else None
    if found is None:
        return provider
    return provider.without([found[0]]).with_fields({"timeout_ms": found[1]})


def default_provider(node: Node) -> Node:
    """The provider that `defaultProvider` names comes first, unless it has a priority of its own."""
    chosen, node = taken(node, "default_provider")
    name = chosen.value if chosen is not None else None
    if chosen is None or not isinstance(name, str):
        return node
    first = chosen.with_value(0)
    return inside(node, "providers", lambda all_: inside(all_, name, lambda one: one.default("priority", first)))
