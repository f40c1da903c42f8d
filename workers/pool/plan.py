"""What a worker process is to be, from its command line, the configuration, and what the fleet already knows."""

import socket
from collections.abc import Sequence

from pydantic import SecretStr

from ...routing.directory import Directory
from ...tasks.errors import ConfigurationError, UnknownName
from ..providers.registered import row_of, type_named
from ..providers.rows import ROWS
from ..settings.kinds import why_broken
from ..settings.provider import HOSTED_SLOTS, LOCAL_SLOTS, ProviderSettings
from ..settings.schema import Settings
from .runtime import PoolPlan


def plan_pool(
    settings: Settings,
    known: Directory,
    redis_url: SecretStr,
    *,
    provider: str,
    endpoints: Sequence[str] = (),
    slots: int | None = None,
    node: str | None = None,
    grace_s: float = 30.0,
    host: str | None = None,
    joins: bool = False,
) -> PoolPlan:
    """The plan of one pool.

    known: the directory in Redis, for a host without a configuration of its own. joins: that directory holds although
    there is one. Raises UnknownName, ConfigurationError.
    """
    configured = bool(settings.providers) and not joins
    chosen = _provider(settings, known, provider)
    if endpoints:
        chosen = chosen.model_copy(update={"base_urls": tuple(url.rstrip("/") for url in endpoints)})
    if slots is not None and not chosen.self_hosted:
        # The slots of a hosted provider are those of the whole fleet.
        chosen = chosen.model_copy(update={"slots": slots})
    if chosen.unusable is not None or not chosen.enabled:
        raise ConfigurationError(
            f"provider {provider!r} cannot run: {chosen.unusable or 'it is disabled in the configuration'}"
        )
    if not chosen.base_urls:
        raise ConfigurationError(f"provider {provider!r} has no address; give one with --endpoint or base_url")
    lines = chosen.endpoints()
    return PoolPlan(
        node=node or f"{chosen.name}@{host or socket.gethostname()}",
        provider=chosen,
        endpoints=lines,
        slots=slots or chosen.slots * (len(lines) if chosen.self_hosted else 1),
        directory=settings.directory() if configured else _with(known, chosen),
        configured=configured,
        redis_url=redis_url,
        grace_s=grace_s,
        task_types=settings.task_types,
    )


def _provider(settings: Settings, known: Directory, name: str) -> ProviderSettings:
    """As configured; else of the fleet's directory; else of the type of that name, with its defaults."""
    if name in settings.providers:
        return settings.providers[name]
    facts = known.providers.get(name)
    kind = type_named(facts.type if facts else name)
    if kind is None or (settings.providers and facts is None):
        if facts is not None:
            unknown = f"provider {name!r} is of type {facts.type!r}, which is not known here"
            raise ConfigurationError(f"{unknown}; install the package that brings it")
        raise UnknownName("provider", name, {*settings.providers, *known.providers} or ROWS)
    if (broken := why_broken(kind)) is not None:
        raise ConfigurationError(broken)
    row = row_of(kind)
    return ProviderSettings(
        name=name,
        type=kind,
        tier=row.tier,
        base_urls=(row.base_url,) if row.base_url else (),
        slots=LOCAL_SLOTS if row.self_hosted else HOSTED_SLOTS,
        default_model=facts.default_model if facts else None,
        stays=facts is not None and facts.stays,
        only_free=facts is not None and facts.only_free,
        model_overrides=dict(facts.model_overrides) if facts else {},
    )


def _with(known: Directory, provider: ProviderSettings) -> Directory:
    """The fleet's directory, and this provider in it."""
    if provider.name in known.providers:
        return known
    return known.model_copy(update={"providers": {**known.providers, provider.name: provider.facts()}})
