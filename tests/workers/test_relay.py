"""What a relay says, and what it keeps to itself; how it is read is in `tests/tasks/test_stream.py`."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from workfleet.routing.lanes import Priority
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import Job, JobState
from workfleet.workers import relay as module
from workfleet.workers.providers.dialect import Delta
from workfleet.workers.relay import Relay

JOB = Job("id", JobState.RUNNING, "general", "general.simple", Priority.BATCH, 2, "me", 0.0, 1.0, "general.simple")


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(redis_url) as client:
        yield client


async def said(client: AsyncClient) -> list[str]:
    return [fields[b"t"].decode() for _, fields in await client.redis.xrange("wf:stream:id")]


async def test_what_comes_quickly_is_said_at_once(client: AsyncClient) -> None:
    relay = Relay(client.store, JOB)
    for word in ("a", "b", "c"):
        await relay.take(Delta(text=word))
    await relay.close()
    assert await said(client) == ["abc"]


async def test_who_has_lost_the_job_says_nothing_more(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GATHER_S", 0.0)
    relay = Relay(client.store, JOB)
    await relay.take(Delta(text="before"))
    async with asyncio.timeout(10):
        while not await said(client):
            await asyncio.sleep(0)
    await relay.take(Delta(text="after"))
    relay.drop()
    await asyncio.gather(
        *(task for task in asyncio.all_tasks() if task is not asyncio.current_task()), return_exceptions=True
    )
    assert await said(client) == ["before"]
