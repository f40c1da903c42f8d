"""A `fallback` block: strategy, retries and the timeout of a call, for all providers."""

from ..choices import truth
from ..problems import Findings
from ..spelling import Spelling, respell, table, taken
from ..tree import Node

_FALLBACK = table(
    ("enabled", "strategy", "max_retries", "max_attempts"),
    timeout_seconds=Spelling(("timeouts", "total_s")),
    timeout_ms=Spelling(("timeouts", "total_s"), 0.001),
    retry_delay_seconds=Spelling(("retry", "delay_s")),
    retry_delay_ms=Spelling(("retry", "delay_s"), 0.001),
)


def fallback(node: Node, findings: Findings) -> Node:
    """`max_retries: 3` is one attempt and three more; `enabled: false` is one attempt."""
    block, node = taken(node, "fallback")
    if block is None:
        return node
    if not block.is_mapping:
        findings.errors.append(block.problem("must be a mapping of fields, such as `max_retries:`"))
        return node
    block = respell(block, _FALLBACK, findings)
    for name in ("strategy", "timeouts", "retry"):
        child = block.get(name)
        node = node if child is None else node.default(name, child)
    attempts = _attempts(block)
    return node if attempts is None else node.put(("retry", "max_attempts"), attempts)


def _attempts(block: Node) -> Node | None:
    if not truth(block.get("enabled"), default=True):
        return block.with_value(1)
    retries = block.get("max_retries")
    if retries is None:
        return block.get("max_attempts")
    return plus_one(retries)


def plus_one(retries: Node) -> Node:
    """Attempts for a number of retries; what is no number stays, and validation says so."""
    try:
        return retries.with_value(int(str(retries.value)) + 1)
    except ValueError:
        return retries
