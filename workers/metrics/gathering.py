"""Reads from Redis what the whole fleet's metrics are made of. Errors of Redis pass through as they are."""

from collections.abc import Iterable

from prometheus_client.metrics_core import Metric
from redis.asyncio import Redis

from ...tasks.status import read_status
from ...tasks.usage_books import UsageBooks
from ..limits.books import LimitBooks
from ..limits.standing import standings
from ..settings.provider import ProviderSettings
from . import fleet


async def fleet_metrics(
    redis: Redis, *, namespace: str = "wf", providers: Iterable[ProviderSettings] = ()
) -> list[Metric]:
    """providers: those whose limits are told, too."""
    status = await read_status(redis, namespace=namespace)
    totals = await UsageBooks(redis, namespace=namespace).totals()
    found = await standings(LimitBooks(redis, namespace=namespace), providers)
    return [*fleet.families(status, totals), fleet.limits(found)]
