"""What a configuration says of a provider's API: fields that only some types have."""

from .choices import choose
from .kinds import KINDS, Kind
from .problems import Findings
from .spelling import inside
from .tree import EMPTY, Node

#: By what a gateway may be told to choose.
SORTS = ("price", "throughput", "latency")


def api_of(node: Node, kind: Kind, findings: Findings) -> Node:
    """The fields of `api`; one that the type does not have is an error."""
    for name, child in node.fields.items():
        if name not in kind.api_fields:
            wrong = child.fields.values() if name == "own" else (child,)
            refused = f"a provider of type {kind.name} has no such field; {_takers(name)}"
            findings.errors += [each.problem(refused) for each in wrong]
    for name, child in (node.fields.get("max_price") or EMPTY).fields.items():
        if isinstance(child.value, int | float) and child.value < 0:
            findings.errors.append(child.problem(f"{name} is {child.value}; a price is 0 or more"))
    node = inside(node, "sort", lambda child: choose(child, SORTS, findings))
    for name in ("betas", "fallback_models"):
        node = inside(node, name, _listed)
    return node


def _listed(node: Node) -> Node:
    """A list that is said in one text, with commas."""
    if not isinstance(node.value, str):
        return node
    return node.with_value(tuple(node.with_value(name.strip()) for name in node.value.split(",") if name.strip()))


def _takers(name: str) -> str:
    if name == "own":
        return "only servers with OpenAI's API have it"
    if name == "options":
        return "only types that a package brings may have it"
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
