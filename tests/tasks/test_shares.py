"""The first jobs of an agent wait behind nobody's many."""

from typing import Any

import pytest

from workfleet.routing.lanes import Priority
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobState
from workfleet.tasks.messages import CROWD_STEP, STEPS, list_at
from workfleet.tasks.results import Outcome

from .stored import LANE, claimed, end, spec

#: As in lib.lua.
FEW = 16


async def lists(client: AsyncClient) -> dict[int, int]:
    """Messages by priority step."""
    return {step: await client.redis.llen(list_at(LANE, step)) for step in STEPS}


async def hand_in(client: AsyncClient, count: int, **fields: Any) -> list[str]:
    specs = (spec(**fields) for _ in range(count))
    return [job_id async for ids in client.submit_many(specs) for job_id in ids]


@pytest.mark.parametrize("priority", Priority)
async def test_what_an_agent_has_beyond_a_few_waits_behind_the_few_of_others(
    client: AsyncClient, priority: Priority
) -> None:
    await hand_in(client, 40, agent="large", priority=priority)
    small = await hand_in(client, 10, agent="small", priority=priority)
    waiting = await client.store.waiting(LANE, at_most=100)
    assert sorted(waiting.index(job_id) for job_id in small) == [*range(FEW, FEW + 10)]
    assert (await lists(client))[CROWD_STEP] == 40 - FEW


async def test_a_person_is_not_behind_a_batch_of_the_same_agent(client: AsyncClient) -> None:
    await hand_in(client, 40, priority="batch")
    await hand_in(client, 1)
    assert await lists(client) == {0: 1, 3: FEW, CROWD_STEP: 40 - FEW}


async def test_a_batch_that_is_released_as_others_end_has_no_more_than_its_share(client: AsyncClient) -> None:
    await client.submit_batch([spec(priority="batch") for _ in range(30)], window=20)
    assert await lists(client) == {0: 0, 3: FEW, CROWD_STEP: 4}
    (first,) = await client.store.waiting(LANE, at_most=1)
    await end(client, first)
    assert (await lists(client))[CROWD_STEP] == 5


async def test_whose_jobs_have_ended_has_few_again(client: AsyncClient) -> None:
    for job_id in await hand_in(client, 20):
        await end(client, job_id)
    assert await client.redis.hgetall(client.store.key("shares")) == {}


async def test_a_job_that_is_replayed_counts_again(client: AsyncClient) -> None:
    (job_id,) = await hand_in(client, 1, agent="one")
    job = (await claimed(client.store, job_id)).job
    await client.store.finish(job, Outcome(job_id, JobState.FAILED, error="no"))
    assert await client.store.replay(job_id, LANE, ttl_s=60) == "done"
    assert await client.redis.hgetall(client.store.key("shares")) == {b"0 one": b"1"}
