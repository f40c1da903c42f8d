"""From a configuration in our words to settings: names resolved, defaults filled in, contradictions found."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, get_args

from pydantic import BeforeValidator, Field, SecretStr

from ...routing.directory import Mode, RetryPolicy, Strategy
from ...routing.lanes import TASK_TYPE_ALIASES, TASK_TYPES
from .addresses import split
from .agent_budgets import budgets_of
from .choices import choose, choose_strategy
from .companions import with_companions
from .complaints import validated
from .context import Context
from .fallbacks import linked
from .from_environment import Overridden
from .links import lacks_model
from .modes import under
from .part import Part
from .problems import Findings, did_you_mean, in_order
from .provider import ProviderSettings
from .providers import Shared, breaker_of, provider_of, timeouts_of
from .references import Providers, provider_named
from .routes import RouteMaker, never_is_none
from .schema import SYNC_MODELS_S, Settings, TaskTypeSettings
from .spelling import inside
from .traffic import task_types_of, traffic_of
from .tree import EMPTY, Missing, Node, missing, plain, pruned
from .usual_cost import usual_cost


def _words(value: object) -> object:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


class _Basics(Part):
    """The fields that stand for themselves."""

    redis_url: SecretStr | None = None
    mode: Mode = "any"
    strategy: Strategy = "priority"
    spill_after_s: float | None = Field(default=5.0, ge=0)
    sync_models_s: float | None = Field(default=SYNC_MODELS_S, ge=1)
    retry: RetryPolicy = RetryPolicy()
    debug: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()


def settings_of(said: Overridden, source: Path | None, context: Context) -> Settings:
    """The settings. If errors were found they are incomplete, and good only for having found all errors at once."""
    findings = context.findings
    node = with_companions(_whole(said.node, findings))
    basics = _basics(node, findings)
    task_types = task_types_of(node.get("task_types"), findings)
    known = _task_type_names(task_types)
    providers = _providers(node, known, context)
    limited = {name: under(basics.mode, provider) for name, provider in providers.items()}
    _warn_of_limits(providers, limited, node, findings)
    providers = limited
    maker = RouteMaker(
        providers,
        basics.mode,
        basics.strategy,
        basics.spill_after_s,
        findings,
        preferred=said.preferred,
        cost_of=lambda provider: usual_cost(provider, context.prices, context.at),
    )
    node, budgets = budgets_of(node, findings)
    traffic = traffic_of(node, known, maker)
    return Settings(
        source=source,
        redis_url=basics.redis_url,
        mode=basics.mode,
        strategy=basics.strategy,
        spill_after_s=basics.spill_after_s,
        sync_models_s=basics.sync_models_s,
        retry=basics.retry,
        providers=providers,
        routes=traffic.routes,
        lanes=traffic.lanes,
        agents=traffic.agents,
        users=traffic.users,
        budgets=budgets,
        task_types=task_types,
        debug=_debug(basics.debug, providers, node, findings),
        warnings=in_order(findings.warnings),
    )


def _whole(node: Node, findings: Findings) -> Node:
    """Without the blocks that are no mappings, which are errors."""
    for name in ("routes", "lanes", "agents", "users", "task_types"):
        block = node.get(name)
        if block is not None and not block.is_mapping:
            if block.value is not None:
                findings.errors.append(block.problem("must be a mapping of names to what they mean"))
            node = node.without([name])
    return node


def _basics(node: Node, findings: Findings) -> _Basics:
    fields = Node({name: node.fields[name] for name in _Basics.model_fields if name in node.fields})
    for lacking in missing(node.without(["providers"])):
        names = ", ".join(lacking.value.names) if isinstance(lacking.value, Missing) else ""
        lacks = f"not set: {names}; set it in the environment, or write ${{NAME:-default}}"
        findings.errors.append(lacking.problem(lacks))
    fields = pruned(fields)
    fields = inside(fields, "mode", lambda child: choose(child, get_args(Mode), findings))
    fields = inside(fields, "strategy", lambda child: choose_strategy(child, findings))
    for name in ("spill_after_s", "sync_models_s"):
        fields = inside(fields, name, never_is_none)
    redis_url = fields.get("redis_url")
    if redis_url is not None and isinstance(redis_url.value, str):
        fault = _fault_of_redis_url(redis_url.value)
        if fault is not None:
            findings.errors.append(redis_url.problem(fault))
    keeps_none = {"redis_url", "spill_after_s", "sync_models_s"}
    said = {name: value for name, value in plain(fields).items() if value is not None or name in keeps_none}
    return validated(_Basics, said, fields, findings) or _Basics()


def _fault_of_redis_url(url: str) -> str | None:
    """Why Redis can't be reached by it, None if it may be. The URL is not shown: it may hold a password."""
    try:
        parts = split(url)
    except ValueError as wrong:
        return f"is no URL: {wrong}"
    if parts.scheme not in ("redis", "rediss", "unix"):
        return "must begin with redis://, rediss:// or unix://"
    if parts.scheme != "unix" and not parts.hostname:
        return "needs a host, as in redis://localhost:6379/0"
    return None


def _task_type_names(added: Mapping[str, TaskTypeSettings]) -> dict[str, str]:
    """Every name and alias of a task type -> the task type."""
    names = {**{name: name for name in TASK_TYPES}, **TASK_TYPE_ALIASES}
    for name, settings in added.items():
        names.update(dict.fromkeys((name, *settings.aliases), name))
    return names


def _providers(node: Node, task_types: Mapping[str, str], context: Context) -> dict[str, ProviderSettings]:
    """All providers. One that is wrong is there in name, so that the routes that name it are not wrong as well."""
    nodes = node.get("providers") or EMPTY
    if not nodes.is_mapping and nodes.value is not None:
        context.findings.errors.append(nodes.problem("must be a mapping of providers by name, or a list of them"))
    timeouts_of(node.get("timeouts"), context)
    shared = Shared(node.get("timeouts"), breaker_of(node.get("breaker"), context), task_types, context)
    found = {name: provider_of(name, child, shared) for name, child in nodes.fields.items()}
    whole = {name: provider or ProviderSettings(name=name, type="unknown") for name, provider in found.items()}
    return linked(whole, nodes.fields, context.findings)


def _warn_of_limits(before: Providers, after: Providers, node: Node, findings: Findings) -> None:
    """What is configured, and yet gets no jobs."""
    nodes = (node.get("providers") or EMPTY).fields
    for name, provider in after.items():
        dropped = sorted(before[name].named_models() - provider.named_models())
        if provider.enabled and provider.unusable is not None:
            findings.warnings.append(nodes[name].problem(f"gets no jobs: {provider.unusable}"))
        elif provider.enabled and dropped:
            why = "tier free" if before[name].tier == "free" else "mode free_only"
            findings.warnings.append(nodes[name].problem(f"{why}: it is not asked for {', '.join(dropped)}"))
        elif provider.enabled and (leaving := _leaving(provider)):
            nowhere = f"mode offline: {', '.join(leaving)} gets no jobs, for it runs elsewhere"
            findings.warnings.append(nodes[name].problem(nowhere))
        elif provider.enabled and lacks_model(provider):
            only = "has no default_model, so only jobs that name a model come to it"
            findings.warnings.append(nodes[name].problem(only))


def _leaving(provider: ProviderSettings) -> list[str]:
    """Models that it may not be asked for, for their names say that they run elsewhere."""
    facts = provider.facts()
    return sorted(name for name in provider.named_models() if provider.stays and facts.runs_elsewhere(name))


def _debug(names: tuple[str, ...], providers: Providers, node: Node, findings: Findings) -> frozenset[str]:
    if {"*", "all", "1", "true"} & {name.lower() for name in names}:
        return frozenset(providers)
    chosen: set[str] = set()
    for name in names:
        provider = provider_named(name, providers)
        if provider is None:
            unknown = f"{name!r} is not among the configured providers{did_you_mean(name, providers)}"
            findings.warnings.append(node.fields["debug"].problem(unknown))
        else:
            chosen.add(provider.name)
    return frozenset(chosen)
