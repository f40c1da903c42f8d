"""Jobs that may be what kills their workers: no other job is given up with them."""

import asyncio

from workfleet.tasks.job import JobState
from workfleet.tasks.store import DEATHS
from workfleet.workers.attempts.ending import Ended, Ending, Moved
from workfleet.workers.attempts.suspects import SUSPECT_DEATHS

from ..pools import Fleet, says, until
from ..running import Held


async def survivor(fleet: Fleet, deaths: int) -> str:
    """A job that has outlived so many workers."""
    job_id = await fleet.submit()
    await fleet.client.redis.hset(fleet.client.store.key("job", job_id), "deaths", deaths)
    return job_id


def delivered(fleet: Fleet, job_id: str) -> "asyncio.Task[Ending]":
    return asyncio.create_task(fleet.deliver(job_id, "one"))


async def test_two_suspects_never_run_beside_each_other_but_others_do(alone: Fleet) -> None:
    replies = [Held(says("first")), Held(says("harmless"))]
    alone.servers["one"].will(*replies)
    suspects = [await survivor(alone, SUSPECT_DEATHS) for _ in range(2)]
    first = delivered(alone, suspects[0])
    await replies[0].asked.wait()
    assert isinstance(await alone.deliver(suspects[1], "one"), Moved)
    other = await alone.client.job(suspects[1])
    assert (other.state, other.attempts, other.deaths) == (JobState.SNOOZED, 0, SUSPECT_DEATHS)
    beside = delivered(alone, await alone.submit())
    await replies[1].asked.wait()
    for reply in replies:
        reply.may_go.set()
    assert [type(await each) for each in (first, beside)] == [Ended, Ended]


async def test_what_must_not_outlive_another_worker_runs_with_nothing_beside_it(alone: Fleet) -> None:
    before, last, after = replies = [Held(says("before")), Held(says("last")), Held(says("after"))]
    alone.servers["one"].will(*replies)
    suspects = alone.pools["one"].suspects
    ends = [delivered(alone, await alone.submit())]
    await before.asked.wait()
    ends.append(delivered(alone, await survivor(alone, DEATHS)))
    await until(lambda: suspects.isolated)
    waits = await alone.submit()
    ends.append(delivered(alone, waits))
    assert not last.asked.is_set()
    before.may_go.set()
    await last.asked.wait()
    assert not after.asked.is_set()
    assert (await alone.client.job(waits)).state is JobState.QUEUED
    last.may_go.set()
    await after.asked.wait()
    after.may_go.set()
    texts = [end.outcome.unwrap().text for end in await asyncio.gather(*ends) if isinstance(end, Ended)]
    assert texts == ["before", "last", "after"]
    assert not suspects.isolated


async def test_a_job_that_is_cancelled_while_it_waits_to_be_alone_keeps_nobody_waiting(alone: Fleet) -> None:
    before, after = Held(says("before")), Held(says("after"))
    alone.servers["one"].will(before, after)
    pool = alone.pools["one"]
    beside = delivered(alone, await alone.submit())
    await before.asked.wait()
    last = await survivor(alone, DEATHS)
    isolated = delivered(alone, last)
    await until(lambda: pool.suspects.isolated)
    assert await alone.client.cancel(last) is JobState.RUNNING
    await pool.leases.renew()
    assert isinstance(await isolated, Ended)
    assert not pool.suspects.isolated
    passing = delivered(alone, await alone.submit())
    await after.asked.wait()
    for reply in (before, after):
        reply.may_go.set()
    assert [type(await each) for each in (beside, passing)] == [Ended, Ended]
