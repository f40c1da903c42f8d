"""What a configuration says of a provider's API: fields that only some types have."""

from .kinds import KINDS, Kind
from .problems import Findings
from .tree import Node


def api_of(node: Node, kind: Kind, findings: Findings) -> Node:
    """The fields of `api`; one that the type does not have is an error."""
    for name, child in node.fields.items():
        if name not in kind.api_fields:
            wrong = child.fields.values() if name == "own" else (child,)
            refused = f"a provider of type {kind.name} has no such field; {_takers(name)}"
            findings.errors += [each.problem(refused) for each in wrong]
    betas = node.get("betas")
    if betas is not None and isinstance(betas.value, str):
        names = tuple(betas.with_value(name.strip()) for name in betas.value.split(",") if name.strip())
        return node.with_fields({"betas": betas.with_value(names)})
    return node


def _takers(name: str) -> str:
    if name == "own":
        return "only servers with OpenAI's API have it"
    types = [kind.name for kind in KINDS.values() if name in kind.api_fields]
    return f"only {', '.join(types)} {'has' if len(types) == 1 else 'have'} it"


def deployed_models(node: Node) -> Node:
    """A provider's models, from its deployments if it names no others: those are what it has."""
    api = node.get("api")
    deployments = api.get("deployments") if api is not None else None
    if deployments is None or not deployments.is_mapping or node.get("models") is not None:
        return node
    names = tuple(child.with_value({"name": child.with_value(name)}) for name, child in deployments.fields.items())
    return node.with_fields({"models": deployments.with_value(names)})
