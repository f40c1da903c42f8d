"""Redis goes away and comes back while jobs run: workers go on by themselves, and nothing is lost or done twice."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import aiohttp.web
import pytest
import pytest_asyncio
from celery import Celery

from workfleet.tasks.job import JobSpec, JobState
from workfleet.workers.simulator import Settings

from .fleet import Fleet, Worker, fleet_of, requested, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOBS = 200
WELL = Settings(latency_s=0.05, answer_tokens=8)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """Two pools that share every lane. They have to outlast all the tests of this module."""
    providers = {"one": {"slots": 4}, "two": {"slots": 4}}
    folder = tmp_path_factory.mktemp("fleet")
    async with fleet_of(folder, providers, simulated=WELL, strategy="round_robin") as fleet:
        await asyncio.gather(fleet.worker("one"), fleet.worker("two"))
        yield fleet


async def batch_of(fleet: Fleet, count: int) -> str:
    specs = [JobSpec.from_prompt(f"say {number}", custom_id=f"line-{number}") for number in range(count)]
    return await fleet.client.submit_batch(specs)


async def done(fleet: Fleet, batch: str, count: int) -> bool:
    return (await fleet.client.batch_status(batch)).done >= count


def waits(fleet: Fleet) -> list[int]:
    """How often each worker has said that Redis is away."""
    return [len(worker.said("gate.waits")) for worker in fleet.workers]


async def assert_each_line_once(fleet: Fleet, batch: str) -> None:
    """Each ended well, was asked for once, and stands once in the ledger."""
    async with asyncio.timeout(40):
        ended = [each async for each in fleet.client.outcomes(batch, follow=True)]
    expected = sorted((f"line-{number}", JobState.SUCCEEDED) for number in range(JOBS))
    assert sorted((custom_id, outcome.state) for _, outcome, custom_id in ended) == expected
    ids = [outcome.job_id for _, outcome, _ in ended]
    assert requested(fleet.providers, ids) == dict.fromkeys(ids, 1)
    ledger = [[entry.outcome for entry in await fleet.client.attempts(job_id)] for job_id in ids]
    assert ledger == [["succeeded"]] * JOBS
    assert await fleet.ownerless() == []


async def assert_both_work_on(fleet: Fleet) -> None:
    """The very processes that were there before still take jobs."""
    assert [worker.runs for worker in fleet.workers] == [True, True]
    for name in ("one", "two"):
        before = fleet.providers[name].stats.complete
        await fleet.outcomes(await fleet.submit(2, provider=name))
        assert fleet.providers[name].stats.complete == before + 2
    assert [worker.tracebacks() for worker in fleet.workers] == ["", ""]


@pytest.mark.parametrize("kind", ["normal", "pubsub"])
async def test_cut_connections_cost_no_job(fleet: Fleet, kind: str) -> None:
    batch = await batch_of(fleet, JOBS)
    for share in (20, 60, 100):
        await until(lambda share=share: done(fleet, batch, share))
        assert fleet.redis.cut(kind) > 0
    await assert_each_line_once(fleet, batch)
    await assert_both_work_on(fleet)


@pytest.mark.parametrize("noticed", [False, True], ids=["back at once", "away until all have noticed"])
async def test_a_redis_that_is_killed_and_restarted_costs_no_job(fleet: Fleet, noticed: bool) -> None:
    batch = await batch_of(fleet, JOBS)
    for share in (20, 100):
        await until(lambda share=share: done(fleet, batch, share))
        before = waits(fleet)
        fleet.redis.kill()
        if noticed:
            await until(lambda before=before: all(now > then for now, then in zip(waits(fleet), before, strict=True)))
        await asyncio.to_thread(fleet.redis.start)
    await assert_each_line_once(fleet, batch)
    await assert_both_work_on(fleet)


async def test_answers_that_come_while_redis_is_away_are_committed_when_it_is_back(fleet: Fleet) -> None:
    for each in fleet.providers.values():
        each.reset()
        each.configure(latency_s=0.7)
    ids = await fleet.submit(8)
    await until(lambda: sum(each.stats.in_flight for each in fleet.providers.values()) == 8)
    told = [len(worker.said("redis.lost")) for worker in fleet.workers]
    fleet.redis.kill()
    await until(lambda: sum(each.stats.complete for each in fleet.providers.values()) == 8)
    await until(lambda: all(len(w.said("redis.lost")) > n for w, n in zip(fleet.workers, told, strict=True)))
    await asyncio.to_thread(fleet.redis.start)
    for each in fleet.providers.values():
        each.configure(latency_s=WELL.latency_s)
    assert [outcome.state for outcome in await fleet.outcomes(ids)] == [JobState.SUCCEEDED] * 8
    assert requested(fleet.providers, ids) == dict.fromkeys(ids, 1)


async def test_what_celery_hands_in_while_connections_are_cut_is_all_taken_in(fleet: Fleet) -> None:
    ids = [f"handed-in-{number}" for number in range(200)]

    def hand_in(some: list[str]) -> None:
        with Celery("theirs", broker=fleet.redis.url, set_as_current=False) as app:
            for job_id in some:
                spec = {"request": {"messages": [{"role": "user", "content": job_id}]}}
                app.send_task("workfleet.submit", kwargs=spec, task_id=job_id, queue="workfleet.submit")

    for at in range(0, len(ids), 50):
        await asyncio.to_thread(hand_in, ids[at : at + 50])
        fleet.redis.cut()
    await until(lambda: all_known(fleet, ids))
    assert [outcome.state for outcome in await fleet.outcomes(ids)] == [JobState.SUCCEEDED] * len(ids)
    assert requested(fleet.providers, ids) == dict.fromkeys(ids, 1)


async def all_known(fleet: Fleet, ids: list[str]) -> bool:
    return None not in await fleet.client.store.jobs(ids)


async def assert_works_and_stops(fleet: Fleet, worker: Worker) -> None:
    async def reports() -> bool:
        return worker.node in await fleet.nodes()

    await until(reports)
    assert await worker.stop() == 0
    assert worker.tracebacks() == ""


async def test_a_worker_that_starts_before_redis_waits_for_it(fleet: Fleet) -> None:
    fleet.redis.kill()
    third = await fleet.launch("one")
    await until(lambda: third.said("redis.awaited"))
    await asyncio.to_thread(fleet.redis.start)
    await assert_works_and_stops(fleet, third)


@asynccontextmanager
async def slow_to_list(asked: asyncio.Event, may_answer: asyncio.Event) -> AsyncGenerator[str]:
    """The address of a server that keeps those waiting who ask for its models."""

    async def models(_: aiohttp.web.Request) -> aiohttp.web.Response:
        asked.set()
        await may_answer.wait()
        return aiohttp.web.json_response({"data": [{"id": "sim-chat"}]})

    app = aiohttp.web.Application()
    app.router.add_get("/v1/models", models)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    try:
        await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_worker_that_starts_waits_for_a_redis_that_goes_away_meanwhile(fleet: Fleet) -> None:
    asked, may_answer = asyncio.Event(), asyncio.Event()
    async with slow_to_list(asked, may_answer) as url:
        third = await fleet.launch("one", "--endpoint", url)
        await asked.wait()
        fleet.redis.kill()
        may_answer.set()
        await until(lambda: third.said("redis.lost"))
        await asyncio.to_thread(fleet.redis.start)
        await assert_works_and_stops(fleet, third)
