"""Jobs that find no target now: what they wait for, how long, and what it costs."""

import asyncio
import time

import pytest

from workfleet.routing.breaker import Breaker
from workfleet.tasks.job import JobState
from workfleet.workers.attempts.ending import Ended, Moved
from workfleet.workers.attempts.turned_away import LOOK_AGAIN_S
from workfleet.workers.endpoints.probing import probe
from workfleet.workers.pool.recall import Recall

from ..gates import gates
from ..pools import LANE, Fleet, fails, fleet, hosted, says
from ..running import Held, history


async def test_a_limit_sends_the_job_on_and_uses_up_no_attempt(two: Fleet) -> None:
    two.servers["one"].will(fails(429, "slow down", retry_after="7"))
    job_id = await two.submit(max_attempts=1)
    assert await two.follow(job_id, first="one") == ["one", "two"]
    assert await history(two, job_id) == [(1, "one/m", "rate_limited"), (1, "two/m", "succeeded")]


async def test_a_limit_of_the_only_target_snoozes_the_job_for_as_long_as_it_says(alone: Fleet) -> None:
    alone.servers["one"].will(fails(429, "slow down", retry_after="7"))
    job_id = await alone.submit()
    assert await alone.deliver(job_id, "one") == Moved("rate_limited, snoozed for 7.0 s")
    job = await alone.client.job(job_id)
    assert (job.state, job.attempts, job.queue) == (JobState.SNOOZED, 0, "provider.one")
    due_ms = await alone.client.redis.zscore(alone.client.store.key("snoozed"), job_id)
    assert due_ms / 1000 - (job.started_at or 0) == pytest.approx(7, abs=1)


async def test_however_often_it_is_limited_a_job_is_not_given_up_before_its_deadline(alone: Fleet) -> None:
    alone.servers["one"].will(*[fails(429, "slow down", retry_after="1")] * 9, says("at last"))
    job_id = await alone.submit()
    await alone.follow(job_id, first="one")
    assert (await alone.client.result(job_id)).text == "at last"


async def test_a_limit_that_passes_after_the_deadline_ends_the_job(alone: Fleet) -> None:
    alone.servers["one"].will(fails(429, "tomorrow", code="insufficient_quota", retry_after="90000"))
    job_id = await alone.submit()
    await alone.deliver(job_id, "one")
    assert (await alone.client.wait(job_id)).error == (
        "the next try is due in 90000 s, after the job's deadline; one/m: quota_exhausted: tomorrow"
    )


async def test_a_pool_whose_provider_is_out_sends_jobs_on_without_an_attempt(two: Fleet) -> None:
    two.pools["one"].upstream.lines[0].availability.unreached = "connection refused"
    job_id = await two.submit()
    assert await two.deliver(job_id, "one") == Moved("it does not answer: connection refused; on to two")
    job = await two.client.job(job_id)
    assert (job.queue, job.attempts, job.tried, two.servers["one"].asked) == ("provider.two", 0, (), [])


async def test_when_no_target_takes_jobs_a_job_waits_and_uses_up_no_attempt(two: Fleet) -> None:
    two.pools["one"].upstream.lines[0].availability.unreached = "connection refused"
    two.out("two", "its breaker is open")
    job_id = await two.submit()
    assert await two.deliver(job_id, "one") == Moved(
        why := "it does not answer: connection refused; no other target takes jobs now: two: its breaker is open"
    )
    job = await two.client.job(job_id)
    assert job.put_back == why
    assert (job.state, job.queue, job.attempts) == (JobState.SNOOZED, LANE, 0)


@pytest.mark.parametrize(
    ("open_for_s", "waits_s"), [(20.0, 20.0), (300.0, LOOK_AGAIN_S), (0.0, 1.0)], ids=["long", "very long", "no more"]
)
async def test_a_job_that_only_a_breaker_keeps_waiting_waits_until_its_probe(
    redis_url: str, open_for_s: float, waits_s: float
) -> None:
    async with fleet(redis_url, hosted("one"), hosted("two")) as pools:
        circuit = pools.pools["one"].upstream.lines[0].availability.circuit
        cool_off_s = circuit.policy.cool_off_s
        circuit.breaker = Breaker(opened_at=time.monotonic() + open_for_s - cool_off_s, trips=1)
        circuit.shared = True
        job_id = await pools.submit(provider="one")
        assert isinstance(await pools.deliver(job_id, "one"), Moved)
        due_ms = await pools.client.redis.zscore(pools.client.store.key("snoozed"), job_id)
        seconds, micro = await pools.client.redis.time()
        assert waits_s - 1 < due_ms / 1000 - seconds - micro / 1e6 <= waits_s + 1


async def test_a_job_that_only_a_drained_provider_may_run_comes_seldom_and_at_once_when_it_is_back(
    two: Fleet,
) -> None:
    keeper, controls = gates(two)[0].keeper, two.client.fleet.controls
    recall = Recall(two.client.store, "provider.one")
    keeper.recall = recall.want
    await controls.set_provider("one", {"switch": "draining"})
    await keeper.turn()
    drained, other = await two.submit(provider="one"), await two.submit(provider="two")
    await two.deliver(drained, "one")
    await two.client.store.redis.zadd("wf:snoozed", {other: 9e15})
    due_ms = await two.client.redis.zscore("wf:snoozed", drained)
    assert due_ms / 1000 - await now(two) > LOOK_AGAIN_S - 2
    await controls.set_provider("one", {"switch": None})
    await keeper.turn()
    async with asyncio.timeout(5):
        duty = asyncio.create_task(recall.run())
        while await two.client.redis.zscore("wf:snoozed", drained) == due_ms:
            await asyncio.sleep(0)
    duty.cancel()
    assert await two.client.redis.zscore("wf:snoozed", drained) / 1000 <= await now(two)
    assert await two.client.redis.zscore("wf:snoozed", other) == 9e15


async def now(fleet: Fleet) -> float:
    """Redis' clock, in seconds."""
    seconds, micro = await fleet.client.redis.time()
    return float(seconds) + float(micro) / 1e6


async def test_a_job_that_another_provider_may_get_once_more_is_looked_at_soon(two: Fleet) -> None:
    two.servers["two"].will(fails(529))
    job_id = await two.submit()
    await two.deliver(job_id, "two")
    two.out("two", "it does not answer")
    circuit = two.pools["one"].upstream.lines[0].availability.circuit
    circuit.breaker = Breaker(opened_at=time.monotonic() + 60.0, trips=1)
    assert isinstance(await two.deliver(job_id, "one"), Moved)
    due_ms = await two.client.redis.zscore(two.client.store.key("snoozed"), job_id)
    seconds, micro = await two.client.redis.time()
    assert due_ms / 1000 - seconds - micro / 1e6 <= 2


async def test_a_job_goes_back_to_a_target_that_failed_it_in_passing_rather_than_wait(two: Fleet) -> None:
    two.servers["one"].will(fails(529), says("well again"))
    job_id = await two.submit()
    await two.deliver(job_id, "one")
    two.pools["two"].upstream.lines[0].availability.unreached = "connection refused"
    two.out("two", "it does not answer")
    assert await two.follow(job_id, first="two") == ["two", "one"]
    assert (await two.client.result(job_id)).text == "well again"


async def test_a_job_does_not_go_back_to_a_target_that_refused_it(two: Fleet) -> None:
    two.servers["one"].will(fails(404, "unknown", code="model_not_found"))
    job_id = await two.submit()
    await two.deliver(job_id, "one")
    two.pools["two"].upstream.lines[0].availability.unreached = "connection refused"
    two.out("two", "it does not answer")
    assert await two.deliver(job_id, "two") == Moved(
        "it does not answer: connection refused; no other target takes jobs now"
    )


async def test_a_job_whose_only_targets_credentials_are_rejected_has_failed(alone: Fleet) -> None:
    alone.pools["one"].upstream.lines[0].availability.rejected = "bad key"
    job_id = await alone.submit()
    await alone.deliver(job_id, "one")
    outcome = await alone.client.wait(job_id)
    assert outcome.error == "no target can run it; one: skipped: its credentials are rejected: bad key"


async def test_while_one_call_tries_a_resting_server_the_others_go_on(two: Fleet) -> None:
    upstream, reply = two.pools["one"].upstream, Held(says("back"))
    availability = upstream.lines[0].availability
    availability.circuit.breaker = Breaker(opened_at=0.0, trips=1)
    await probe(upstream)
    two.servers["one"].will(reply)
    first, second = await two.submit(), await two.submit()
    trying = asyncio.create_task(two.deliver(first, "one"))
    await reply.asked.wait()
    assert await two.deliver(second, "one") == Moved("its breaker lets one call try; on to two")
    reply.may_go.set()
    assert isinstance(await trying, Ended)
    assert upstream.why_not() is None
