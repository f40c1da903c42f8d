"""Waiting for the end of a job."""

import asyncio
from typing import Any

import pytest

from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import (
    JobCancelled,
    JobFailed,
    JobNotFound,
)
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed

from .stored import end


def spec(**fields: Any) -> JobSpec:
    fields.setdefault("complexity", 1)
    return JobSpec.from_prompt("hi", **fields)


async def subscribers(client: AsyncClient, job_id: str) -> int:
    return int((await client.redis.pubsub_numsub(f"celery-task-meta-{job_id}"))[0][1])


async def wait_until_waited_for(client: AsyncClient, job_id: str) -> None:
    async with asyncio.timeout(10):
        while not await subscribers(client, job_id):
            await asyncio.sleep(0)


async def test_an_answer_that_is_there_is_given_at_once(client: AsyncClient) -> None:
    job_id = await client.submit(spec())
    await end(client, job_id)
    assert await client.result(job_id) == Answer(text="ok")


async def test_who_waits_is_told_when_the_answer_comes(client: AsyncClient) -> None:
    job_id = await client.submit(spec())
    waiting = asyncio.create_task(client.wait(job_id))
    await wait_until_waited_for(client, job_id)
    await end(client, job_id)
    async with asyncio.timeout(0.9):  # well before anybody would look for it
        assert await waiting == Outcome(job_id, JobState.SUCCEEDED, Answer(text="ok"))


async def test_an_answer_of_which_nobody_told_is_found_all_the_same(client: AsyncClient) -> None:
    job_id = await client.submit(spec())
    waiting = asyncio.create_task(client.wait(job_id))
    await wait_until_waited_for(client, job_id)
    await client.redis.set(f"celery-task-meta-{job_id}", '{"status":"SUCCESS","result":{"text":"quiet"}}')
    async with asyncio.timeout(10):
        assert (await waiting).unwrap().text == "quiet"


async def test_hundreds_wait_over_one_connection(client: AsyncClient) -> None:
    ids = [job_id async for chunk in client.submit_many(spec() for _ in range(600)) for job_id in chunk]
    waiting = [asyncio.create_task(client.result(job_id)) for job_id in ids]
    await wait_until_waited_for(client, ids[-1])
    assert len(await client.redis.client_list(_type="pubsub")) == 1
    for job_id in ids:
        await end(client, job_id, text=job_id)
    assert [answer.text for answer in await asyncio.gather(*waiting)] == ids
    assert await client.redis.client_list(_type="pubsub") == []


async def test_several_may_wait_for_one_job_and_one_may_give_up(client: AsyncClient) -> None:
    job_id = await client.submit(spec())
    first, second = (asyncio.create_task(client.result(job_id)) for _ in range(2))
    with pytest.raises(TimeoutError):
        await client.result(job_id, timeout_s=0.01)
    await wait_until_waited_for(client, job_id)
    await end(client, job_id)
    assert list(await asyncio.gather(first, second)) == [Answer(text="ok")] * 2


async def test_a_wait_ends_with_its_time(client: AsyncClient) -> None:
    job_id = await client.submit(spec())
    with pytest.raises(TimeoutError):
        await client.wait(job_id, timeout_s=0.05)
    assert await subscribers(client, job_id) == 0


async def test_nobody_waits_for_a_job_that_is_not_there(client: AsyncClient) -> None:
    with pytest.raises(JobNotFound, match="no job 'no-such-job'; finished jobs are kept for 7 days"):
        await client.wait("no-such-job")


async def test_a_job_without_an_answer_raises_why(client: AsyncClient) -> None:
    failed, cancelled = await client.submit(spec()), await client.submit(spec())
    mine = await client.store.claim(failed, owner="sim@here", lease_s=60)
    assert isinstance(mine, Claimed)
    await client.store.finish(mine.job, Outcome(failed, JobState.FAILED, error="no target is left"))
    await client.cancel(cancelled)
    with pytest.raises(JobFailed, match=f"^job {failed} failed: no target is left$"):
        await client.result(failed)
    with pytest.raises(JobCancelled, match=f"^job {cancelled} cancelled: cancelled by request$"):
        await client.result(cancelled)


async def test_a_broken_connection_does_not_end_a_wait(client: AsyncClient) -> None:
    job_id = await client.submit(spec())
    waiting = asyncio.create_task(client.result(job_id))
    await wait_until_waited_for(client, job_id)
    await client.redis.client_kill_filter(_type="pubsub")
    await end(client, job_id)
    async with asyncio.timeout(20):
        assert await waiting == Answer(text="ok")


async def test_an_answer_that_cannot_be_read_is_an_error_of_everybody_who_waits(client: AsyncClient) -> None:
    job_id = await client.submit(spec())
    waiting = [asyncio.create_task(client.result(job_id)) for _ in range(2)]
    await wait_until_waited_for(client, job_id)
    await client.redis.publish(f"celery-task-meta-{job_id}", "{}")
    assert [type(each) for each in await asyncio.gather(*waiting, return_exceptions=True)] == [KeyError, KeyError]
