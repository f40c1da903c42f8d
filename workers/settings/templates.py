"""`agent_default`: a chain of four stages, each a role that the providers at hand fill.

primary: the agent's own model, else the first target of the default route. secondary: the cheapest other target whose
price is known. tertiary: Groq, which answers fastest. final: OpenAI's GPT-4.1, the reliable baseline, also through a
gateway. A configuration may name any of the stages itself.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from .links import lacks_model
from .problems import Findings, did_you_mean
from .provider import ProviderSettings
from .references import Providers, Reference, resolve
from .tree import Node

AGENT_DEFAULT = "agent_default"
STAGES = ("primary", "secondary", "tertiary", "final")

_BASELINE = "openai/gpt-4.1"

#: USD for a million tokens of input and as many of output at the model that a provider uses; None is unknown.
CostOf = Callable[[ProviderSettings], float | None]


def is_template(node: Node | None) -> bool:
    """Whether a route is said by a template: by its name alone, or by a mapping that has it."""
    return node is not None and (node.value == AGENT_DEFAULT or node.get("template") is not None)


def with_primary(template: Node, target: Node) -> Node:
    """The same template with an agent's own model as its first stage."""
    fields = template if template.is_mapping else template.with_value({"template": template})
    return fields.with_fields({"primary": target})


def staged(node: Node, providers: Providers, first: str | None, cost_of: CostOf, findings: Findings) -> Node:
    """The route with its stages as a chain. first: who is the primary if nobody says. A stage that nobody can fill is
    left out with a warning.
    """
    fields = node if node.is_mapping else node.with_value({"template": node})
    name = fields.fields["template"]
    if name.value != AGENT_DEFAULT:
        wrong = f"{name.value!r} is no template{did_you_mean(str(name.value), [AGENT_DEFAULT])}"
        findings.errors.append(name.problem(wrong))
    if (chain := fields.get("chain")) is not None:
        findings.errors.append(chain.problem("stands beside a template, which makes the chain; remove one of them"))
    said = {stage: child for stage in STAGES if (child := fields.get(stage)) is not None and child.value is not None}
    chosen = _filled({stage: str(child.value) for stage, child in said.items()}, providers, first, cost_of)
    for stage in STAGES:
        if stage not in chosen:
            lacks = f"{AGENT_DEFAULT} has no {stage}: {_WHY_NOT[stage]}; name one as `{stage}:`"
            findings.warnings.append(fields.problem(lacks))
    links = _links(fields, said, chosen)
    return fields.without(["template", *STAGES]).with_fields({"chain": fields.with_value(tuple(links))})


def without_stages(node: Node, findings: Findings) -> Node:
    """The same route, which no template says: stages have no place in it."""
    for stage in STAGES:
        if (child := node.get(stage)) is not None:
            findings.errors.append(child.problem(f"is a stage of a template; add `template: {AGENT_DEFAULT}`"))
    return node.without(STAGES) if node.is_mapping else node


_WHY_NOT = {
    "primary": "no provider can be used",
    "secondary": "of no other provider that can be used is the price known",
    "tertiary": "no provider of type groq can be used",
    "final": f"neither OpenAI nor a gateway can be used for {_BASELINE}",
}


def _filled(said: Mapping[str, str], providers: Providers, first: str | None, cost_of: CostOf) -> dict[str, str]:
    """Stage -> target. The secondary comes last, since it is none of the others."""
    chosen = dict(said)
    if first is not None:
        chosen.setdefault("primary", first)
    if (fast := next((each for each in _usable(providers) if each.type == "groq"), None)) is not None:
        chosen.setdefault("tertiary", fast.name)
    if (baseline := _baseline(providers)) is not None:
        chosen.setdefault("final", baseline)
    if (cheapest := _cheapest(providers, chosen.values(), cost_of)) is not None:
        chosen.setdefault("secondary", cheapest)
    return chosen


def _links(fields: Node, said: Mapping[str, Node], chosen: Mapping[str, str]) -> Iterator[Node]:
    """One link a stage; a target that fills two of them keeps the role of the first."""
    seen: set[str] = set()
    for stage in STAGES:
        target = chosen.get(stage)
        if target is not None and target not in seen:
            seen.add(target)
            place = said.get(stage, fields)
            link = {"target": place.with_value(target), "role": fields.with_value(stage)}
            yield place.with_value(link)


def _usable(providers: Providers) -> list[ProviderSettings]:
    """Those that get jobs without naming a model, in order of priority."""
    usable = (each for each in providers.values() if each.usable and not lacks_model(each))
    return sorted(usable, key=lambda each: each.priority)


def _baseline(providers: Providers) -> str | None:
    """GPT-4.1 at OpenAI itself, else at who offers other vendors' models."""
    usable = {name: each for name, each in providers.items() if each.usable}
    found = resolve(_BASELINE, usable)
    return f"{found.provider.name}/{found.model}" if isinstance(found, Reference) else None


def _cheapest(providers: Providers, others: Collection[str], cost_of: CostOf) -> str | None:
    """The provider of none of the other stages that costs least; of equal ones that of the best priority."""
    taken = {_provider_of(target, providers) for target in others}
    costs = {each.name: cost_of(each) for each in _usable(providers) if each.name not in taken}
    known = {name: cost for name, cost in costs.items() if cost is not None}
    return min(known, key=lambda name: known[name]) if known else None


def _provider_of(target: str, providers: Providers) -> str:
    found = resolve(target, providers)
    return found.provider.name if isinstance(found, Reference) else ""
