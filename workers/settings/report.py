"""What `fleet config validate` tells of a configuration, as plain data. No secret is in it."""

from dataclasses import asdict
from typing import Any

from ...routing.directory import Route
from .kinds import kind_of
from .problems import Problem, SettingsError
from .provider import ProviderSettings
from .schema import Settings


def report_of(settings: Settings) -> dict[str, Any]:
    """A configuration that loads."""
    return {
        "valid": True,
        "source": str(settings.source) if settings.source else None,
        "redis": "configured" if settings.redis_url else "embedded",
        "mode": settings.mode,
        "strategy": settings.strategy,
        "providers": [_provider(provider) for provider in settings.providers.values()],
        "routes": {name: _route(route) for name, route in settings.routes.items()},
        "lanes": dict(settings.lanes),
        "agents": dict(settings.agents),
        "users": dict(settings.users),
        "budgets": {agent: budget.model_dump(exclude_none=True) for agent, budget in settings.budgets.items()},
        "warnings": [_problem(warning) for warning in settings.warnings],
    }


def report_of_errors(failed: SettingsError) -> dict[str, Any]:
    """A configuration that does not."""
    source = str(failed.source) if failed.source else None
    return {"valid": False, "source": source, "errors": [_problem(problem) for problem in failed.problems]}


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "message": problem.message,
        "field": problem.field,
        "line": problem.line,
        "column": problem.column,
        "source": problem.source,
    }


def _provider(provider: ProviderSettings) -> dict[str, Any]:
    return {
        "name": provider.name,
        "type": provider.type,
        "enabled": provider.enabled,
        "usable": provider.usable,
        "why_not": why_not(provider),
        "tier": provider.tier,
        "priority": provider.priority,
        "endpoints": list(provider.base_urls),
        "key_found": provider.api_key is not None,
        "key_from": provider.key_source.name if provider.key_source else None,
        "default_model": provider.default_model,
        "models": sorted(provider.named_models()),
        "slots": provider.slots,
        "limits": provider.limits.model_dump(exclude_none=True, exclude_defaults=True),
        "breaker": asdict(provider.breaker_policy),
    }


def why_not(provider: ProviderSettings) -> str | None:
    """Why it gets no jobs, None if it does."""
    return provider.unusable if provider.enabled else "disabled"


def key_words(provider: ProviderSettings) -> str:
    """Whether a key was found and where, or what to set."""
    if provider.key_source is not None:
        return f"found in {provider.key_source.name or 'the configuration itself'}"
    kind = kind_of(provider.type)
    if kind is None or not kind.key_required:
        return "none needed"
    return f"missing; set {' or '.join(kind.key_variables)}"


def targets_of(route: Route) -> list[str]:
    """The chain as people write it."""
    return [str(link) for link in route.chain]


def _route(route: Route) -> dict[str, Any]:
    return {
        "strategy": route.strategy,
        "mode": route.mode,
        "spill_after_s": route.spill_after_s,
        "filtered": route.filtered,
        "chain": targets_of(route),
    }
