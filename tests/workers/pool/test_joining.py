"""A configuration comes to a Redis where pools run."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from workfleet.routing.directory import ChainLink, Directory, ProviderFacts, Route
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import ConfigurationError
from workfleet.tasks.fleet_state import NodeReport
from workfleet.workers.fleet.running import FleetOptions, log_files, running_fleet
from workfleet.workers.pool.joining import refuse_another_fleets, tell_replaced
from workfleet.workers.settings.provider import ProviderSettings
from workfleet.workers.settings.schema import Settings


def through(*providers: str) -> Directory:
    chain = tuple(ChainLink(provider=each) for each in providers)
    facts = {name: ProviderFacts(name=name, type="vllm") for name in providers}
    return Directory(providers=facts, routes={"default": Route(name="default", chain=chain)})


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    """Of a fleet whose pools know the providers a and b."""
    async with AsyncClient(redis_url) as client:
        await client.fleet.publish_directory(through("a", "b"))
        yield client


@pytest.fixture
async def running(client: AsyncClient) -> AsyncIterator[AsyncClient]:
    """The same, while the pool a@x goes on reporting."""

    async def report() -> None:
        while True:
            await client.fleet.report(NodeReport(node="a@x", provider="a"))
            await asyncio.sleep(0.02)

    await client.fleet.report(NodeReport(node="a@x", provider="a"))
    reporting = asyncio.create_task(report())
    yield client
    reporting.cancel()


async def test_another_fleets_is_refused_by_name_with_what_can_be_done(running: AsyncClient) -> None:
    with pytest.raises(ConfigurationError) as refused:
        await refuse_another_fleets(running, through("c", "d"), source="other.yaml")
    said = str(refused.value)
    assert said.startswith("another fleet runs on redis://127.0.0.1:")
    assert "(a@x), and none of its routes leads to a provider of other.yaml (c, d)" in said
    assert "another FLEET_STATE" in said
    assert "`fleet worker --join`" in said


async def test_a_whole_fleet_of_it_is_refused_before_anything_is_started(running: AsyncClient, tmp_path: Path) -> None:
    other = ProviderSettings(name="c", type="vllm", base_urls=("http://127.0.0.1:9",), default_model="m")
    settings = Settings(redis_url=running.redis_url, providers={"c": other}, routes=through("c").routes)
    with pytest.raises(ConfigurationError, match=r"^another fleet runs on .* of the environment \(c\), which would"):
        async with running_fleet(settings, FleetOptions(tmp_path, log_files(tmp_path))):
            pass
    assert list(tmp_path.iterdir()) == []


async def test_one_with_a_provider_in_common_is_welcome(running: AsyncClient) -> None:
    await refuse_another_fleets(running, through("b", "c"), source="fleet.yaml")


async def test_where_no_pool_runs_any_more_another_fleet_may_begin(client: AsyncClient) -> None:
    await client.fleet.report(NodeReport(node="a@x", provider="a"))  # its last word
    await refuse_another_fleets(client, through("c"), source="other.yaml")


async def test_what_becomes_otherwise_for_pools_that_run_is_told(running: AsyncClient) -> None:
    with capture_logs() as logs:
        await tell_replaced(running, through("b"), source="fleet.yaml", node="b@y")
    assert logs == [
        {
            "event": "directory.replaced",
            "log_level": "warning",
            "changed": "route default",
            "source": "fleet.yaml",
            "pools": "a@x",
        }
    ]


async def test_nothing_is_told_of_the_same_configuration_or_of_what_was_changed_by_hand(running: AsyncClient) -> None:
    await running.fleet.controls.set_route("default", Route(name="default", chain=(ChainLink(provider="b"),)))
    await running.fleet.controls.set_provider("a", {"priority": 1})
    with capture_logs() as logs:
        await tell_replaced(running, through("a", "b"), source="fleet.yaml", node="b@y")
    assert logs == []


async def test_nobody_is_told_of_a_change_that_concerns_no_other_pool(running: AsyncClient) -> None:
    with capture_logs() as logs:
        await tell_replaced(running, through("b"), source="fleet.yaml", node="a@x")
    assert logs == []
