"""A file that only says which models agents use: a model for each agent, or a chain for each with `timeout` (in
milliseconds) and `retries` beside them.
"""

from collections.abc import Mapping

from ..dictionary import is_top_field
from ..spelling import folded, scaled
from ..tree import Node
from .fallback import plus_one

#: Names under which such maps are wrapped.
_WRAPPERS = ("agentmodelmap", "agentmodels", "agents", "fallbackconfig", "fallbackchains")


def is_agent_models(node: Node) -> bool:
    """Whether a file holds nothing else."""
    if any(is_top_field(name) and folded(name) not in _WRAPPERS for name in node.fields):
        return False
    return bool(node.fields) and all(_belongs(name, child) for name, child in node.fields.items())


def _belongs(name: str, child: Node) -> bool:
    if folded(name) in _WRAPPERS:
        return child.is_mapping
    if folded(name) in ("timeout", "retries"):
        return True
    return isinstance(child.value, str) or (bool(child.items) and all(isinstance(i.value, str) for i in child.items))


def agent_models(node: Node) -> Node:
    """`agents`, `timeouts` and `retry` of our form."""
    agents: dict[str, Node] = {}
    moved = node.with_value({})
    for name, child in _unwrapped(node):
        if folded(name) == "timeout":
            moved = moved.put(("timeouts", "first_token_s"), scaled(child, 0.001))
        elif folded(name) == "retries":
            moved = moved.put(("retry", "max_attempts"), plus_one(child))
        else:
            agents[name] = first_then(agents[name], child) if name in agents else child
    return moved.with_fields({"agents": node.with_value(agents)})


def _unwrapped(node: Node) -> list[tuple[str, Node]]:
    pairs: list[tuple[str, Node]] = []
    for name, child in node.fields.items():
        if folded(name) in _WRAPPERS and isinstance(child.value, Mapping):
            pairs.extend(child.value.items())
        else:
            pairs.append((name, child))
    return pairs


def first_then(one: Node, other: Node) -> Node:
    """An agent's own model and its chain, whichever was said first: the model leads, and stands in the chain once."""
    if isinstance(one.value, tuple) and not isinstance(other.value, tuple):
        one, other = other, one
    lead = one.items or (one,)
    said = {link.value for link in lead if isinstance(link.value, str)}
    rest = tuple(link for link in other.items or (other,) if link.value not in said)
    return other.with_value((*lead, *rest))
