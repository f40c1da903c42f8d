"""Jobs that stop before their answer: cancelled, expired, lost to another worker, or handed back."""

import asyncio
import time
from typing import Any

import httpx2
import pytest

from workfleet.tasks.job import JobState
from workfleet.tasks.results import Outcome
from workfleet.workers.attempts.ending import Dropped, Ended, Moved
from workfleet.workers.attempts.leases import LEASE_S
from workfleet.workers.providers.sender import Sender

from ..pools import LANE, Fleet, fails, says
from ..running import Held, history


async def test_a_cancelled_job_stops_at_once(alone: Fleet) -> None:
    reply = Held(says("too late"))
    alone.servers["one"].will(reply)
    job_id = await alone.submit()
    listening = asyncio.create_task(alone.pools["one"].leases.listen(lambda: None))
    delivery = asyncio.create_task(alone.deliver(job_id, "one"))
    await reply.asked.wait()
    while (await alone.client.redis.pubsub_numsub("wf:cancel"))[0][1] == 0:
        await asyncio.sleep(0)
    assert await alone.client.cancel(job_id) is JobState.RUNNING
    outcome = Outcome(job_id, JobState.CANCELLED, error="cancelled while it ran")
    async with asyncio.timeout(1):
        assert await delivery == Ended(outcome, awaited=False)
    assert reply.cancelled
    assert await alone.client.wait(job_id) == outcome
    assert await history(alone, job_id) == [(1, "one/m", "cancelled")]
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_cancel_that_comes_when_the_call_has_failed_already_ends_the_job(alone: Fleet) -> None:
    """The call is over, so there is nothing to stop; but the job must not go on."""
    job_id = await alone.submit()

    async def cancelled_meanwhile() -> httpx2.Response:
        await alone.client.cancel(job_id)
        return fails(429, "slow down", retry_after="900")

    alone.servers["one"].will(cancelled_meanwhile)
    outcome = Outcome(job_id, JobState.CANCELLED, error="cancelled while it ran")
    assert await alone.deliver(job_id, "one") == Ended(outcome, awaited=False)
    assert await alone.client.wait(job_id) == outcome


async def test_a_job_whose_lease_is_lost_is_stopped_and_only_booked(alone: Fleet) -> None:
    reply = Held(says("too late"))
    alone.servers["one"].will(reply)
    job_id = await alone.submit()
    delivery = asyncio.create_task(alone.deliver(job_id, "one"))
    await reply.asked.wait()
    await lose_lease(alone, job_id)
    await alone.pools["one"].leases.renew()
    assert await delivery == Dropped("its lease was lost")
    assert reply.cancelled
    assert (await alone.client.job(job_id)).state is JobState.QUEUED
    assert await history(alone, job_id) == [(1, "one/m", "lease_lost")]


async def lose_lease(fleet: Fleet, job_id: str) -> None:
    await fleet.client.redis.zadd(fleet.client.store.key("leases"), {job_id: 0})
    assert (await fleet.client.store.rescue()).rescued == [job_id]


async def test_a_worker_that_was_frozen_since_it_took_a_job_looks_again_before_it_spends_money(
    alone: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, leases = alone.client.store, alone.pools["one"].leases
    job_id, claim = await alone.submit(), store.claim

    async def frozen(*args: Any, **how: Any) -> Any:
        claimed = await claim(*args, **how)
        leases.clock = lambda: time.monotonic() + LEASE_S
        await lose_lease(alone, job_id)
        return claimed

    monkeypatch.setattr(store, "claim", frozen)
    assert await alone.deliver(job_id, "one") == Dropped("its lease was lost")
    assert alone.servers["one"].asked == []


async def test_a_job_that_comes_back_to_the_pool_that_still_runs_it_is_not_mixed_up(alone: Fleet) -> None:
    first, second = Held(says("first")), Held(says("second"))
    alone.servers["one"].will(first, second)
    leases = alone.pools["one"].leases
    job_id = await alone.submit()
    before = asyncio.create_task(alone.deliver(job_id, "one"))
    await first.asked.wait()
    await lose_lease(alone, job_id)
    after = asyncio.create_task(alone.deliver(job_id, "one"))
    await second.asked.wait()
    await leases.renew()
    assert await before == Dropped("its lease was lost")
    assert list(leases.held) == [(job_id, 3)]
    second.may_go.set()
    assert isinstance(await after, Ended)
    assert (await alone.client.result(job_id)).text == "second"


async def test_a_pool_that_stops_hands_its_jobs_back_without_an_attempt(alone: Fleet) -> None:
    reply = Held(says("too late"))
    alone.servers["one"].will(reply)
    job_id = await alone.submit()
    delivery = asyncio.create_task(alone.deliver(job_id, "one"))
    await reply.asked.wait()
    assert alone.pools["one"].leases.hand_back() == 1
    assert await delivery == Moved("the pool stops")
    job = await alone.client.job(job_id)
    assert (job.state, job.queue, job.attempts) == (JobState.QUEUED, LANE, 0)
    assert await history(alone, job_id) == [(1, "one/m", "cancelled")]
    assert alone.pools["one"].upstream.why_not() is None


async def test_a_job_that_expired_while_it_waited_costs_nothing(alone: Fleet) -> None:
    job_id = await alone.submit(deadline_s=0.001)
    while not await alone.client.store.overdue():
        pass
    assert await alone.deliver(job_id, "one") == Dropped("expired")
    assert await alone.client.wait(job_id) == Outcome(
        job_id, JobState.EXPIRED, error="its deadline passed while it waited"
    )
    assert alone.servers["one"].asked == []


async def test_a_deadline_that_passes_while_it_runs_ends_the_job_and_says_nothing_of_the_target(two: Fleet) -> None:
    two.servers["one"].will(Held(says("too late")))
    job_id = await two.submit(deadline_s=0.2)
    ending = await two.deliver(job_id, "one")
    assert isinstance(ending, Ended)
    assert ending.outcome.state is JobState.EXPIRED
    assert (ending.outcome.error or "").startswith("its deadline has passed; one/m: timeout_total: ")
    assert two.pools["one"].upstream.lines[0].availability.circuit.breaker.outcomes == ()


async def test_the_deadline_is_that_of_redis_clock_whatever_ours_shows(alone: Fleet) -> None:
    alone.pools["one"].clock = lambda: 4e9
    job_id = await alone.submit(deadline_s=3600)
    assert isinstance(await alone.deliver(job_id, "one"), Ended)
    assert (await alone.client.wait(job_id)).state is JobState.SUCCEEDED


async def test_a_step_of_the_hosts_clock_changes_neither_deadline_nor_ledger(
    alone: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = Held(fails(500))
    alone.servers["one"].will(reply, says("ok"))
    job_id = await alone.submit(deadline_s=60)
    running = asyncio.create_task(alone.deliver(job_id, "one"))
    await reply.asked.wait()
    monkeypatch.setattr(time, "time", lambda: 4e9)
    reply.may_go.set()
    assert isinstance(await running, Moved)
    (entry,) = await alone.client.attempts(job_id)
    job = await alone.client.job(job_id)
    assert job.started_at is not None
    assert 0 <= entry.started_at - job.started_at < 30
    assert 0 <= entry.total_s < 30


async def test_a_defect_of_ours_costs_an_attempt_and_leaves_nothing_behind(
    alone: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def defective(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Sender, "ask", defective)
    job_id = await alone.submit()
    await alone.deliver(job_id, "one")
    (attempt,) = await alone.client.attempts(job_id)
    assert (attempt.outcome, attempt.message) == ("server", "the answer could not be handled: ZeroDivisionError: ")
    assert alone.pools["one"].leases.held == {}
    assert alone.pools["one"].upstream.lines[0].busy == 0
