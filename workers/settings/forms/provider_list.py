"""`providers:` as a list of objects with `type`; each is named after its type unless it has a name."""

from ..problems import Findings
from ..spelling import field_named, inside
from ..tree import Node


def provider_list(node: Node, findings: Findings) -> Node:
    """The providers by name, in the order of the list."""
    return inside(node, "providers", lambda child: _by_name(child, findings) if child.items else child)


def _by_name(providers: Node, findings: Findings) -> Node:
    named: dict[str, Node] = {}
    for item in providers.items:
        found = field_named(item, "name") or field_named(item, "type") or field_named(item, "provider")
        if found is None or not isinstance(found[1].value, str):
            findings.errors.append(item.problem("a provider of a list needs a `type`, such as `type: ollama`"))
            continue
        spelling, name = found[0], str(found[1].value)
        if name in named:
            taken = f"the name {name!r} is taken by {named[name].path}; give one of them a `name` of its own"
            findings.errors.append(item.problem(taken))
            continue
        named[name] = item.without([spelling]) if spelling == "name" else item
    return providers.with_value(named)
