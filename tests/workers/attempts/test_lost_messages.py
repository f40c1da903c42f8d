"""Jobs whose message is gone get another, and no other job gets two."""

import json

import pytest

from workfleet.routing.lanes import Priority
from workfleet.tasks.messages import list_key
from workfleet.workers.pool.reconciler import MISSED_S

from ..pools import LANE, Fleet
from ..reconciling import now_ms, pushed, rounds, served_to


async def test_a_job_whose_message_is_gone_gets_another(two: Fleet) -> None:
    job_id = await two.submit()
    await two.client.redis.delete(LANE)
    await pushed(two, job_id, MISSED_S + 2)
    await served_to(two, MISSED_S + 1)
    await rounds(two)
    assert await two.client.redis.llen(LANE) == 1


async def test_a_job_that_was_taken_just_now_is_not_missed_yet(two: Fleet) -> None:
    job_id = await two.submit()
    await two.client.redis.delete(LANE)
    await pushed(two, job_id, 3600)
    await served_to(two, MISSED_S - 1)
    await rounds(two)
    assert await two.client.redis.llen(LANE) == 0


async def test_a_job_that_came_since_the_queue_was_served_is_not_missed(two: Fleet) -> None:
    job_id = await two.submit()
    await two.client.redis.delete(LANE)
    await served_to(two, MISSED_S + 2)
    await pushed(two, job_id, MISSED_S + 1)
    await rounds(two)
    assert await two.client.redis.llen(LANE) == 0


async def test_a_job_that_later_ones_overtook_gets_another_message_and_is_served_next(two: Fleet) -> None:
    lost, waiting = await two.submit(), await two.submit()
    await two.client.redis.rpop(LANE)
    await pushed(two, lost, 60)
    await pushed(two, waiting, 50)
    await served_to(two, 55)
    await rounds(two)
    messages = [json.loads(raw)["headers"]["id"] for raw in await two.client.redis.lrange(LANE, 0, -1)]
    assert messages == [waiting, lost]


async def test_a_long_queue_is_no_loss(two: Fleet) -> None:
    for _ in range(3):
        await pushed(two, await two.submit(), 3600)
    await served_to(two, 4000)
    await rounds(two)
    assert await two.client.redis.llen(LANE) == 3


async def test_both_priorities_and_all_queues_are_looked_at_in_one_call(
    two: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await two.submit(priority="batch", complexity=9)
    second = await two.submit(provider="two")
    lane = list_key("general.very-complex", Priority.BATCH)
    for job_id, queue in ((first, lane), (second, "provider.two")):
        await two.client.redis.delete(queue)
        await pushed(two, job_id, MISSED_S + 2, queue)
        await served_to(two, MISSED_S + 1, queue=queue)
    calls, remessage = list[list[str]](), two.client.store.remessage

    async def counted(queues: list[str], **how: float) -> list[tuple[str, str]]:
        calls.append(queues)
        return await remessage(queues, **how)  # type: ignore[arg-type]  # handed through as they came

    monkeypatch.setattr(two.client.store, "remessage", counted)
    await rounds(two)
    assert calls
    assert all(queues == ["general.very-complex", "provider.two"] for queues in calls)
    assert [await two.client.redis.llen(queue) for queue in (lane, "provider.two")] == [1, 1]


async def test_a_lost_message_is_missed_though_others_keep_being_served_before_all(two: Fleet) -> None:
    """What goes back to be served next shares the time of the oldest job there, which may be the one that is lost."""
    lost, back = await two.submit(), await two.submit()
    await two.client.redis.rpop(LANE)
    await pushed(two, lost, 60)
    await pushed(two, back, 60)
    score = int(await two.client.redis.zscore(two.client.store.key("wait", LANE), lost))
    await two.client.redis.zadd(two.client.store.key("wait", LANE), {back: score})
    await two.client.redis.hset(two.client.store.key("passed"), LANE, f"{score} {await now_ms(two) - 5000}")
    await rounds(two)
    messages = [json.loads(raw)["headers"]["id"] for raw in await two.client.redis.lrange(LANE, 0, -1)]
    assert messages == [back, lost]
