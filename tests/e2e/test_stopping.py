"""Workers end, in order or not, and what they ran goes on elsewhere: nothing lost, nothing asked for twice in vain."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from workfleet.tasks.job import JobSpec, JobState
from workfleet.workers.simulator import Settings

from .fleet import Fleet, fleet_of, requested, served, until

ENDLESS_S = 300.0
SHARED = {"strategy": "round_robin"}


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    """Two providers that share every lane; each answers in 50 ms."""
    providers = {"one": {"slots": 4}, "two": {"slots": 4}}
    simulated = Settings(latency_s=0.05, answer_tokens=8)
    async with fleet_of(tmp_path, providers, simulated=simulated, **SHARED) as fleet:
        yield fleet


async def batch_of(fleet: Fleet, count: int) -> str:
    specs = [JobSpec.from_prompt(f"say {number}", custom_id=f"line-{number}") for number in range(count)]
    return await fleet.client.submit_batch(specs)


async def followed(fleet: Fleet, batch: str) -> list[tuple[str, JobState]]:
    """Each line's custom id and end, in order of custom ids, when all have ended."""
    async with asyncio.timeout(40):
        found = [
            (custom_id, outcome.state) async for _, outcome, custom_id in fleet.client.outcomes(batch, follow=True)
        ]
    return sorted(found)


async def done(fleet: Fleet, batch: str, count: int) -> bool:
    return (await fleet.client.batch_status(batch)).done >= count


async def ids_of(fleet: Fleet, batch: str) -> list[str]:
    store = fleet.client.store
    return [raw.decode() for raw in await store.redis.lrange(store.key("batch", batch, "jobs"), 0, -1)]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=["SIGTERM", "SIGINT", "SIGKILL"])
async def test_two_pools_share_a_lane_and_when_one_ends_the_other_finishes(fleet: Fleet, how: signal.Signals) -> None:
    leaving, _ = await asyncio.gather(fleet.worker("one"), fleet.worker("two"))
    await fleet.outcomes([*await fleet.submit(1, provider="one"), *await fleet.submit(1, provider="two")])
    batch = await batch_of(fleet, 300)
    await until(lambda: done(fleet, batch, 60))
    code = await leaving.stop(how)
    assert code == (0 if how is not signal.SIGKILL else -signal.SIGKILL)
    expected = sorted((f"line-{number}", JobState.SUCCEEDED) for number in range(300))
    assert await followed(fleet, batch) == expected
    ids = await ids_of(fleet, batch)
    for name in ("one", "two"):
        assert fleet.providers[name].stats.complete >= 3, f"{name} got hardly any work"
    ledger = [[entry.outcome for entry in await fleet.client.attempts(job_id)] for job_id in ids]
    assert [outcomes[-1] for outcomes in ledger] == ["succeeded"] * 300
    # A killed worker takes what it was being told into its grave, and each such call is counted; an orderly one loses
    # nothing.
    lost = sum(len(outcomes) - 1 for outcomes in ledger)
    assert lost == (0 if how is not signal.SIGKILL else pytest.approx(4, abs=4))
    assert sum(requested(fleet.providers, ids).values()) <= 300 + lost
    assert sum(served(fleet.providers, ids).values()) <= 300 + lost
    assert await fleet.ownerless() == []


async def test_running_jobs_are_finished_within_the_grace_and_no_others_are_begun(fleet: Fleet) -> None:
    one = fleet.providers["one"]
    one.configure(latency_s=1.0)
    worker = await fleet.worker("one", "--slots", "3", "--grace", "20")
    running = await fleet.submit(3)
    await until(lambda: one.stats.in_flight == 3)
    waiting = await fleet.submit(3)
    assert await worker.stop() == 0
    assert [outcome.state for outcome in await fleet.outcomes(running)] == [JobState.SUCCEEDED] * 3
    assert [await fleet.state(job_id) for job_id in waiting] == [JobState.QUEUED] * 3
    assert requested(fleet.providers, [*running, *waiting]) == {
        **dict.fromkeys(running, 1),
        **dict.fromkeys(waiting, 0),
    }
    assert await fleet.nodes() == {}
    assert worker.tracebacks() == ""


@pytest.mark.parametrize(
    ("grace", "signals"),
    [("0", [signal.SIGTERM]), ("60", [signal.SIGTERM, signal.SIGTERM]), ("60", [signal.SIGINT, signal.SIGINT])],
    ids=["no grace", "a second SIGTERM", "a second Ctrl-C"],
)
async def test_what_still_runs_is_handed_back_without_using_up_an_attempt(
    fleet: Fleet, grace: str, signals: list[signal.Signals]
) -> None:
    one = fleet.providers["one"]
    one.configure(latency_s=ENDLESS_S)
    worker = await fleet.worker("one", "--slots", "3", "--grace", grace)
    ids = await fleet.submit(3)
    await until(lambda: one.stats.in_flight == 3)
    began = time.monotonic()
    worker.tell(signals[0])
    for number in signals[1:]:
        await until(lambda: worker.said("pool.draining"))
        assert await fleet.running(ids) == 3
        worker.tell(number)
    assert await worker.ended() == 0
    assert time.monotonic() - began < 5
    jobs = [await fleet.client.job(job_id) for job_id in ids]
    assert [(job.state, job.attempts, job.owner) for job in jobs] == [(JobState.QUEUED, 0, "")] * 3
    assert await fleet.ownerless() == []
    assert one.stats.aborted == 3
    one.configure(latency_s=0.05)
    await fleet.worker("one")
    assert [outcome.state for outcome in await fleet.outcomes(ids)] == [JobState.SUCCEEDED] * 3
    assert worker.tracebacks() == ""


async def test_the_grace_ends_and_what_still_runs_is_handed_back(fleet: Fleet) -> None:
    one = fleet.providers["one"]
    one.configure(latency_s=ENDLESS_S)
    worker = await fleet.worker("one", "--grace", "0.5")
    (job_id,) = await fleet.submit(1)
    await until(lambda: one.stats.in_flight == 1)
    began = time.monotonic()
    assert await worker.stop() == 0
    assert 0.5 <= time.monotonic() - began < 5
    assert await fleet.state(job_id) is JobState.QUEUED


async def test_a_killed_workers_jobs_are_run_by_another_within_seconds(fleet: Fleet) -> None:
    one, two = fleet.providers["one"], fleet.providers["two"]
    one.configure(latency_s=ENDLESS_S)
    dying = await fleet.worker("one")
    ids = await fleet.submit(4)
    await until(lambda: one.stats.in_flight == 4)
    await fleet.worker("two")
    began = time.monotonic()
    await dying.stop(signal.SIGKILL)
    outcomes = await fleet.outcomes(ids)
    assert time.monotonic() - began < 12
    assert [(outcome.state, outcome.answer and outcome.answer.provider) for outcome in outcomes] == [
        (JobState.SUCCEEDED, "two")
    ] * 4
    jobs = [await fleet.client.job(job_id) for job_id in ids]
    assert [(job.attempts, job.deaths) for job in jobs] == [(1, 1)] * 4
    assert two.stats.complete == 4


async def test_a_worker_that_was_frozen_past_its_leases_does_not_commit(fleet: Fleet) -> None:
    one = fleet.providers["one"]
    one.configure(latency_s=1.0)
    frozen = await fleet.worker("one")
    ids = await fleet.submit(4)
    await until(lambda: one.stats.in_flight == 4)
    frozen.tell(signal.SIGSTOP)
    await fleet.worker("two")
    outcomes = await fleet.outcomes(ids)
    frozen.tell(signal.SIGCONT)
    await until(lambda: len(frozen.said("job.lease_lost")) == 4)
    assert [outcome.answer and outcome.answer.provider for outcome in outcomes] == ["two"] * 4
    assert await fleet.outcomes(ids) == outcomes
    assert await frozen.stop() == 0


async def test_a_worker_ends_with_code_0_while_redis_is_away(fleet: Fleet) -> None:
    one = fleet.providers["one"]
    one.configure(latency_s=ENDLESS_S)
    worker = await fleet.worker("one", "--grace", "0.5")
    await fleet.submit(2)
    await until(lambda: one.stats.in_flight == 2)
    fleet.redis.kill()
    began = time.monotonic()
    assert await worker.stop() == 0
    assert time.monotonic() - began < 15


async def test_an_idle_worker_ends_at_once(fleet: Fleet) -> None:
    worker = await fleet.worker("one")
    began = time.monotonic()
    assert await worker.stop() == 0
    assert time.monotonic() - began < 3
    assert await fleet.nodes() == {}


#: Python imports it at the start of a process that has it on its path: SIGUSR1 makes Celery's own loop hang.
WEDGE = """
import signal, time
from workfleet.workers.pool import pool, stall
stall.LOOKS, pool._END_S = 2, 1.0
signal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600))
"""


async def test_a_worker_whose_consumer_hangs_ends_by_itself_and_loses_nothing(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "wedge").mkdir()
    (tmp_path / "wedge" / "sitecustomize.py").write_text(WEDGE)
    hanging = await fleet.worker("one", "--grace", "1", PYTHONPATH=str(tmp_path / "wedge"))
    hanging.tell(signal.SIGUSR1)
    ids = await fleet.submit(8, provider="one")
    assert await hanging.ended() == os.EX_SOFTWARE
    assert [line["waiting"] > 0 for line in hanging.said("consumer.stalled")] == [True]
    await fleet.worker("one")
    assert [outcome.state for outcome in await fleet.outcomes(ids)] == [JobState.SUCCEEDED] * 8
    assert requested(fleet.providers, ids) == dict.fromkeys(ids, 1)
