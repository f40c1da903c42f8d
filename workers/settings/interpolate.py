"""`${NAME}` and `${NAME:-default}` in values. `$${` is a plain `${`."""

import re
from collections.abc import Callable
from dataclasses import replace

from .problems import Findings
from .tree import Missing, Node

Lookup = Callable[[str], str | None]

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(rf"\$\$\{{|\$\{{(?P<name>{_NAME})(?::-(?P<default>[^}}]*))?\}}|(?P<broken>\$\{{)")


def interpolate(node: Node, lookup: Lookup, findings: Findings) -> Node:
    """The same tree with the variables' values in place; where one is not set and has no default, `Missing`.

    What is missing becomes an error later, and only if something enabled needs it.
    """
    if node.is_mapping:
        return node.with_value({name: interpolate(child, lookup, findings) for name, child in node.fields.items()})
    if isinstance(node.value, tuple):
        return node.with_value(tuple(interpolate(child, lookup, findings) for child in node.value))
    if isinstance(node.value, str) and "${" in node.value:
        return _filled(node, node.value, lookup, findings)
    return node


def _filled(node: Node, text: str, lookup: Lookup, findings: Findings) -> Node:
    used: list[str] = []
    absent: list[str] = []

    def value_of(reference: re.Match[str]) -> str:
        if reference["broken"]:
            findings.errors.append(node.problem("`${` without a name and `}`; write ${NAME} or ${NAME:-default}"))
            return ""
        name, default = reference["name"], reference["default"]
        if name is None:
            return "${"
        used.append(name)
        value = lookup(name) or default
        if value is None:
            absent.append(name)
        return value or ""

    filled = _REFERENCE.sub(value_of, text)
    return replace(node, value=Missing(tuple(absent)) if absent else filled, variables=tuple(used))
