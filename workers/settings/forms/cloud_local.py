"""`providers:` in two groups, `cloud` and `local`."""

from ..dictionary import is_provider_field
from ..problems import Findings
from ..spelling import inside
from ..tree import Node


def cloud_local(node: Node, findings: Findings) -> Node:
    """The groups' providers side by side; those of `local` run on our machines."""
    return inside(node, "providers", lambda child: _flattened(child, findings) if child.is_mapping else child)


def _flattened(providers: Node, findings: Findings) -> Node:
    flat: dict[str, Node] = {}
    for name, child in providers.fields.items():
        for member, settings in (_members(name, child) if _is_group(name, child) else {name: child}).items():
            if member in flat:
                findings.errors.append(settings.problem(f"the name {member!r} is taken by {flat[member].path}"))
            flat[member] = settings
    return providers.with_value(flat)


def _members(group: str, node: Node) -> dict[str, Node]:
    if group == "cloud":
        return dict(node.fields)
    tier = node.with_value("local")
    return {
        name: (child if child.is_mapping else child.with_value({})).default("tier", tier)
        for name, child in node.fields.items()
    }


def _is_group(name: str, node: Node) -> bool:
    """A provider may be called `local` too: a group holds mappings, and none of them is a field of a provider."""
    members = node.fields
    return (
        name in ("cloud", "local")
        and bool(members)
        and all(child.is_mapping or child.value is None for child in members.values())
        and not any(is_provider_field(member) for member in members)
    )
