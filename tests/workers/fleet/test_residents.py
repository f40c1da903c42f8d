"""Nodes that are dead or on their way out are not counted on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.fleet_state import STOPPING, NodeReport
from workfleet.workers.fleet.residents import residents


@asynccontextmanager
async def reporting(client: AsyncClient, node: NodeReport) -> AsyncGenerator[asyncio.Task[None]]:
    """A node that says how it stands again and again."""

    async def report() -> None:
        while True:
            await client.fleet.report(node)
            await asyncio.sleep(0.02)

    await client.fleet.report(node)
    task = asyncio.create_task(report())
    try:
        yield task
    finally:
        task.cancel()


async def test_a_node_that_goes_on_reporting_is_counted_on(redis_url: str) -> None:
    async with AsyncClient(redis_url) as client, reporting(client, NodeReport(node="a@x", provider="a")):
        assert [node.node for node in await residents(client)] == ["a@x"]


async def test_a_node_that_was_killed_is_not_though_it_is_still_listed(redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        await client.fleet.report(NodeReport(node="a@x", provider="a"))
        assert [node.node for node in (await client.snapshot()).living] == ["a@x"]
        assert await residents(client) == []


async def test_a_node_that_is_stopping_is_not_counted_on(redis_url: str) -> None:
    stopping = NodeReport(node="a@x", provider="a", unavailable=STOPPING)
    async with AsyncClient(redis_url) as client, reporting(client, stopping):
        assert await residents(client) == []


async def test_a_stopping_node_of_one_of_our_names_is_waited_for(redis_url: str) -> None:
    stopping = NodeReport(node="a@x", provider="a", unavailable=STOPPING)
    async with AsyncClient(redis_url) as client, reporting(client, stopping) as node:
        waiting = asyncio.create_task(residents(client, ours={"a@x"}))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asyncio.shield(waiting)
        node.cancel()
        await client.fleet.leave("a@x")
        assert await waiting == []


async def test_waiting_has_a_bound(redis_url: str) -> None:
    stopping = NodeReport(node="a@x", provider="a", unavailable=STOPPING)
    async with AsyncClient(redis_url) as client, reporting(client, stopping):
        assert await residents(client, ours={"a@x"}, within_s=0.1) == []


async def test_an_empty_fleet_is_seen_at_once(redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        assert await residents(client, within_s=0.0) == []
