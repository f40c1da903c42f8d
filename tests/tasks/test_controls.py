"""Changes by hand are kept in Redis, heard at once, and taken back."""

from collections.abc import AsyncIterator

import pytest

from workfleet.routing.control import AgentControl, Control, ProviderControl
from workfleet.routing.directory import ChainLink, Directory, ProviderFacts, Route
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.fleet_state import FleetState

ROUTE = Route(name="default", chain=(ChainLink(provider="a|b", model="m"),), spill_after_s=None)


@pytest.fixture
async def fleet(redis_url: str) -> AsyncIterator[FleetState]:
    async with AsyncClient(redis_url) as client:
        yield client.fleet


async def test_settings_are_changed_one_by_one_and_taken_back(fleet: FleetState) -> None:
    await fleet.controls.set_provider("a|b", {"slots": 3, "switch": "draining"})
    await fleet.controls.set_provider("a|b", {"priority": 2})
    assert (await fleet.controls.read()).of("a|b") == ProviderControl(switch="draining", slots=3, priority=2)
    await fleet.controls.set_provider("a|b", {"slots": None, "switch": None})
    assert (await fleet.controls.read()).of("a|b") == ProviderControl(priority=2)


async def test_budgets_of_agents_are_changed_one_by_one_and_taken_back(fleet: FleetState) -> None:
    await fleet.controls.set_agent("a|b", {"usd_per_day": 1.5})
    await fleet.controls.set_agent("a|b", {"usd_per_month": 20})
    assert (await fleet.controls.read()).agents == {"a|b": AgentControl(usd_per_day=1.5, usd_per_month=20)}
    await fleet.controls.set_agent("a|b", {"usd_per_day": None, "usd_per_month": None})
    assert await fleet.controls.read() == Control()


async def test_routes_are_changed_and_taken_back(fleet: FleetState) -> None:
    await fleet.controls.set_route("default", ROUTE)
    assert (await fleet.controls.read()).routes == {"default": ROUTE}
    await fleet.controls.set_route("default", None)
    assert await fleet.controls.read() == Control(versions={"default": 2})


async def test_the_directory_is_read_with_what_was_changed(fleet: FleetState) -> None:
    configured = Directory(providers={"a": ProviderFacts(name="a", type="vllm")})
    await fleet.controls.set_provider("a", {"switch": "disabled"})
    published = await fleet.publish_directory(configured)
    read = await fleet.directory()
    assert read == published
    assert read is not None
    assert not read.providers["a"].enabled
    assert await fleet.published() == configured
    await fleet.controls.set_provider("a", {"switch": None})
    assert await fleet.directory() == configured


async def test_a_change_wakes_every_node(fleet: FleetState) -> None:
    async with fleet.redis.pubsub() as news:
        await news.subscribe("wf:wake")
        await news.get_message(timeout=5)
        for change in (
            fleet.controls.set_provider("a", {"slots": 1}),
            fleet.controls.set_route("default", ROUTE),
            fleet.controls.forget_failures("a"),
        ):
            await change
            assert (await news.get_message(timeout=5))["type"] == "message"


async def test_what_a_newer_version_has_written_stops_nobody(fleet: FleetState) -> None:
    await fleet.redis.hset("wf:control", "provider|a|switch", "exploded")
    await fleet.redis.hset("wf:control", "provider|b|colour", "red")
    await fleet.redis.hset("wf:control", "route|default", "{}")
    await fleet.redis.hset("wf:control", "else", "1")
    assert await fleet.controls.read() == Control(providers={"b": ProviderControl()})
