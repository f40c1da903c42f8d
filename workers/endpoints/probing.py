"""A pool's look at its provider: whether servers that are out are back, and whether those that seem well are."""

import asyncio
from contextlib import suppress

import structlog

from ...routing.action import RULES
from ..providers.endpoint import AttemptFailed
from ..registry.discovery import choosable
from .line import Line
from .upstream import Upstream

log = structlog.get_logger()


async def probe(upstream: Upstream) -> None:
    """Ask each endpoint that is out whether it is back: a health check, never a paid call."""
    now, lines = upstream.clock(), upstream.lines
    wanting = [line for line in lines if line.availability.wants_probe(now=now) or _is_due(upstream, line, now)]
    await asyncio.gather(*(_probe(upstream, line) for line in wanting))
    await asyncio.gather(*(_hear_load(upstream, line) for line in lines if line.tells_load))
    await asyncio.gather(*(_hear_memory(upstream, line) for line in lines))
    if not upstream.models and upstream.provider.default_choice() is None and upstream.why_not() is None:
        # Jobs may come that name no model, and somebody may give the server one at any time.
        await _learn_models(upstream, upstream.least_busy())


async def _hear_load(upstream: Upstream, line: Line) -> None:
    well, timeout_s = line.availability.why_not(now=upstream.clock()) is None, upstream.provider.health_check.timeout_s
    load = await upstream.sender.load(line.endpoint, timeout_s=timeout_s) if well else None
    line.hear_load(load, now=upstream.clock())


async def _hear_memory(upstream: Upstream, line: Line) -> None:
    if line.residents is None or line.availability.why_not(now=upstream.clock()) is not None:
        return
    with suppress(AttemptFailed):  # what was known holds
        found, files = await upstream.sender.memory(line.endpoint, upstream.provider.health_check.timeout_s)
        with upstream.observing(line):
            line.residents.heard(found, files, now=upstream.clock())


def _is_due(upstream: Upstream, line: Line, now: float) -> bool:
    """Whether a server that seems well is to be looked at: at every interval, and at once again if it was not."""
    check = upstream.provider.health_check
    if not check.enabled or line.availability.why_not(now=now) is not None:
        return False
    return line.ailing or now - line.checked_at >= check.interval_s


async def _probe(upstream: Upstream, line: Line) -> None:
    problem = refused = None
    check = upstream.provider.health_check
    if check.enabled:
        health = await upstream.sender.health(line.endpoint, timeout_s=check.timeout_s)
        problem, refused = line.checked(health, now=upstream.clock()), health.refused
        if problem is None and refused is None and check.ping:
            problem = await _ping(upstream, line)
    if problem is None and not upstream.models:
        await _learn_models(upstream, line)
    with upstream.observing(line):
        if refused is None:
            line.availability.probed(problem, now=upstream.clock())
        else:
            line.availability.refused(refused, now=upstream.clock())


async def _ping(upstream: Upstream, line: Line) -> str | None:
    """What is wrong with the model that jobs mostly want, None if it gives a token or is not asked for one.

    It is asked only where that stands in nobody's way: while no call is under way, for calls tell more, and only if it
    is loaded. The first look at a server is to be short.
    """
    model = upstream.provider.default_choice() or next(iter(upstream.models), None)
    idle = line.busy == 0 and (line.load is None or line.load.running + line.load.waiting == 0)
    if model is None or not idle or line.availability.unreached is not None or not upstream.provider.keeps(model):
        return None
    timeout_s = upstream.provider.health_check.timeout_s
    try:
        if await upstream.sender.resident(line.endpoint, model, timeout_s):
            await upstream.sender.ping(line.endpoint, model, timeout_s)
    except AttemptFailed as failed:
        facts = {"provider": upstream.provider.name, "endpoint": line.endpoint.base_url, "model": model}
        log.warning("ping.failed", **facts, error=str(failed.failure))
        # A refusal says nothing of the server's health.
        line.ailing = RULES[failed.failure.fault].breaks
        return f"{model} gives no token: {failed.failure}" if line.ailing else None
    return None


async def _learn_models(upstream: Upstream, line: Line) -> None:
    try:
        listed = await upstream.sender.models(line.endpoint, timeout_s=upstream.provider.health_check.timeout_s)
    except AttemptFailed as failed:
        log.info("models.not_listed", provider=upstream.provider.name, error=str(failed.failure))
        return
    upstream.models = choosable(upstream.provider, listed)
