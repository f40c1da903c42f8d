"""What a relay says, and what it keeps to itself; how it is read is in `tests/tasks/test_stream.py`."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import Job, JobSpec
from workfleet.tasks.store import Claimed, Store
from workfleet.workers.attempts import relay as module
from workfleet.workers.attempts.relay import Relay
from workfleet.workers.providers.dialect import Delta


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(redis_url) as client:
        yield client


async def running(client: AsyncClient) -> Job:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    claimed = await client.store.claim(job_id, owner="one@host", lease_s=0)
    assert isinstance(claimed, Claimed)
    return claimed.job


async def said(client: AsyncClient, job: Job) -> list[str]:
    return [fields[b"t"].decode() for _, fields in await client.redis.xrange(f"wf:stream:{job.id}")]


async def test_what_comes_quickly_is_said_at_once(client: AsyncClient) -> None:
    relay = Relay(client.store, job := await running(client))
    for word in ("a", "b", "c"):
        await relay.take(Delta(text=word))
    await relay.close()
    assert await said(client, job) == ["abc"]


async def test_what_comes_while_it_writes_waits_for_nothing(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_S", 0.0)
    relay = Relay(client.store, job := await running(client))
    await relay.take(Delta(text="a"))
    say = client.store.say

    async def interrupted(_: Store, job: Job, pieces: Sequence[tuple[str, str, int]]) -> bool:
        monkeypatch.undo()
        await relay.take(Delta(text="b"))
        return await say(job, pieces)

    monkeypatch.setattr(Store, "say", interrupted)
    async with asyncio.timeout(10):
        while await said(client, job) != ["a", "b"]:
            await asyncio.sleep(0)
    await relay.close()


async def test_who_knows_that_the_job_is_lost_says_nothing_more(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_S", 0.0)
    relay = Relay(client.store, job := await running(client))
    await relay.take(Delta(text="before"))
    async with asyncio.timeout(10):
        while not await said(client, job):
            await asyncio.sleep(0)
    await relay.take(Delta(text="after"))
    relay.drop()
    await asyncio.gather(
        *(task for task in asyncio.all_tasks() if task is not asyncio.current_task()), return_exceptions=True
    )
    assert await said(client, job) == ["before"]


async def test_who_does_not_know_it_yet_is_not_heard_any_more(client: AsyncClient) -> None:
    relay = Relay(client.store, job := await running(client))
    assert (await client.store.rescue()).rescued == [job.id]
    await relay.take(Delta(text="from a worker that was frozen"))
    await relay.close()
    assert await said(client, job) == []


async def test_pieces_that_cannot_be_written_cost_no_answer(client: AsyncClient) -> None:
    relay = Relay(client.store, job := await running(client))
    await client.redis.set(f"wf:stream:{job.id}", "no stream")
    await relay.take(Delta(text="hello"))
    await relay.close()
