"""What is damaged, or fails, keeps no duty from the rest."""

import asyncio

import pytest
from structlog.testing import capture_logs

from workfleet.tasks.job import JobState
from workfleet.tasks.store import DAMAGED
from workfleet.workers.pool import reconciler as module
from workfleet.workers.pool.reconciler import MISSED_S, Reconciler

from ..pools import LANE, Fleet
from ..reconciling import claim, pushed, reconciler, rounds, served_to, state, steady


@pytest.mark.parametrize("rubbish", [b"rubbish", b"[]", b'{"headers": {"id": 1}}'])
async def test_a_message_that_nobody_can_read_keeps_no_other_queue_from_being_looked_at(
    two: Fleet, rubbish: bytes
) -> None:
    await two.submit()
    await two.client.redis.rpush(LANE, rubbish)
    job_id = await two.submit(complexity=9)
    queue = (await two.client.job(job_id)).queue
    await two.client.redis.delete(queue)
    await pushed(two, job_id, MISSED_S + 2, queue)
    await served_to(two, MISSED_S + 1, queue=queue)
    await rounds(two)
    assert await two.client.redis.llen(queue) == 1


async def test_a_duty_that_fails_is_named_and_keeps_none_from_the_others(two: Fleet) -> None:
    async def damaged() -> None:
        raise KeyError("level")

    client = two.client
    working = Reconciler("one@here", client.store, client.fleet, two.pools["one"].directory, damaged)
    job_id = await two.submit(deadline_s=0.001)
    with capture_logs() as said:
        while await state(two, job_id) is not JobState.EXPIRED:
            await working.once()
    assert {entry["step"] for entry in said if entry["event"] == "reconciler.step_failed"} == {"continue canvases"}


async def test_a_duty_that_hangs_keeps_none_from_the_others(two: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STEP_WITHIN_S", 0.01)
    working = reconciler(two)
    working.continue_canvas = asyncio.Event().wait
    with capture_logs() as said:
        await working.once()
    assert [(entry["step"], entry["error"]) for entry in said if entry["event"] == "reconciler.step_failed"] == [
        ("continue canvases", "no end within 0.01 s")
    ]


DAMAGE = [("queue", None), ("task", None), ("deaths", "x"), ("attempts", "x"), ("epoch", "x")]


async def damage(fleet: Fleet, job_id: str, field: str, value: str | None) -> None:
    record = fleet.client.store.key("job", job_id)
    if value is None:
        await fleet.client.redis.hdel(record, field)
    else:
        await fleet.client.redis.hset(record, field, value)


async def failed_by_name(fleet: Fleet, job_id: str) -> bool:
    outcome = await fleet.client.wait(job_id, timeout_s=5)
    return (outcome.state, outcome.error) == (JobState.FAILED, DAMAGED)


@pytest.mark.parametrize(("field", "value"), DAMAGE)
async def test_a_dead_workers_job_with_a_damaged_record_ends_and_the_others_are_rescued(
    two: Fleet, field: str, value: str | None
) -> None:
    damaged, sound = await two.submit(), await two.submit()
    for job_id in (damaged, sound):
        await claim(two, job_id, lease_s=0)
    await damage(two, damaged, field, value)
    await two.client.redis.zadd(two.client.store.key("leases"), {damaged: 0})
    await steady(two, 60)
    await rounds(two)
    assert await failed_by_name(two, damaged)
    assert await state(two, sound) is JobState.QUEUED


async def test_a_snoozed_job_with_a_damaged_record_ends_and_the_others_are_released(two: Fleet) -> None:
    damaged, sound = await two.submit(), await two.submit()
    for job_id in (damaged, sound):
        await two.client.store.put_back((await claim(two, job_id)).job, LANE, wait_s=3600)
    await two.client.redis.zadd(two.client.store.key("snoozed"), {damaged: 0, sound: 1})
    await damage(two, damaged, "queue", None)
    await rounds(two)
    assert await failed_by_name(two, damaged)
    assert await state(two, sound) is JobState.QUEUED


async def test_a_job_that_lost_its_message_and_its_task_ends_and_the_others_get_theirs(two: Fleet) -> None:
    damaged, sound = await two.submit(), await two.submit()
    await two.client.redis.delete(LANE)
    await damage(two, damaged, "task", None)
    for job_id in (damaged, sound):
        await pushed(two, job_id, MISSED_S + 2)
    await served_to(two, MISSED_S + 1)
    await rounds(two)
    assert await failed_by_name(two, damaged)
    assert await two.client.redis.llen(LANE) == 1
