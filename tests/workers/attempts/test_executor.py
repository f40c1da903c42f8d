"""A job's way through a pool, against a real Redis: what is claimed, answered, dropped, committed."""

import asyncio

from workfleet.tasks.answer import Usage
from workfleet.tasks.job import JobSpec, JobState
from workfleet.workers.attempts.ending import Declined, Dropped, Ended, Moved

from ..pools import LANE, Fleet, says, until
from ..running import Held, facts, only


async def test_an_answer_ends_the_job_with_a_ledger_entry(two: Fleet) -> None:
    job_id = await two.submit()
    ending = await two.deliver(job_id, "two")
    assert isinstance(ending, Ended)
    assert ending.outcome == await two.client.wait(job_id)
    answer = ending.outcome.unwrap()
    assert (answer.text, answer.provider, answer.model) == ("ok", "two", "m")
    assert answer.usage == Usage(
        input_tokens=10, output_tokens=5, cost_usd=2e-5, cost_source="table", price_version="configuration"
    )
    (entry,) = await two.client.attempts(job_id)
    assert (facts(entry), entry.node, entry.cost_usd) == ((1, "two/m", "succeeded"), "two@here", 2e-5)
    assert two.pools["two"].leases.held == {}


async def test_an_end_is_awaited_in_redis_by_a_canvas_or_by_who_hands_the_job_in_again(alone: Fleet) -> None:
    spec = JobSpec.from_prompt("hi")
    ids = [
        await alone.client.submit(spec),
        await alone.client.submit(spec, canvas="{}"),
        await alone.client.submit(spec.model_copy(update={"idempotency_key": "k"})),
    ]
    ends = [await alone.deliver(job_id, "one") for job_id in ids]
    assert [end.awaited for end in ends if isinstance(end, Ended)] == [False, True, True]


async def test_a_second_delivery_of_a_job_that_runs_or_has_ended_is_dropped(alone: Fleet) -> None:
    reply = Held(says("ok"))
    alone.servers["one"].will(reply)
    job_id = await alone.submit()
    first = asyncio.create_task(alone.deliver(job_id, "one"))
    await reply.asked.wait()
    assert await alone.deliver(job_id, "one") == Dropped("running")
    reply.may_go.set()
    assert isinstance(await first, Ended)
    assert await alone.deliver(job_id, "one") == Dropped("succeeded")
    assert alone.servers["one"].asked == ["m"]


async def test_a_pool_that_drains_takes_nothing(alone: Fleet) -> None:
    job_id = await alone.submit()
    alone.pools["one"].draining = True
    assert await alone.deliver(job_id, "one") == Declined()
    assert (await alone.client.job(job_id)).state is JobState.QUEUED


async def test_jobs_that_run_are_held_with_what_they_ask(alone: Fleet) -> None:
    reply = Held(says("ok"))
    alone.servers["one"].will(reply)
    delivery = asyncio.create_task(alone.deliver(await alone.submit(), "one"))
    await until(lambda: bool(alone.servers["one"].asked))
    assert only(alone, "one").target == "one/m"
    assert alone.pools["one"].leases.occupancy.busy == 1
    reply.may_go.set()
    await delivery
    assert alone.pools["one"].leases.occupancy.busy == 0


async def test_a_job_that_was_taken_ahead_and_finds_no_slot_goes_back_without_an_attempt(alone: Fleet) -> None:
    reply = Held(says("ok"))
    alone.servers["one"].will(reply)
    alone.pools["one"].leases.occupancy.resize(1)
    first, second = await alone.submit(), await alone.submit()
    delivery = asyncio.create_task(alone.deliver(first, "one"))
    await reply.asked.wait()
    assert await alone.deliver(second, "one") == Moved("no slot came free")
    job = await alone.client.job(second)
    assert (job.state, job.attempts, job.queue) == (JobState.QUEUED, 0, LANE)
    reply.may_go.set()
    await delivery
    assert isinstance(await alone.deliver(second, "one"), Ended)
