"""The client, against a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from workfleet.routing.directory import ChainLink, Directory, ProviderFacts, Route
from workfleet.tasks.client import CHUNK, CHUNK_BYTES, AsyncClient
from workfleet.tasks.errors import (
    FleetUnavailable,
    InvalidRequest,
    JobNotFound,
    NoTarget,
    UnknownName,
)
from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.store import Claimed
from workfleet.workers.embedded.config import ServerConfig, free_port

from ..redis_process import running_redis
from .stored import end

LANE = "general.simple"
DIRECTORY = Directory(
    providers={name: ProviderFacts(name=name, type="vllm", default_model="m") for name in ("one", "two")},
    routes={"default": Route(name="default", chain=(ChainLink(provider="one"), ChainLink(provider="two")))},
)


def spec(**fields: Any) -> JobSpec:
    fields.setdefault("complexity", 1)
    return JobSpec.from_prompt("hi", **fields)


# Waiting


# Redis away


async def test_a_fleet_that_is_not_there_is_named_with_what_to_do() -> None:
    with pytest.raises(
        FleetUnavailable, match=r"^Redis at redis://127.0.0.1:1/0 does not answer: .*fleet up starts one"
    ):
        async with AsyncClient("redis://:secret@127.0.0.1:1/0"):
            pass


async def test_a_client_that_waits_comes_in_when_redis_has_come(tmp_path: Path) -> None:
    config = ServerConfig(folder=tmp_path, port=free_port(), durable=False)
    client = AsyncClient(config.url, wait_for_redis_s=30)
    submitting = asyncio.create_task(client.submit(spec()))
    await asyncio.sleep(0)
    with running_redis(config):
        job_id = await submitting
        assert (await client.job(job_id)).state is JobState.QUEUED
        await client.redis.aclose()


async def test_a_refused_command_is_not_waited_out(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with AsyncClient(redis_url, wait_for_redis_s=600) as client:

        async def refuse(*_: object) -> None:
            raise ResponseError("NOPERM this user has no permissions")

        monkeypatch.setattr(client.store, "outcome", refuse)
        job_id = await client.submit(spec())
        with pytest.raises(FleetUnavailable, match="refuses a command: NOPERM"):
            await client.wait(job_id)


async def test_a_lost_reply_does_not_store_a_job_twice(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with AsyncClient(redis_url, wait_for_redis_s=30) as client:
        store, lost = client.store.submit, list[object]()

        async def store_and_lose_the_first_reply(*jobs: Any, **how: Any) -> list[str]:
            ids = await store(*jobs, **how)
            if not lost:
                lost.append(ids)
                raise RedisConnectionError("the reply was lost")
            return ids

        monkeypatch.setattr(client.store, "submit", store_and_lose_the_first_reply)
        batch = await client.submit_batch(spec() for _ in range(3))
        assert (await client.batch_status(batch)).total == 3
        assert await client.redis.llen(LANE) == 3


# Many at once


async def test_many_jobs_stream_in_and_are_never_far_ahead_of_redis(client: AsyncClient) -> None:
    made = 0

    def specs() -> Iterator[JobSpec]:
        nonlocal made
        for _ in range(CHUNK * 8):
            made += 1
            yield spec()

    stored, ahead = 0, list[int]()
    async for ids in client.submit_many(specs()):
        stored += len(ids)
        ahead.append(made - stored)
    assert stored == made == CHUNK * 8
    assert max(ahead) <= 2 * CHUNK


async def test_large_jobs_are_stored_before_they_weigh_much_together(client: AsyncClient) -> None:
    large = JobSpec.from_prompt("x" * (CHUNK_BYTES // 3))
    assert [len(ids) async for ids in client.submit_many(large for _ in range(4))] == [3, 1]


async def test_what_comes_one_by_one_is_submitted_too(client: AsyncClient) -> None:
    async def specs() -> AsyncIterator[JobSpec]:
        for _ in range(3):
            yield spec()

    assert [len(ids) async for ids in client.submit_many(specs())] == [3]


@pytest.mark.parametrize("good", [CHUNK, 2 * CHUNK])
async def test_a_job_that_cannot_be_one_stops_the_submission_and_those_before_its_chunk_stand(
    client: AsyncClient, good: int
) -> None:
    def specs() -> Iterator[JobSpec]:
        yield from (spec() for _ in range(good))
        yield spec(task_type="poetry")

    with pytest.raises(UnknownName, match="unknown task type 'poetry'"):
        await client.submit_batch(specs(), window=10**6)
    assert len(await client.store.waiting(LANE, at_most=4 * CHUNK)) == good


async def test_a_submission_that_is_left_early_leaves_nothing_behind(client: AsyncClient) -> None:
    many = client.submit_many(spec() for _ in range(4 * CHUNK))
    async for _ in many:
        break
    await many.aclose()
    assert len(await client.store.waiting(LANE, at_most=4 * CHUNK)) % CHUNK == 0


async def test_an_unknown_batch_is_refused(client: AsyncClient) -> None:
    for call in (client.batch_status, client.cancel_batch, client.seal_batch):
        with pytest.raises(JobNotFound, match="no batch 'nope'; fleet batch list shows those that are known"):
            await call("nope")
    with pytest.raises(JobNotFound, match="no batch 'nope'"):
        async for _ in client.submit_many([spec()], batch="nope"):
            pass
    with pytest.raises(JobNotFound, match="no batch 'nope'"):
        async for _ in client.outcomes("nope"):
            pass


async def test_a_window_that_lets_nothing_pass_is_refused(client: AsyncClient) -> None:
    with pytest.raises(InvalidRequest, match="window 0 would release no job of the batch; it must be 1 at least"):
        await client.submit_batch([spec()], window=0)


async def test_a_batch_tells_its_own_facts(client: AsyncClient) -> None:
    batch = await client.open_batch(name="nightly", agent="me", metadata={"purpose": "tests"})
    status = await client.batch_status(batch)
    assert (status.name, status.agent, status.metadata) == ("nightly", "me", {"purpose": "tests"})
    assert (status.sealed, status.finished) == (False, False)
    await client.seal_batch(batch)
    assert (await client.batch_status(batch)).finished
    assert [each.id for each in await client.newest_batches()] == [batch]


async def test_a_batch_that_is_opened_again_is_the_same_one(client: AsyncClient) -> None:
    batch = await client.open_batch(name="first")
    assert await client.open_batch(name="second", batch_id=batch) == batch
    assert (await client.batch_status(batch)).name == "first"


async def test_the_ends_of_a_large_batch_are_followed_in_order_while_they_come(client: AsyncClient) -> None:
    batch = await client.submit_batch((spec(custom_id=f"line-{at}") for at in range(1200)), window=5000)
    ids = [raw.decode() for raw in await client.redis.lrange(f"wf:batch:{batch}:jobs", 0, -1)]

    async def pool() -> None:
        for job_id in reversed(ids):
            await end(client, job_id)

    running = asyncio.create_task(pool())
    followed = [(at, outcome.job_id, name) async for at, outcome, name in client.outcomes(batch, follow=True)]
    await running
    assert followed == [(at + 1, job_id, f"line-{1199 - at}") for at, job_id in enumerate(reversed(ids))]


async def test_following_goes_on_where_it_was(client: AsyncClient) -> None:
    batch = await client.submit_batch(spec(custom_id=f"line-{at}") for at in range(5))
    for raw in await client.redis.lrange(f"wf:batch:{batch}:jobs", 0, -1):
        await end(client, raw.decode())
    assert [name async for _, _, name in client.outcomes(batch, after=3)] == ["line-3", "line-4"]


# Where jobs go


async def test_a_client_decides_by_what_the_pools_have_published(client: AsyncClient) -> None:
    await client.fleet.publish_directory(DIRECTORY)
    assert await client.directory() == DIRECTORY
    with pytest.raises(UnknownName, match="unknown provider 'grok'; known: one, two"):
        await client.submit(spec(provider="grok"))


async def test_a_pool_that_comes_after_a_client_has_looked_may_be_named_at_once(client: AsyncClient) -> None:
    assert await client.directory() == Directory()
    await client.fleet.publish_directory(DIRECTORY)
    job = await client.job(await client.submit(spec(provider="two")))
    batch = await client.submit_batch([spec(provider="two")])
    assert (job.queue, (await client.batch_status(batch)).total) == ("provider.two", 1)


async def test_a_client_with_a_configuration_of_its_own_goes_by_that(redis_url: str) -> None:
    async with AsyncClient(redis_url, directory=DIRECTORY) as client:
        assert (await client.job(await client.submit(spec(provider="two")))).queue == "provider.two"


async def test_a_job_that_must_run_needs_a_living_pool_that_takes_jobs(redis_url: str) -> None:
    async with AsyncClient(redis_url, directory=DIRECTORY) as client:
        await client.fleet.report(NodeReport(node="two@here", provider="two", unavailable="its breaker is open"))
        with pytest.raises(NoTarget) as refused:
            await client.submit(spec(), must_run=True)
        assert refused.value.skipped == {
            "one": "no worker runs (fleet worker --provider one)",
            "two": "its breaker is open",
        }
        assert await client.redis.llen(LANE) == 0
        await client.fleet.report(NodeReport(node="one@here", provider="one", slots=1))
        await client.submit(spec(), must_run=True)
        assert await client.redis.llen(LANE) == 1


async def test_without_any_fleet_a_job_that_must_run_says_how_to_start_one(client: AsyncClient) -> None:
    with pytest.raises(NoTarget, match="any provider: no worker runs"):
        await client.submit(spec(), must_run=True)


async def test_a_mapping_is_a_spec_too(client: AsyncClient) -> None:
    raw = {"request": {"messages": [{"role": "user", "content": "hi"}]}, "task_type": "code_review", "complexity": 9}
    assert (await client.job(await client.submit(raw))).queue == "code-review.very-complex"
    assert await client.spec(await client.submit(raw)) == JobSpec.model_validate(raw)
    with pytest.raises(InvalidRequest, match="request: Field required"):
        await client.submit({})


async def test_a_job_is_told_as_it_stands_and_an_unknown_one_is_an_error(client: AsyncClient) -> None:
    job_id = await client.submit(spec(agent="me", custom_id="line-1", priority="batch"))
    job = await client.job(job_id)
    assert (job.agent, job.custom_id, job.lane, job.deadline_at - job.created_at) == ("me", "line-1", LANE, 86_400)
    for call in (client.job, client.spec, client.cancel):
        with pytest.raises(JobNotFound, match="no job 'nope'"):
            await call("nope")


async def test_a_cancel_tells_what_the_job_was(client: AsyncClient) -> None:
    waiting, running, ended = [await client.submit(spec()) for _ in range(3)]
    assert isinstance(await client.store.claim(running, owner="sim@here", lease_s=60), Claimed)
    await end(client, ended)
    states = [await client.cancel(job_id) for job_id in (waiting, running, ended, waiting)]
    assert states == [JobState.CANCELLED, JobState.RUNNING, JobState.SUCCEEDED, JobState.CANCELLED]


async def test_namespaces_keep_fleets_apart(redis_url: str) -> None:
    async with AsyncClient(redis_url, namespace="a") as one, AsyncClient(redis_url, namespace="b") as other:
        job_id = await one.submit(spec())
        with pytest.raises(JobNotFound):
            await other.job(job_id)


async def test_the_jobs_of_a_batch_may_be_plain_data(client: AsyncClient) -> None:
    batch = await client.submit_batch([{"request": {"messages": [{"role": "user", "content": "hi"}]}}])
    assert (await client.batch_status(batch)).total == 1
    with pytest.raises(InvalidRequest, match="request: Field required"):
        await client.submit_batch([{"prompt": "hi"}])
