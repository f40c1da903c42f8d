"""A consumer that takes nothing is noticed, and one that merely has nothing to take is not."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobSpec
from workfleet.workers.pool import stall as module
from workfleet.workers.pool.stall import LOOKS, StallWatch

LANE = "general.simple"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(redis_url) as client:
        yield client


class Watched:
    """A watch whose looks come at once. looks: how often it has looked; at_look: what happens before a look."""

    def __init__(self, client: AsyncClient, queues: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.0)
        self.queues, self.looks, self.stalled = queues, 0, False
        self.watch = StallWatch(client.redis, self._expected, self._on_stall)

    def _expected(self) -> list[str]:
        self.looks += 1
        return self.queues

    def _on_stall(self) -> None:
        self.stalled = True

    async def looked(self, times: int) -> None:
        """So often, unless it has stalled before."""
        working = asyncio.create_task(self.watch.watch())
        async with asyncio.timeout(20):
            while self.looks < times and not working.done():
                await asyncio.sleep(0)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def test_messages_that_nobody_takes_are_noticed_and_told(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.submit(JobSpec.from_prompt("hi", priority="batch"))
    watched = Watched(client, [LANE], monkeypatch)
    with capture_logs() as said:
        await watched.looked(LOOKS + 5)
    assert (watched.stalled, watched.looks) == (True, LOOKS)
    assert [(entry["event"], entry["waiting"]) for entry in said] == [("consumer.stalled", 1)]


@pytest.mark.parametrize("queues", [[], ["general.complex"]], ids=["no queue has to be served", "it is empty"])
async def test_a_pool_that_has_nothing_to_take_is_well(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, queues: list[str]
) -> None:
    await client.submit(JobSpec.from_prompt("hi"))
    watched = Watched(client, queues, monkeypatch)
    await watched.looked(LOOKS + 5)
    assert not watched.stalled


async def test_each_delivery_shows_that_it_is_well(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    await client.submit(JobSpec.from_prompt("hi"))
    watched = Watched(client, [LANE], monkeypatch)
    for _ in range(3):
        watched.looks = 0
        await watched.looked(LOOKS - 5)
        watched.watch.delivered()
    assert not watched.stalled
