from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import httpx2
import pytest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from redis.exceptions import ConnectionError as RedisConnectionError

from workfleet.tasks.errors import ConfigurationError
from workfleet.workers.metrics.endpoint import MetricsEndpoint, Place


def own() -> Sequence[Metric]:
    return [GaugeMetricFamily("of_worker", "Its own.", 1)]


async def fleet() -> Sequence[Metric]:
    return [GaugeMetricFamily("of_fleet", "Everybody's.", 2)]


async def fleet_without_redis() -> Sequence[Metric]:
    raise RedisConnectionError("connection refused")


@asynccontextmanager
async def scraper(endpoint: MetricsEndpoint) -> AsyncGenerator[httpx2.AsyncClient]:
    await endpoint.open(Place(0))
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{endpoint.port}") as client:
            yield client
    finally:
        await endpoint.close()


async def test_the_workers_own_metrics_and_the_fleets_have_paths_of_their_own() -> None:
    async with scraper(MetricsEndpoint(own, fleet)) as client:
        answers = [await client.get(path) for path in ("/metrics", "/metrics/fleet", "/")]

    assert [(answer.status_code, answer.text.splitlines()[-1]) for answer in answers] == [
        (200, "of_worker 1.0"),
        (200, "of_fleet 2.0"),
        (404, "404: Not Found"),
    ]
    assert answers[0].headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_openmetrics_is_told_to_those_who_ask_for_it() -> None:
    async with scraper(MetricsEndpoint(own, fleet)) as client:
        answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


async def test_without_redis_the_worker_still_tells_of_itself() -> None:
    async with scraper(MetricsEndpoint(own, fleet_without_redis)) as client:
        answers = [await client.get(path) for path in ("/metrics/fleet", "/metrics")]

    assert [answer.status_code for answer in answers] == [503, 200]


async def test_a_port_that_is_taken_is_named_with_the_remedy() -> None:
    first, second = MetricsEndpoint(own, fleet), MetricsEndpoint(own, fleet)
    await first.open(Place(0))
    try:
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{first.port}: Address already in use; choose another"):
            await second.open(Place(first.port))
    finally:
        await first.close()
