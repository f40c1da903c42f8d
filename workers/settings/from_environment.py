"""What the environment says over the file: Redis, mode, the provider that comes first, agents' models, debugging."""

from dataclasses import dataclass, replace

from .choices import truth
from .context import Context
from .forms import agent_models
from .forms.agent_models import first_then
from .interpolate import interpolate
from .kinds import kind_of, known_kinds
from .problems import Problem, did_you_mean
from .reader import read_file, read_text
from .spelling import field_named
from .tree import EMPTY, Node

#: A file, or the map itself.
_AGENT_MAPS = ("AGENT_MODELS_CONFIG", "FALLBACK_CONFIG")


@dataclass(frozen=True, slots=True)
class Overridden:
    """The configuration with what the environment says. preferred: the provider that comes first, if it names one."""

    node: Node
    preferred: str | None = None


def overridden(node: Node, context: Context) -> Overridden:
    """Variables win over the file. A provider that only they name is added; one that the file disables stays so."""
    for variable, field in (("FLEET_REDIS_URL", "redis_url"), ("FLEET_MODE", "mode"), ("LLM_DEBUG", "debug")):
        value = context.environment.get(variable)
        if value is not None:
            node = node.with_fields({field: Node(value, source=variable)})
    for variable in _AGENT_MAPS:
        node = _with_agents(node, variable, context)
    preferred = _preferred(node, context)
    if preferred is not None:
        node = _with_provider(node, preferred)
        node = _with_model(node, preferred, f"{preferred.upper().replace('-', '_')}_MODEL", context)
    return Overridden(_with_model(node, "groq", "GROQ_MODEL", context), preferred)


def _with_agents(node: Node, variable: str, context: Context) -> Node:
    """Agents of the map win over those of the file; of two maps, one's model leads the other's chain."""
    said = context.environment.variables.get(variable)
    if not said:
        return node
    if said.lstrip().startswith("{"):
        tree = read_text(said, variable)
    else:
        tree = read_file(context.environment.directory / said)
    tree = _from(interpolate(tree, context.environment.get, context.findings), variable if "{" in said else said)
    moved = agent_models(tree)
    agents = dict((node.get("agents") or EMPTY).fields)
    for name, child in moved.fields["agents"].fields.items():
        earlier = agents.get(name)
        agents[name] = first_then(earlier, child) if earlier is not None and earlier.source else child
    for block in ("timeouts", "retry"):
        for field, child in (moved.get(block) or EMPTY).fields.items():
            node = node.put((block, field), child)
    node = node.with_fields({"agents": replace(tree, value=agents)})
    return _with_named_providers(node, moved.fields["agents"], context)


def _from(node: Node, source: str) -> Node:
    """The same tree, of another source than the main file."""
    if node.is_mapping:
        node = node.with_value({name: _from(child, source) for name, child in node.fields.items()})
    elif node.items:
        node = node.with_value(tuple(_from(child, source) for child in node.items))
    return replace(node, source=source)


def _with_named_providers(node: Node, agents: Node, context: Context) -> Node:
    """Providers that a map names, that the file does not have, and whose key is there."""
    for child in agents.fields.values():
        for item in child.items or (child,):
            name = str(item.value).partition("/")[0]
            kind = kind_of(name)
            if kind is None or not kind.key_required or _configured(name, node) is not None:
                continue
            if any(context.environment.get(variable) for variable in kind.key_variables):
                node = _with_provider(node, name)
    return node


def _preferred(node: Node, context: Context) -> str | None:
    """The provider that MODEL_PROVIDER names, as the file calls it."""
    wanted = context.environment.get("MODEL_PROVIDER")
    if wanted is None:
        return None
    name = _configured(wanted, node)
    kind = kind_of(wanted)
    if name is None and kind is None:
        known = {*(node.get("providers") or EMPTY).fields, *known_kinds()}
        unknown = f"{wanted!r}: no such provider{did_you_mean(wanted, known)}"
        context.findings.errors.append(Problem(unknown, source="MODEL_PROVIDER"))
        return None
    settings = (node.get("providers") or EMPTY).get(name) if name else None
    if settings is not None and not truth(_enabled(settings), default=True):
        refused = f"{name!r} is disabled in the file; enable it there, or name another"
        context.findings.errors.append(Problem(refused, source="MODEL_PROVIDER"))
    return name or wanted.strip().lower()


def _enabled(settings: Node) -> Node | None:
    found = field_named(settings, "enabled")
    return found[1] if found else None


def _configured(name: str, node: Node) -> str | None:
    """The file's name of a provider that is named by name or by type."""
    providers = (node.get("providers") or EMPTY).fields
    if name in providers:
        return name
    kind = kind_of(name)
    for other, settings in providers.items():
        said = field_named(settings, "type") or field_named(settings, "provider")
        if kind is not None and kind_of(str(said[1].value) if said else other) == kind:
            return other
    return None


def _with_provider(node: Node, name: str) -> Node:
    providers = node.get("providers") or Node({})
    return node.with_fields({"providers": providers.default(name, Node({}, path=f"providers.{name}"))})


def _with_model(node: Node, provider: str, variable: str, context: Context) -> Node:
    model = context.environment.get(variable)
    name = _configured(provider, node)
    if model is None or name is None:
        return node
    providers = node.fields["providers"]
    settings = providers.fields[name]
    settings = settings if settings.is_mapping else settings.with_value({})
    spelled = field_named(settings, "default_model") or field_named(settings, "model")
    settings = settings.without([spelled[0]]) if spelled else settings
    chosen = settings.with_fields({"default_model": Node(model, source=variable)})
    return node.with_fields({"providers": providers.with_fields({name: chosen})})
