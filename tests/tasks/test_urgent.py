"""What had begun, and lost its slot to a failure that is not its own, waits behind nobody a second time."""

import json
from collections.abc import AsyncIterator

import pytest

from workfleet.routing.lanes import Priority, alternate_queue
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobSpec
from workfleet.tasks.messages import list_key
from workfleet.tasks.store import Claimed, Store

from .stored import LANE, claimed, spec


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    async with AsyncClient(redis_url) as client:
        await client.submit(JobSpec.from_prompt("hi", priority="batch"))
        yield client.store


async def begun(store: Store, *, lease_s: float = 30) -> Claimed:
    (job_id,) = await store.waiting(LANE, at_most=1)
    await store.redis.delete(list_key(LANE, Priority.BATCH))
    found = await store.claim(job_id, owner="one@host", lease_s=lease_s)
    assert isinstance(found, Claimed)
    return found


async def waiting(store: Store, queue: str) -> dict[Priority, int]:
    """Messages by priority."""
    return {priority: await store.redis.llen(list_key(queue, priority)) for priority in Priority}


async def test_a_batch_job_whose_worker_died_goes_on_as_an_interactive_one(store: Store) -> None:
    job = (await begun(store, lease_s=0)).job
    assert (await store.rescue()).rescued == [job.id]
    assert await waiting(store, LANE) == {Priority.INTERACTIVE: 1, Priority.BATCH: 0}
    assert await store.waiting(LANE, at_most=1) == [job.id]


@pytest.mark.parametrize(("urgent", "expected"), [(True, Priority.INTERACTIVE), (False, Priority.BATCH)])
async def test_a_batch_job_that_is_put_back_does_if_it_is_urgent(
    store: Store, urgent: bool, expected: Priority
) -> None:
    job, queue = (await begun(store)).job, alternate_queue("two")
    assert await store.put_back(job, queue, urgent=urgent) == "done"
    assert await waiting(store, queue) == {priority: int(priority is expected) for priority in Priority}
    again = await store.claim(job.id, owner="two@host", lease_s=30)
    assert isinstance(again, Claimed)
    assert again.job.priority is expected
    assert await store.waiting(queue, at_most=1) == []


async def test_a_snoozed_one_still_is_when_it_is_due(store: Store) -> None:
    job = (await begun(store)).job
    await store.put_back(job, LANE, wait_s=60.0, urgent=True)
    await store.redis.zadd(store.key("snoozed"), {job.id: 0})
    assert (await store.rescue()).due == [job.id]
    assert await waiting(store, LANE) == {Priority.INTERACTIVE: 1, Priority.BATCH: 0}


async def test_those_that_are_put_back_are_served_in_that_order_before_all_others(redis_url: str, store: Store) -> None:
    async with AsyncClient(redis_url) as client:
        ids = [await client.submit(spec()) for _ in range(4)]
        moved = [(await claimed(store, job_id)).job for job_id in ids]
        await store.redis.delete(list_key(LANE, Priority.INTERACTIVE))
        waits = await client.submit(spec())
    served = list[str]()

    async def serve() -> None:
        raw = await store.redis.rpop(list_key(LANE, Priority.INTERACTIVE))
        assert isinstance(raw, bytes)
        served.append(json.loads(raw)["headers"]["id"])
        await claimed(store, served[-1])

    for job in moved[:3]:
        await store.put_back(job, LANE)
    await serve()
    await store.put_back(moved[3], LANE)
    for _ in range(4):
        await serve()
    assert served == [*ids, waits]
