"""Settings as a `fleet.yaml` that loads to the same settings, without their secrets."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

import yaml

from ...routing.control import AGENTS_OWN, LANES_OWN, USERS_OWN
from ...routing.directory import ChainLink, RetryPolicy, Route
from ..providers.endpoint import Api
from ..redaction import passwords_in
from .kinds import HOSTED_TIMEOUTS, LOCAL_TIMEOUTS, kind_of
from .links import with_roles
from .modes import is_free_anyway
from .provider import HealthCheck, KeySource, ModelSettings, ProviderSettings
from .schema import SYNC_MODELS_S, Settings

#: Routes that were made for one agent or one lane; they are shown where they are used.
_OWN = (AGENTS_OWN, LANES_OWN, USERS_OWN)


def as_yaml(settings: Settings) -> str:
    """The text. Keys are variables or files; one that stood in the file itself becomes its type's variable."""
    text: str = yaml.safe_dump(as_mapping(settings), sort_keys=False, allow_unicode=True, width=120)
    return text


def as_mapping(settings: Settings) -> dict[str, Any]:
    """The fields of `fleet.yaml`; those that say what holds anyway are left out."""
    fields: dict[str, Any] = {
        "redis_url": _redis_url(settings),
        "mode": settings.mode,
        "strategy": settings.strategy,
        "spill_after_s": _seconds(settings.spill_after_s),
        "sync_models_s": None if settings.sync_models_s == SYNC_MODELS_S else _seconds(settings.sync_models_s),
        "retry": settings.retry.model_dump() if settings.retry != RetryPolicy() else None,
        "providers": {name: _provider(provider) for name, provider in settings.providers.items()},
        "routes": {name: _route(route, settings) for name, route in settings.routes.items() if _is_said(route)},
        "lanes": {lane: _taken(route, settings) for lane, route in settings.lanes.items()},
        "agents": {agent: _agent(agent, settings) for agent in sorted({*settings.agents, *settings.budgets})},
        "users": {user: _taken(route, settings) for user, route in settings.users.items()},
        "task_types": {
            name: _filled(extra.model_dump(mode="json", exclude_none=True)) or None
            for name, extra in settings.task_types.items()
        },
        "debug": sorted(settings.debug),
    }
    return _filled(fields)


def _seconds(limit_s: float | None) -> float | str:
    return "never" if limit_s is None else limit_s


def _is_said(route: Route) -> bool:
    """The default route has no targets if nothing can be used; that says itself."""
    return bool(route.chain) and not route.name.startswith(_OWN)


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, {}, [], ())}


def _redis_url(settings: Settings) -> str | None:
    if settings.redis_url is None:
        return None
    url = settings.redis_url.get_secret_value()
    return "${FLEET_REDIS_URL}" if passwords_in(url) else url


def _provider(provider: ProviderSettings) -> dict[str, Any]:
    usual = LOCAL_TIMEOUTS if provider.tier == "local" else HOSTED_TIMEOUTS
    timeouts = asdict(provider.timeouts)
    health = provider.health_check
    return _filled(
        {
            "type": provider.type if provider.type != provider.name else None,
            "enabled": None if provider.enabled else False,
            "priority": provider.priority,
            "tier": provider.tier,
            "base_urls": list(provider.base_urls),
            **_key(provider),
            "headers": {name: f"${{{_variable(provider, name)}}}" for name in provider.headers},
            "default_model": provider.default_model,
            "model_overrides": dict(provider.model_overrides),
            "models": [_model(model, provider) for model in provider.models],
            "slots": provider.slots,
            "limits": provider.limits.model_dump(exclude_none=True, exclude_defaults=True),
            "prices": provider.prices.model_dump(exclude_none=True),
            "health_check": health.model_dump() if health != HealthCheck() else None,
            "breaker": provider.breaker.said(),
            "fallback_provider": provider.fallback_provider,
            "timeouts": {
                name: value
                for name, value in timeouts.items()
                if value != getattr(usual, name) or name in provider.said_timeouts
            },
            "api": _api(provider.api),
            "capabilities": sorted(provider.capabilities) if provider.capabilities is not None else None,
            "runner": _runner(provider),
            "memory_gb": provider.memory_gb,
            "measure_first_token": provider.measure_first_token or None,
        }
    )


def _api(api: Api) -> dict[str, Any]:
    fields: dict[str, Any] = {
        **asdict(api),
        "betas": list(api.betas),
        "fallback_models": list(api.fallback_models),
        "max_price": dict(api.max_price),
        "deployments": dict(api.deployments),
        "options": dict(api.options),
    }
    own = {name: value for name, value in asdict(api.own).items() if value is not None}
    del fields["own"]
    return {name: value for name, value in fields.items() if value and value != getattr(Api(), name)} | own


def _runner(provider: ProviderSettings) -> dict[str, Any] | None:
    return (
        provider.runner.model_dump(mode="json", exclude_none=True, exclude_defaults=True) if provider.runner else None
    )


def _key(provider: ProviderSettings) -> dict[str, str]:
    source = provider.key_source or KeySource(kind="literal")
    if provider.api_key is None:
        return {}
    if source.kind == "file":
        return {"api_key_file": source.name or ""}
    kind = kind_of(provider.type)
    own = kind.key_variables[0] if kind and kind.key_variables else _variable(provider, "api_key")
    return {"api_key": f"${{{source.name or own}}}"}


def _variable(provider: ProviderSettings, name: str) -> str:
    """A variable for a secret that has none."""
    return "".join(letter if letter.isalnum() else "_" for letter in f"{provider.name}_{name}").upper()


def _model(model: ModelSettings, provider: ProviderSettings) -> str | dict[str, Any]:
    fields = model.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    if is_free_anyway(provider, model.name):
        fields.pop("free", None)
    for name in {"capabilities", "strengths"} & set(fields):
        fields[name] = sorted(fields[name])
    return model.name if set(fields) == {"name"} else fields


def _agent(agent: str, settings: Settings) -> Any:
    """Its route alone where it has no budget."""
    route, budget = settings.agents.get(agent), settings.budgets.get(agent)
    taken = None if route is None else _taken(route, settings)
    if budget is None:
        return taken
    own: dict[str, Any] = {"budget": budget.model_dump(exclude_none=True, exclude_defaults=True)}
    if isinstance(taken, dict):
        return {**cast("dict[str, Any]", taken), **own}
    said = {} if route is None else {"route" if isinstance(taken, str) else "chain": taken}
    return {**said, **own}


def _taken(route: str, settings: Settings) -> Any:
    return _route(settings.routes[route], settings) if route.startswith(_OWN) else route


def _route(route: Route, settings: Settings) -> Any:
    """A list of targets where that says everything."""
    unlike = {
        name: getattr(route, name) for name in ("strategy", "mode") if getattr(route, name) != getattr(settings, name)
    }
    if route.spill_after_s != settings.spill_after_s:
        unlike["spill_after_s"] = _seconds(route.spill_after_s)
    if route.filtered != "one_more":
        unlike["filtered"] = route.filtered
    chain = [_link(link, place, route) for place, link in enumerate(route.chain)]
    return {"chain": chain, **unlike} if unlike else chain


def _link(link: ChainLink, place: int, route: Route) -> Any:
    target = str(link)
    usual = with_roles([each.model_copy(update={"role": None}) for each in route.chain])[place].role
    unlike: dict[str, Any] = {}
    if link.priority != place + 1:
        unlike["priority"] = link.priority
    if link.role not in (None, usual):
        unlike["role"] = link.role
    return {"target": target, **unlike} if unlike else target
