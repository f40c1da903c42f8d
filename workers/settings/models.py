"""The models of a provider: names, or facts about each."""

from .problems import Findings
from .tree import Node, plain


def models_of(node: Node, findings: Findings) -> Node:
    """`[a, {name: b, …}]` and `{a: , b: {…}}` as a list of mappings with a name."""
    if node.is_mapping:
        named = tuple(_named(name, child) for name, child in node.fields.items())
    else:
        named = tuple(item if item.is_mapping else item.with_value({"name": item}) for item in node.items)
    seen: set[object] = set()
    kept: list[Node] = []
    for item in named:
        name = item.get("name")
        if name is not None and plain(name) in seen:
            findings.warnings.append(name.problem(f"the model {plain(name)!r} stands here twice"))
            continue
        seen.add(plain(name) if name is not None else None)
        kept.append(item)
    return node.with_value(tuple(kept))


def _named(name: str, node: Node) -> Node:
    fields = node if node.is_mapping else node.with_value({})
    return fields.with_fields({"name": node.with_value(name)})
