"""A `free_tier` block among the providers: a primary and its fallbacks, of which nothing may ever cost money."""

from ..choices import truth
from ..spelling import inside
from ..tree import Node


def free_tier(node: Node) -> Node:
    """The mode `free_only`, with the block's chain as the default route."""
    providers = node.get("providers")
    block = providers.get("free_tier") if providers else None
    if block is None or block.get("primary") is None:
        return node
    node = inside(node, "providers", lambda child: child.without(["free_tier"]))
    if not truth(block.get("enabled"), default=True):
        return node
    node = node.default("mode", block.with_value("free_only"))
    routes = node.get("routes") or block.with_value({})
    return node.with_fields({"routes": routes.default("default", block.with_value(_chain(block)))})


def _chain(block: Node) -> tuple[Node, ...]:
    fallback = block.get("fallback")
    rest = () if fallback is None else fallback.items or (fallback,)
    return (block.fields["primary"], *rest)
