"""Telling people of what takes no calls any more, and of what takes them again."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Standing:
    """why_not: why a provider takes no calls, None if it does. models: those that take none by themselves, and why."""

    why_not: str | None
    models: Mapping[str, str]


def told(provider: str, endpoint: str, before: Standing, after: Standing) -> bool:
    """Whether anything is different now, which is logged. endpoint: what it came from."""
    if before.why_not != after.why_not:
        facts = {"provider": provider, "endpoint": endpoint, "unavailable": after.why_not}
        if after.why_not is None:
            log.info("provider.changed", **facts)
        else:
            log.warning("provider.changed", **facts)
    for model in before.models.keys() | after.models.keys():
        if before.models.get(model) != (why := after.models.get(model)):
            facts = {"target": f"{provider}/{model}", "unavailable": why}
            if why is None:
                log.info("target.changed", **facts)
            else:
                log.warning("target.changed", **facts)
    return before != after
