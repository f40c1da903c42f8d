"""Values that are one of a few words, however they are spelled: `round-robin` and `roundRobin` are `round_robin`."""

from collections.abc import Iterable
from typing import Any, get_args

from ...routing.directory import Filtered, Strategy
from ...tasks.errors import ConfigurationError, UnknownName
from ...tasks.strategies import installed_ordering, known_strategies
from .problems import Findings, did_you_mean
from .spelling import folded
from .tree import Missing, Node


def choose(node: Node, options: Iterable[str], findings: Findings) -> Node:
    """The value in our spelling; another word is an error that names the known ones."""
    known = {folded(option): option for option in options}
    if isinstance(node.value, Missing) or node.value is None:
        return node
    if not isinstance(node.value, str):
        findings.errors.append(node.problem(f"must be one of {', '.join(known.values())}"))
        return node.with_value(None)
    chosen = known.get(folded(node.value))
    if chosen is None:
        findings.errors.append(node.problem(f"{node.value!r} is unknown{did_you_mean(node.value, known.values())}"))
    return node.with_value(chosen)


def choose_strategy(node: Node, findings: Findings) -> Node:
    """One of ours, or one that an installed package brings, if it can be loaded."""
    node = choose(node, known_strategies(), findings)
    try:
        installed_ordering(str(node.value))
    except ConfigurationError as failed:
        findings.errors.append(node.problem(str(failed)))
    return node


def strategy_named(text: str) -> Strategy:
    """A strategy as somebody writes it. Raises UnknownName, ConfigurationError if it can't be loaded."""
    chosen: Strategy = _named("strategy", text, known_strategies())
    installed_ordering(chosen)
    return chosen


def filtered_named(text: str) -> Filtered:
    """What a route says of filters, as somebody writes it. Raises UnknownName."""
    chosen: Filtered = _named("way on after a filter:", text, get_args(Filtered))
    return chosen


def _named(what: str, text: str, options: Iterable[Any]) -> Any:
    known = {folded(option): option for option in options}
    if (name := folded(text)) not in known:
        raise UnknownName(what, text, known.values())
    return known[name]


def truth(node: Node | None, *, default: bool) -> bool:
    """What a switch says, before validation: only what is clearly false is false."""
    if node is None or node.value is None or isinstance(node.value, Missing):
        return default
    return str(node.value).strip().lower() not in ("false", "no", "off", "0", "f", "n")
