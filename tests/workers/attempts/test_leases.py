"""Leases of running jobs: renewed together, and lost ones noticed."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.store import Claimed
from workfleet.workers.attempts import leases as module
from workfleet.workers.attempts.leases import LEASE_S, Leases, Running, Stop, Stopped


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(redis_url) as client:
        yield client


async def forever() -> Answer:
    await asyncio.Event().wait()
    return Answer()


async def idle(client: AsyncClient, *, lease_s: float = 1.0) -> Running:
    """A job that is claimed."""
    job_id = await client.submit(JobSpec.from_prompt("hi", complexity=1))
    claimed = await client.store.claim(job_id, owner="one@here", lease_s=lease_s)
    assert isinstance(claimed, Claimed)
    return Running(claimed.job, claimed.spec, ends_at=0.0)


async def running(client: AsyncClient, *, lease_s: float = 1.0) -> Running:
    """A job of which a call is under way."""
    job = await idle(client, lease_s=lease_s)
    job.call = asyncio.create_task(forever())
    return job


async def ended(job: Running) -> bool:
    assert job.call is not None
    await asyncio.gather(job.call, return_exceptions=True)
    return job.call.cancelled()


async def lease_left_s(client: AsyncClient, job: Running) -> float:
    seconds, micro = await client.redis.time()
    until_ms = await client.redis.zscore(client.store.key("leases"), job.job.id)
    return float(until_ms / 1000 - seconds - micro / 1e6)


async def test_all_leases_are_renewed_in_one_call(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    leases, jobs = Leases(client.store), [await running(client) for _ in range(3)]
    calls, renew = list[int](), client.store.renew

    async def counted(held: list[tuple[str, int]], *, lease_s: float) -> object:
        calls.append(len(held))
        return await renew(held, lease_s=lease_s)

    monkeypatch.setattr(client.store, "renew", counted)
    with leases.hold(jobs[0]), leases.hold(jobs[1]), leases.hold(jobs[2]):
        await leases.renew()
        assert calls == [3]
        assert all([await lease_left_s(client, job) > LEASE_S - 1 for job in jobs])
        leases.hand_back()
    assert [await ended(job) for job in jobs] == [True] * 3


async def test_without_jobs_nothing_is_asked(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(client.store.__class__, "renew")
    await Leases(client.store).renew()


async def test_what_runs_is_held_and_counted_until_it_has_ended(client: AsyncClient) -> None:
    leases, job = Leases(client.store), await running(client)
    with leases.hold(job):
        assert leases.held == {(job.job.id, 1): job}
        assert await leases.slot(job)
        assert leases.occupancy.busy == 1
        job.end(Stop.SHUTDOWN)
    assert (leases.held, leases.occupancy.busy) == ({}, 0)
    assert await ended(job)


async def test_a_lost_lease_and_a_cancel_stop_their_jobs_and_no_others(client: AsyncClient) -> None:
    leases, (well, lost, cancelled) = Leases(client.store), [await running(client) for _ in range(3)]
    await client.redis.zadd(client.store.key("leases"), {lost.job.id: 0})
    assert (await client.store.rescue()).rescued == [lost.job.id]
    assert await client.cancel(cancelled.job.id) is JobState.RUNNING
    with leases.hold(well), leases.hold(lost), leases.hold(cancelled):
        await leases.renew()
        assert [job.stop for job in (well, lost, cancelled)] == [None, Stop.LOST, Stop.CANCELLED]
        assert [await ended(lost), await ended(cancelled)] == [True, True]
        assert leases.hand_back() == 3
    assert await ended(well)


async def test_the_first_reason_to_stop_counts(client: AsyncClient) -> None:
    job = await running(client)
    job.end(Stop.CANCELLED)
    job.end(Stop.LOST)
    assert job.stop is Stop.CANCELLED
    assert await ended(job)


async def test_a_call_that_has_ended_is_not_stopped_any_more(client: AsyncClient) -> None:
    leases, job = Leases(client.store), await running(client)
    leases.free(job)
    job.end(Stop.LOST)
    assert job.stop is None
    assert job.call is not None
    job.call.cancel()
    assert await ended(job)


async def test_leases_are_kept_through_an_absence_of_redis(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEW_EVERY_S", 0.001)
    monkeypatch.setattr(module, "RENEW_AGAIN_S", 0.001)
    leases, job, failures = Leases(client.store), await running(client, lease_s=0.5), [True] * 3
    renew, renewed = client.store.renew, asyncio.Event()

    async def away_at_first(held: list[tuple[str, int]], *, lease_s: float) -> object:
        if failures:
            failures.pop()
            raise RedisConnectionError("away")
        renewed.set()
        return await renew(held, lease_s=lease_s)

    monkeypatch.setattr(client.store, "renew", away_at_first)
    with leases.hold(job):
        keeping = asyncio.create_task(leases.keep())
        async with asyncio.timeout(10):
            await renewed.wait()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        assert job.stop is None
        job.end(Stop.SHUTDOWN)
    assert await ended(job)


async def test_listeners_hear_cancels_and_new_queues_and_come_back_when_the_connection_breaks(
    client: AsyncClient,
) -> None:
    leases, job, woken = Leases(client.store), await running(client), asyncio.Event()
    listening = asyncio.create_task(leases.listen(woken.set))
    await heard(client)
    await client.redis.client_kill_filter(_type="pubsub")
    await heard(client)
    with leases.hold(job):
        await client.cancel(job.job.id)
        async with asyncio.timeout(10):
            assert await ended(job)
    assert job.stop is Stop.CANCELLED
    await client.submit(JobSpec.from_prompt("hi", complexity=9))
    async with asyncio.timeout(10):
        await woken.wait()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def heard(client: AsyncClient) -> None:
    """Return once somebody listens."""
    async with asyncio.timeout(10):
        while not (await client.redis.pubsub_numsub("wf:cancel"))[0][1]:
            await asyncio.sleep(0)


async def stopped(job: Running) -> str:
    """How a task goes on whose call is stopped."""
    try:
        with job.stoppable():
            await asyncio.Event().wait()
    except Stopped:
        await asyncio.sleep(0)  # where a cancellation that is still to come would strike
        return "stopped"
    return "went on"


async def test_a_stopped_call_leaves_its_task_able_to_wait_for_other_things(client: AsyncClient) -> None:
    job = await idle(client)
    task = asyncio.create_task(stopped(job))
    await asyncio.sleep(0)
    job.end(Stop.CANCELLED)
    assert await task == "stopped"
    assert (task.cancelling(), job.call) == (0, None)


async def test_a_job_that_was_stopped_before_its_call_makes_none(client: AsyncClient) -> None:
    job = await idle(client)
    job.end(Stop.LOST)
    assert await stopped(job) == "stopped"


async def test_who_cancels_the_task_itself_stops_no_call_but_the_task(client: AsyncClient) -> None:
    job = await idle(client)
    task = asyncio.create_task(stopped(job))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
