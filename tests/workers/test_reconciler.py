"""Nothing falls by the wayside: each kind of loss is found, and only real ones."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
from structlog.testing import capture_logs

from workfleet.routing.lanes import Priority
from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.job import Attempt, JobState
from workfleet.tasks.messages import list_key
from workfleet.tasks.store import DAMAGED, PAUSE_S, Claimed
from workfleet.workers import reconciler as module
from workfleet.workers.leases import LEASE_S, RENEW_EVERY_S, SETTLED_S
from workfleet.workers.reconciler import LOOK_EVERY, MISSED_S, Reconciler

from .pools import LANE, Fleet, fleet, provider


@pytest.fixture
async def two(redis_url: str) -> AsyncIterator[Fleet]:
    async with fleet(redis_url, provider("one"), provider("two")) as pools:
        yield pools


def reconciler(fleet: Fleet, node: str = "one@here", *, canvas: Callable[[], None] | None = None) -> Reconciler:
    async def go_on() -> None:
        if canvas:
            canvas()

    client = fleet.client
    return Reconciler(node, client.store, client.fleet, fleet.pools["one"].directory, go_on)


async def rounds(fleet: Fleet) -> None:
    """So many that every duty has had its turn."""
    working = reconciler(fleet)
    for _ in range(LOOK_EVERY):
        await working.once()


async def claim(fleet: Fleet, job_id: str, *, lease_s: float = 3600) -> Claimed:
    found = await fleet.client.store.claim(job_id, owner="dying@host", lease_s=lease_s)
    assert isinstance(found, Claimed)
    return found


async def steady(fleet: Fleet, for_s: float, *, heard_s_ago: float = 0.0) -> None:
    """As if reconcilers had been heard for so long, and the last time so long ago."""
    seconds, micro = await fleet.client.redis.time()
    now = seconds * 1000 + micro // 1000
    facts = {"seen": now - int(heard_s_ago * 1000), "since": now - int(for_s * 1000)}
    await fleet.client.redis.hset(fleet.client.store.key("steady"), mapping=facts)


async def state(fleet: Fleet, job_id: str) -> JobState:
    return (await fleet.client.job(job_id)).state


# Dead workers' jobs


async def test_a_job_whose_lease_ran_out_is_queued_again(two: Fleet) -> None:
    job_id = await two.submit()
    await claim(two, job_id, lease_s=0)
    await steady(two, 60)
    await rounds(two)
    job = await two.client.job(job_id)
    assert (job.state, job.queue, job.attempts, job.deaths) == (JobState.QUEUED, LANE, 0, 1)


@pytest.mark.parametrize(
    ("steady_s", "heard_s_ago"),
    [(0.0, 0.0), (SETTLED_S - 1, 0.0), (3600.0, PAUSE_S + 0.5)],
    ids=["when nobody was heard before", "when Redis is back for too short", "when Redis paused just now"],
)
async def test_pools_get_the_time_to_renew_their_leases_first(two: Fleet, steady_s: float, heard_s_ago: float) -> None:
    job_id = await two.submit()
    await claim(two, job_id, lease_s=0)
    if steady_s:
        await steady(two, steady_s, heard_s_ago=heard_s_ago)
    await rounds(two)
    assert await state(two, job_id) is JobState.RUNNING


def test_a_pause_that_nobody_notices_costs_no_lease() -> None:
    """A lease that was renewed just before the pause, and is again just after it, has not run out in between."""
    assert PAUSE_S + RENEW_EVERY_S < LEASE_S
    assert SETTLED_S >= RENEW_EVERY_S


async def test_a_job_that_is_cancelled_and_then_lost_is_cancelled(two: Fleet) -> None:
    job_id = await two.submit()
    await claim(two, job_id, lease_s=0)
    await two.client.cancel(job_id)
    await steady(two, 60)
    await rounds(two)
    assert await state(two, job_id) is JobState.CANCELLED


# Times


async def test_a_snoozed_job_is_queued_when_it_is_due_and_not_before(two: Fleet) -> None:
    due, later = await two.submit(), await two.submit()
    for job_id, wait_s in ((due, 0.001), (later, 3600)):
        mine = await claim(two, job_id)
        assert await two.client.store.put_back(mine.job, "provider.two", wait_s=wait_s) == "done"
    while await two.client.redis.zcount(two.client.store.key("snoozed"), 0, await now_ms(two)) == 0:
        await asyncio.sleep(0)
    await rounds(two)
    assert [await state(two, job_id) for job_id in (due, later)] == [JobState.QUEUED, JobState.SNOOZED]
    assert await two.client.store.waiting("provider.two", at_most=9) == [due]


async def now_ms(fleet: Fleet) -> int:
    seconds, micro = await fleet.client.redis.time()
    return int(seconds) * 1000 + int(micro) // 1000


async def test_a_job_whose_deadline_passes_while_it_waits_ends(two: Fleet) -> None:
    waiting, running = await two.submit(deadline_s=0.001), await two.submit()
    await claim(two, running)
    await two.client.redis.zadd(two.client.store.key("deadlines"), {running: 0})
    while not await two.client.store.overdue():
        await asyncio.sleep(0)
    await rounds(two)
    assert [await state(two, job_id) for job_id in (waiting, running)] == [JobState.EXPIRED, JobState.RUNNING]


async def test_all_that_are_overdue_expire_in_one_round_whatever_has_become_of_the_first(
    two: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_MOST", 2)
    store = two.client.store
    forgotten = [await two.submit(deadline_s=0.001) for _ in range(2)]
    await two.client.redis.delete(*(store.key("job", job_id) for job_id in forgotten))
    ids = [await two.submit(deadline_s=0.001) for _ in range(5)]
    while ids[-1] not in await store.overdue():
        pass
    await reconciler(two).once()
    assert [await state(two, job_id) for job_id in ids] == [JobState.EXPIRED] * 5
    assert await store.overdue() == []


# Lost messages


async def served_to(fleet: Fleet, seconds_ago: float, *, queue: str = LANE) -> None:
    """As if that had been noted when the queue was empty, so long ago."""
    at = await now_ms(fleet) - int(seconds_ago * 1000)
    await fleet.client.redis.hset(fleet.client.store.key("passed"), queue, f"{at} {at}")


async def pushed(fleet: Fleet, job_id: str, seconds_ago: float, queue: str = LANE) -> None:
    """As if the job's message had been pushed so long ago."""
    key = fleet.client.store.key("wait", queue)
    await fleet.client.redis.zadd(key, {job_id: await now_ms(fleet) - seconds_ago * 1000})


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


# Dead pools' queues


async def test_jobs_that_wait_for_a_pool_of_which_no_worker_lives_move_on(two: Fleet) -> None:
    job_id = await two.submit(chain=("one", "two"))
    await two.client.fleet.report(NodeReport(node="two@here", provider="two", slots=1))
    await rounds(two)
    assert (await two.client.job(job_id)).queue == "provider.two"


async def test_they_stay_while_a_worker_lives_whatever_it_says(two: Fleet) -> None:
    job_id = await two.submit(chain=("one", "two"))
    await two.client.fleet.report(NodeReport(node="one@here", provider="one", unavailable="its breaker is open"))
    await two.client.fleet.report(NodeReport(node="two@here", provider="two", slots=1))
    await rounds(two)
    assert (await two.client.job(job_id)).queue == "provider.one"


async def test_and_while_nobody_else_takes_them(two: Fleet) -> None:
    job_id = await two.submit(chain=("one", "two"))
    await two.client.fleet.report(NodeReport(node="two@here", provider="two", unavailable="it does not answer"))
    await rounds(two)
    assert (await two.client.job(job_id)).queue == "provider.one"


@pytest.mark.parametrize(("outcome", "queue"), [("overloaded", "provider.two"), ("model_not_found", "provider.one")])
async def test_a_target_that_failed_them_in_passing_takes_them_again(two: Fleet, outcome: str, queue: str) -> None:
    job_id = await two.submit(chain=("two", "one"))
    mine = await claim(two, job_id)
    entry = Attempt(number=1, epoch=1, target="two/m", outcome=outcome)
    await two.client.store.put_back(mine.job, "provider.one", tried="two/m", attempt=entry)
    await two.client.fleet.report(NodeReport(node="two@here", provider="two", slots=1))
    await rounds(two)
    assert (await two.client.job(job_id)).queue == queue


# Turns


async def test_one_acts_at_a_time_and_another_follows_when_it_is_gone(two: Fleet) -> None:
    store = two.client.store
    assert await store.my_turn("a", turn_s=60)
    assert not await store.my_turn("b", turn_s=60)
    assert await store.my_turn("a", turn_s=0.001)
    async with asyncio.timeout(5):
        while not await store.my_turn("b", turn_s=60):
            await asyncio.sleep(0)
    assert not await store.my_turn("a", turn_s=60)


async def test_canvases_are_gone_on_with(two: Fleet) -> None:
    seen = list[str]()
    working = reconciler(two, canvas=lambda: seen.append("gone on"))
    for _ in range(3):
        await working.once()
    assert seen


async def test_it_works_until_it_is_stopped_and_outlasts_broken_connections(
    two: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.001)
    seen = list[str]()
    working = asyncio.create_task(reconciler(two, canvas=lambda: seen.append("again")).run())
    for _ in range(3):
        await two.client.redis.client_kill_filter(_type="normal", skipme=True)
        seen.clear()
        async with asyncio.timeout(20):
            while not seen:
                await asyncio.sleep(0.001)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert working.cancelled()


# What is damaged


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
