"""The forms of configuration that people already have, each moved into ours.

A form only moves values; it judges none. All of them are tried on every file, for they mix: a list of providers may
stand beside a `fallback` block.
"""

from ..problems import Findings
from ..tree import Node
from .agent_models import agent_models, is_agent_models
from .cloud_local import cloud_local
from .fallback import fallback
from .free_tier import free_tier
from .manager import default_provider, manager
from .provider_list import provider_list


def translate(node: Node, findings: Findings) -> Node:
    """A configuration of any form as the fields of `fleet.yaml`, in whatever spelling."""
    if is_agent_models(node):
        return agent_models(node)
    node = fallback(manager(node, findings), findings)
    node = free_tier(cloud_local(node, findings))
    return default_provider(provider_list(node, findings))


__all__ = ["agent_models", "translate"]
