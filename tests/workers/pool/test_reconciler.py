"""The fleet's duties: what became of dead workers' jobs, what is due, and whose turn it is."""

import asyncio

import pytest

from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.job import Attempt, JobState
from workfleet.tasks.store import PAUSE_S
from workfleet.workers.attempts.leases import LEASE_S, RENEW_EVERY_S, SETTLED_S
from workfleet.workers.pool import reconciler as module

from ..pools import LANE, Fleet
from ..reconciling import claim, now_ms, reconciler, rounds, state, steady


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


async def test_a_job_whose_deadline_passes_while_it_waits_ends(two: Fleet) -> None:
    waiting, running = await two.submit(deadline_s=0.001), await two.submit()
    await claim(two, running)
    await two.client.redis.zadd(two.client.store.key("deadlines"), {running: 0})
    while not await two.client.store.overdue():
        await asyncio.sleep(0)
    await rounds(two)
    assert [await state(two, job_id) for job_id in (waiting, running)] == [JobState.EXPIRED, JobState.RUNNING]


async def test_a_job_that_expires_is_told_what_its_targets_had_against_it(two: Fleet) -> None:
    job_id = await two.submit(deadline_s=0.001, chain=("one", "two"))
    node = NodeReport(node="one@here", provider="one", out={"m": "its budget is used up for 9 h"})
    await two.client.fleet.report(node)
    while not await two.client.store.overdue():
        await asyncio.sleep(0)
    await rounds(two)
    outcome = await two.client.wait(job_id)
    assert outcome.error == (
        "its deadline passed while it waited; one: its budget is used up for 9 h; two: no worker runs"
    )


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
